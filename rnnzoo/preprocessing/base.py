"""What every preprocessing does: raw rows to model inputs, and itself to JSON and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo.errors import ArgumentError, EmptyRowError, OwnCodeError
from rnnzoo.preprocessing.given_rows import check_rows
from rnnzoo.preprocessing.placed_words import PlacedWord

#: Raw rows, or targets: one element each.
Rows = Sequence[Any] | np.ndarray

_SHOWN = 40


#: What a raw row is: a text; a list of words, or a text that is split at blanks; a sequence of bases; a series of
#: numbers ``(time, features)``; one with times of its own and missing values; named columns of a table; a waveform
#: ``(samples,)``; images ``(time, height, width, channels)``; one category; some numbers without steps; an object with
#: an entry for each part; or anything else.
Takes = Literal[
    "text",
    "words",
    "dna",
    "series",
    "irregular",
    "windows",
    "sound",
    "frames",
    "category",
    "numbers",
    "joined",
    "other",
]


class Preprocessing(ABC):
    """Turns raw rows into model inputs, the same way in training, export and serving.

    Fitted on training rows only. NumPy and the standard library are all it needs, for it runs in servers too.

    To add your own, make a subclass, register it under its ``kind``, and pass an instance wherever one of rnnzoo's is
    taken: ``Splits.from_arrays(rows, targets, preprocessing=Own())``. A run and a bundle then name the class and its
    package; whoever loads them imports that package first, for no file ever says what code to import.

    Attributes:
        kind: The name under which it is registered and stored.
        takes: What its raw rows are: ``"text"``; ``"words"`` (a list, or a text that is split at blanks); ``"dna"``;
            ``"series"`` of numbers; ``"irregular"`` series with times; ``"windows"`` of a table; ``"sound"``;
            ``"frames"`` of a video; one ``"category"``; ``"numbers"`` without steps; ``"joined"`` parts by name; or
            ``"other"``. It decides what the command reads from a file, which baselines are fitted and which
            augmentations can be applied; nothing is known of ``"other"``.
        writes: How ids become a text again, for language models: ``"words"`` with blanks between, or ``"characters"``;
            ``None`` where they do not.
        max_length: Steps per row, at most, longer ones being cut; ``None`` for no limit.
        raw_graph: The class that writes it into an ONNX file, as ``"my_package.graphs:OwnGraph"``, a subclass of
            ``rnnzoo_export.raw.raw_graph.RawGraph``; it is imported when a file of raw inputs is exported. ``None``
            where there is none, or for a class of rnnzoo.

    Example:
        >>> from rnnzoo.preprocessing import PREPROCESSINGS
        >>> from rnnzoo.preprocessing.base import pad, refuse_empty
        >>> class Letters(Preprocessing):
        ...     kind = "letters-of-code"
        ...     takes = "text"
        ...
        ...     def encode(self, raw):
        ...         rows = [np.array([ord(letter) % 97 + 1 for letter in row]) for row in raw]
        ...         refuse_empty(raw, rows, kind="text", expected="at least one letter")
        ...         return rows
        ...
        ...     def batch(self, encoded):
        ...         return {"tokens": pad(encoded, dtype="int32")}
        ...
        ...     @property
        ...     def model_arguments(self):
        ...         return {"vocabulary_size": 98}
        ...
        ...     def to_config(self):
        ...         return {}
        ...
        ...     @classmethod
        ...     def from_config(cls, config):
        ...         return cls()
        >>> PREPROCESSINGS.add("letters-of-code", Letters)
        >>> Letters().apply(["abc", "z"])["tokens"].tolist()
        [[1, 2, 3], [26, 0, 0]]
    """

    kind: ClassVar[str]
    takes: ClassVar[Takes] = "other"
    writes: ClassVar[Literal["words", "characters"] | None] = None
    raw_graph: ClassVar[str | None] = None
    max_length: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "batch" in vars(cls) and "input_names" not in vars(cls):
            # Whoever names the inputs otherwise than the class above has names of its own.
            cls.input_names = Preprocessing.input_names  # type: ignore[method-assign]

    @abstractmethod
    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns raw rows into arrays ``(time, ...)``, exactly one for each row, each of one step at least.

        A row is never left out: its target and its answer are found by its place.

        Raises:
            DataError: If a row cannot be read or holds nothing; the message names it. It is a ``RowError``, which
                carries the number of the row, or an ``EmptyRowError``.
        """

    @abstractmethod
    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads encoded rows on the right and names them as the model does."""

    def encode_rows(self, raw: Rows) -> list[np.ndarray]:
        """Returns what ``encode`` makes of raw rows, checked: one array for each, so that targets and answers fit.

        Raises:
            OwnCodeError: If ``encode`` returned something else.
            ArgumentError: If these are no rows but a text, a mapping or a table.
            DataError: If a row cannot be read; see ``encode``.
        """
        check_rows(raw, self.takes)
        encoded = self.encode(raw)
        if not isinstance(encoded, list | tuple | np.ndarray):
            received = f"returned {type(encoded).__name__}"
        elif len(encoded) != len(raw):
            received = f"returned {len(encoded)} rows for {len(raw)}"
        else:
            return list(encoded)
        raise OwnCodeError(
            f"preprocessing: {type(self).__name__}.encode {received}; expected one array for each row. Raise "
            "rnnzoo.errors.RowError for a row that cannot be read, and drop such rows before."
        )

    def level_of_rows(self, encoded: Sequence[Any]) -> tuple[np.ndarray, np.ndarray] | None:
        """Returns what the values of encoded rows were centred and divided by, each ``(rows, values)``.

        ``None`` where all rows are scaled alike, as the decoding has it.
        """
        return None

    def apply(self, raw: Rows) -> dict[str, np.ndarray]:
        """Turns raw rows into one batch of model inputs."""
        check_rows(raw, self.takes, call="apply")
        return self.batch(self.encode_rows(raw))

    @abstractmethod
    def to_config(self) -> dict[str, Any]:
        """Returns everything needed to make it again, as JSON has it."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Makes it again from ``to_config``."""

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate, such as ``{"vocabulary_size": 5000}``.

        Raises:
            ArgumentError: If the class does not say; then a builder is called with arguments of your own.
        """
        raise ArgumentError(
            f"preprocessing: received {type(self).__name__}, which does not say what a model takes; expected one with "
            "model_arguments. Define that property, or pass the arguments yourself, such as create_model(name, "
            "num_features=8, num_classes=2)."
        )

    @property
    def input_names(self) -> tuple[str, ...] | None:
        """The names of the arrays that ``batch`` makes; ``None`` where the class does not say.

        What is said is checked before anything is exported: a model that does not take these inputs is refused.
        """
        return None

    @property
    def vocabulary_size(self) -> int | None:
        """The number of ids, where a step is an id; ``None`` where it is not."""
        return None

    @property
    def words_by_id(self) -> list[str] | None:
        """What each id stands for, padding and unknown first; ``None`` where ids have no list."""
        return None

    @property
    def known_words(self) -> list[str] | None:
        """Words that raw rows can be made of, each with an id of its own; ``None`` where ids are not words."""
        return None

    @property
    def has_unknown_id(self) -> bool:
        """Whether a word that is not known becomes the id of unknown words, rather than ids of its pieces."""
        return True

    def placed_words(self, row: Any) -> list[PlacedWord] | None:
        """Returns the words that the steps of a raw row are, in order and with their places.

        Answers of taggers then carry them. Words that are too many for ``max_length`` may be among them.

        Args:
            row: A raw row that ``encode`` has read.

        Returns:
            The words; ``None`` where steps are no words of the row.
        """
        return None

    def stepped(self, row: Any) -> Any:
        """Returns what of a raw row the steps are of, which the model may answer one by one: the row itself."""
        return row

    @property
    def scaling(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Mean and deviation ``(features,)`` by which features are scaled; ``None`` where they are not."""
        return None

    @property
    def num_numeric(self) -> int | None:
        """How many features, the first of each step, are numbers; indicators follow. ``None`` for all."""
        return None

    @property
    def request(self) -> dict[str, Any] | None:
        """What a raw row holds, as JSON has it, where a signature must tell.

        See ``WindowPreprocessing`` and ``JoinedPreprocessing``.
        """
        return None

    @property
    def parts(self) -> tuple[Preprocessing, ...]:
        """The preprocessings that it is made of and stored with."""
        return ()


def refuse_empty(raw: Rows, encoded: Sequence[np.ndarray], *, kind: str, expected: str) -> None:
    """Raises ``EmptyRowError`` for the first row of which nothing is left: it has no answer, only that of padding.

    Args:
        raw: The rows as they came.
        encoded: What was made of each.
        kind: What a row is called, for messages.
        expected: What it must hold.

    Example:
        >>> refuse_empty(["a", ""], [np.array([2]), np.array([])], kind="text", expected="at least one word")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.EmptyRowError: row 1: received an empty text; expected at least one word. Drop the row.
    """
    for number, (row, steps) in enumerate(zip(raw, encoded, strict=True)):
        if len(steps) == 0:
            blank = not isinstance(row, str) or not row.strip()
            received = f"an empty {kind}" if blank else f"the {kind} {_shortened(row)!r}"
            raise EmptyRowError(number, f"received {received}; expected {expected}. Drop the row.")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def pad(rows: Sequence[np.ndarray], *, dtype: Any) -> np.ndarray:
    """Pads rows on the right with zeros to the longest one, and to one step at least.

    Example:
        >>> pad([np.array([1, 2]), np.array([3])], dtype="int32").tolist()
        [[1, 2], [3, 0]]
    """
    width = max(1, max((len(row) for row in rows), default=1))
    shape = (len(rows), width, *rows[0].shape[1:]) if rows else (0, width)
    result = np.zeros(shape, dtype)
    for target, row in zip(result, rows, strict=True):
        target[: len(row)] = row
    return result
