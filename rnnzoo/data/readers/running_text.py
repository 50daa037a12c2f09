"""One long text to learn from in order: parallel sequences, cut into windows whose states are carried on."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.split import Batch, Batches
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Fractions
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError
from rnnzoo.files import read_text
from rnnzoo.preprocessing import CharacterTextPreprocessing, Preprocessing, TokenPreprocessing

#: Sequences that a text is cut into to be scored.
EVALUATED_SEQUENCES = 8
UNITS = ("word", "character")
END_OF_LINE = "<eos>"
#: Characters of the name of a file, at most.
_LONGEST_NAME = 255
_FRACTIONS = {"validation_fraction": 0.05, "test_fraction": 0.05}
_OWN_BATCHES = "running text, whose batches are windows of parallel sequences"


class RunningTextSplit(Batches):
    """A sequence of tokens; each is predicted from all before it.

    A batch of ``rows`` windows holds the next ``window`` steps of ``rows`` sequences, which together are the whole
    sequence: row ``i`` of each batch goes on where row ``i`` of the batch before it ended. Training and evaluation
    carry the states of recurrent layers from batch to batch.

    Args:
        ids: The tokens.
        window: Steps through which gradients go back.
        words: The tokens by id, to show windows as texts.
        separator: What stands between them.

    Reference:
        Williams & Peng 1990 (truncated back-propagation through time); Zaremba 2014, arXiv:1409.2329
        (parallel sequences).
    """

    free_targets = True

    def __init__(self, ids: np.ndarray, *, window: int, words: Sequence[str], separator: str) -> None:
        self.ids, self.window = np.asarray(ids, np.int32), checks.integer("window", window, minimum=1)
        if len(self.ids) < 2:
            raise DataError(f"text: received {len(self.ids)} tokens; expected two at least. Give more text.")
        self.raw = _Windows(self.ids, self.window, words, separator)

    def __len__(self) -> int:
        return -(-(len(self.ids) - 1) // self.window)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each window."""
        whole = np.full(len(self), self.window)
        whole[-1] = (len(self.ids) - 1) - self.window * (len(self) - 1)
        return whole

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some windows of a single sequence, each as if nothing were before it."""
        starts = np.asarray(rows, int)[:, None] * self.window
        width = int(self.lengths[np.asarray(rows, int)].min())
        steps = starts + np.arange(width)
        return {"tokens": self.ids[steps]}, self.ids[steps + 1], None

    def sequences(self, batch_size: int) -> int:
        """Returns how many sequences a batch has: ``batch_size``, or fewer where the text is short."""
        return max(1, min(batch_size, (len(self.ids) - 1) // self.window))

    def count(self, order: BatchOrder) -> int:
        """Returns the windows of each sequence."""
        order.refuse_tokens(_OWN_BATCHES)
        return -(-((len(self.ids) - 1) // self.sequences(order.size)) // self.window)

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Yields the windows in order, whatever else is asked; what does not fill all sequences is left out."""
        order.refuse_tokens(_OWN_BATCHES)
        rows = self.sequences(order.size)
        steps = (len(self.ids) - 1) // rows
        inputs = self.ids[: rows * steps].reshape(rows, steps)
        targets = self.ids[1 : rows * steps + 1].reshape(rows, steps)
        for start in range(0, steps, self.window):
            part = slice(start, start + self.window)
            yield {"tokens": inputs[:, part]}, targets[:, part], None


class _Windows(Sequence[str]):
    """The windows as texts."""

    def __init__(self, ids: np.ndarray, window: int, words: Sequence[str], separator: str) -> None:
        self._ids, self._window, self._words, self._separator = ids, window, words, separator

    def __len__(self) -> int:
        return -(-(len(self._ids) - 1) // self._window)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(f"window {row}: received one beyond {len(self)}")
        start = row % len(self) * self._window
        ids = self._ids[start : start + self._window]
        return self._separator.join(self._words[number] for number in ids)


class RunningTextOptions(TypedDict, total=False):
    """What ``running_text_splits`` takes as keywords: the fields of ``Fractions``."""

    validation_fraction: float
    test_fraction: float


def running_text_splits(
    train: str | Path,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    *,
    unit: str = "word",
    window: int = 35,
    max_tokens: int = 10_000,
    description: Mapping[str, Any] | None = None,
    **options: Unpack[RunningTextOptions],
) -> Splits:
    """Makes splits of running text for a language model.

    Args:
        train: The text; a ``Path`` names a file of it, UTF-8, compressed if it ends in ``.gz``.
        validation: Likewise; ``None`` to take it from the end of ``train``, before the test part.
        test: Likewise; ``None`` to take it from the end of ``train`` where ``validation`` is not given either. Given
            alone, validation is still taken from the end of ``train``.
        unit: ``"word"``: what stands between blanks, in lower case, and ``<eos>`` for each end of line; or
            ``"character"``.
        window: Steps through which gradients go back.
        max_tokens: Size of the vocabulary at most, for words.
        description: Facts to keep.
        **options: ``validation_fraction`` (0.05) and ``test_fraction`` (0.05), shares of the text to split off.

    Returns:
        The splits; the vocabulary is that of the training part.

    Raises:
        ArgumentError: If an argument is out of range, or a keyword is unknown; the nearest is suggested.
        PathNotFoundError: If a file is not there.
        DataError: If a file is no UTF-8 text, or too short.

    Example:
        >>> splits = running_text_splits("to be or not to be " * 50, window=5)
        >>> splits.model_arguments
        {'vocabulary_size': 6}
    """
    checks.choice("unit", unit, UNITS)
    flat = FlatOptions("running_text_splits", {**_FRACTIONS, **options})
    fractions = flat.take(Fractions, None, "fractions")
    flat.refuse_rest("unit", "window", "max_tokens", "description")
    texts = _parts(train, validation, test, fractions, unit)
    preprocessing: Preprocessing
    rows = {part: [_with_ends(text) if unit == "word" else text] for part, text in texts.items()}
    if unit == "word":
        preprocessing = TokenPreprocessing.fit(rows["train"], max_tokens=max_tokens)
    else:
        preprocessing = CharacterTextPreprocessing.fit(rows["train"])
    words = preprocessing.words_by_id or []
    parts = {
        part: RunningTextSplit(
            _ids(preprocessing, row), window=window, words=words, separator=" " if unit == "word" else ""
        )
        for part, row in rows.items()
    }
    checksum = hashlib.sha256(b"".join(split.ids.tobytes() for split in parts.values())).hexdigest()
    facts = {"checksum": checksum, "unit": unit, "window": window, **(description or {})}
    facts["tokens"] = {part: len(split.ids) for part, split in parts.items()}
    return Splits(
        train=parts["train"],
        validation=parts["validation"],
        test=parts.get("test"),
        preprocessing=preprocessing,
        decoding=Decoding("language_modeling", labels=words),
        task="language_modeling",
        description=facts,
    )


class TextStreamOptions(RunningTextOptions, total=False):
    """What ``text_stream_splits`` takes as keywords."""

    unit: str
    window: int
    max_tokens: int
    description: Mapping[str, Any] | None


def text_stream_splits(
    train: str | Path,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    **options: Unpack[TextStreamOptions],
) -> Splits:
    """Makes splits of running text: the older name of ``running_text_splits``, with the same arguments.

    Args:
        train: The text, or the path of a file.
        validation: Likewise; ``None`` to split it off.
        test: Likewise; ``None`` to split it off.
        **options: As for ``running_text_splits``.
    """
    return running_text_splits(train, validation, test, **options)


def _parts(
    train: str | Path, validation: str | Path | None, test: str | Path | None, fractions: Fractions, unit: str
) -> dict[str, str]:
    """Returns the text of each part."""
    whole = _read(train, "train")
    if validation is not None:
        given = {} if test is None else {"test": _read(test, "test")}
        return {"train": whole, "validation": _read(validation, "validation"), **given}
    if test is not None:
        fractions = dataclasses.replace(fractions, test_fraction=0.0)
        return {**_cut(whole, fractions, unit), "test": _read(test, "test")}
    return _cut(whole, fractions, unit)


def _read(source: str | Path, name: str) -> str:
    if isinstance(source, str):
        _refuse_file_name(source, name)
        return source
    if not isinstance(source, os.PathLike):
        raise ArgumentError(
            f"{name}: received {type(source).__name__}; expected a text, or the path of a file: {name}=Path('a.txt'). "
            "Join the texts of several files: '\\n'.join(path.read_text(encoding='utf-8') for path in paths)."
        )
    return read_text(source, "a text file")


def _refuse_file_name(text: str, name: str) -> None:
    """Raises ``ArgumentError`` for a text that is the name of a file: nobody learns from one."""
    if len(text) > _LONGEST_NAME or "\n" in text:
        return
    if os.path.isfile(text) or re.fullmatch(r"\S+\.(txt|text|tokens|raw|md)(\.gz)?", text):  # noqa: PTH113
        raise ArgumentError(
            f"{name}: received {text!r}, a text that names a file; expected the text itself, or a path: "
            f"{name}=Path({text!r})"
        )


def _ids(preprocessing: Preprocessing, text: list[str]) -> np.ndarray:
    """Returns the ids of a text, none where it is empty, of which ``RunningTextSplit`` says that it is too short."""
    try:
        return preprocessing.encode_rows(text)[0]
    except EmptyRowError:
        return np.zeros(0, np.int32)


def _with_ends(text: str) -> str:
    return text.replace("\n", f" {END_OF_LINE} ")


def _cut(text: str, fractions: Fractions, unit: str) -> dict[str, str]:
    """Cuts a text in order, between words."""
    first = round(len(text) * (1 - fractions.validation_fraction - fractions.test_fraction))
    second = round(len(text) * (1 - fractions.test_fraction))
    if unit == "word":
        first, second = (_next_blank(text, place) for place in (first, second))
    parts = {"train": text[:first], "validation": text[first:second], "test": text[second:]}
    return {name: part for name, part in parts.items() if part or name != "test"}


def _next_blank(text: str, place: int) -> int:
    while place < len(text) and not text[place].isspace():
        place += 1
    return place
