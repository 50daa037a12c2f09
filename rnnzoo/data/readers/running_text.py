"""One long text to learn from in order: parallel streams, cut into windows whose states are carried on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.split import Batch, Split, refuse_tokens
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import check_fractions
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError
from rnnzoo.files import read_text
from rnnzoo.preprocessing import CharacterTextPreprocessing, Preprocessing, TokenPreprocessing

#: Streams that a text is cut into to be scored.
EVALUATED_STREAMS = 8
UNITS = ("word", "character")
END_OF_LINE = "<eos>"
_OWN_BATCHES = "running text, whose batches are windows of streams"


class StreamSplit(Split):
    """A sequence of tokens; each is to be foretold from all before it.

    A batch of ``rows`` windows holds the next ``window`` steps of ``rows`` streams, which together are the whole
    sequence: row ``i`` of each batch goes on where row ``i`` of the batch before it ended. Training and evaluation
    carry the states of recurrent layers from batch to batch.

    Args:
        ids: The tokens.
        window: Steps through which gradients go back.
        words: The tokens by id, to show windows as texts.
        separator: What stands between them.

    Reference:
        Williams & Peng 1990 (truncated back-propagation through time); Zaremba 2014, arXiv:1409.2329 (the streams).
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
        """Returns some windows of a single stream, each as if nothing were before it."""
        starts = np.asarray(rows, int)[:, None] * self.window
        width = int(self.lengths[np.asarray(rows, int)].min())
        steps = starts + np.arange(width)
        return {"tokens": self.ids[steps]}, self.ids[steps + 1], None

    def streams(self, batch_size: int) -> int:
        """Returns how many streams a batch has: ``batch_size``, or fewer where the text is short."""
        return max(1, min(batch_size, (len(self.ids) - 1) // self.window))

    def num_batches(self, batch_size: int, *, tokens: int | None = None) -> int:
        """Returns the windows of each stream."""
        refuse_tokens(tokens, _OWN_BATCHES)
        return -(-((len(self.ids) - 1) // self.streams(batch_size)) // self.window)

    def batches(
        self,
        batch_size: int,
        *,
        tokens: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        epoch: int = 0,
    ) -> Iterator[Batch]:
        """Yields the windows in order, whatever the other arguments; what does not fill all streams is left out."""
        checks.integer("batch_size", batch_size, minimum=1)
        refuse_tokens(tokens, _OWN_BATCHES)
        rows = self.streams(batch_size)
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


def text_stream_splits(
    train: str | Path,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    *,
    unit: str = "word",
    window: int = 35,
    max_tokens: int = 10_000,
    validation_fraction: float = 0.05,
    test_fraction: float = 0.05,
    description: Mapping[str, Any] | None = None,
) -> Splits:
    """Makes splits of running text for a language model.

    Args:
        train: The text; a ``Path`` names a file of it, UTF-8, compressed if it ends in ``.gz``.
        validation: Likewise; ``None`` to take it from the end of ``train``, before the test part.
        test: Likewise; ``None`` to take it from the end of ``train`` where ``validation`` is not given either.
        unit: ``"word"``: what stands between blanks, in lower case, and ``<eos>`` for each end of line; or
            ``"character"``.
        window: Steps through which gradients go back.
        max_tokens: Size of the vocabulary at most, for words.
        validation_fraction: Share of the text to split off for validation.
        test_fraction: Share of the text to split off for the test.
        description: Facts to keep.

    Returns:
        The splits; the vocabulary is that of the training part.

    Raises:
        ArgumentError: If an argument is out of range.
        PathNotFoundError: If a file is not there.
        DataError: If a file is no UTF-8 text, or too short.

    Example:
        >>> splits = text_stream_splits("to be or not to be " * 50, window=5)
        >>> splits.model_arguments
        {'vocabulary_size': 6}
    """
    checks.choice("unit", unit, UNITS)
    texts = {"train": _read(train)}
    if validation is not None:
        texts["validation"] = _read(validation)
        texts |= {} if test is None else {"test": _read(test)}
    elif test is not None:
        raise ArgumentError("test: received one without validation; expected both or neither.")
    else:
        texts = _cut(texts["train"], validation_fraction, test_fraction, unit)
    preprocessing: Any
    rows = {part: [_with_ends(text) if unit == "word" else text] for part, text in texts.items()}
    if unit == "word":
        preprocessing = TokenPreprocessing.fit(rows["train"], max_tokens=max_tokens)
    else:
        preprocessing = CharacterTextPreprocessing.fit(rows["train"])
    words = preprocessing.vocabulary.words
    parts = {
        part: StreamSplit(
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


def _read(source: str | Path) -> str:
    if isinstance(source, str):
        return source
    return read_text(source, "a text file")


def _ids(preprocessing: Preprocessing, text: list[str]) -> np.ndarray:
    """Returns the ids of a text, none where it is empty, of which ``StreamSplit`` says that it is too short."""
    try:
        return preprocessing.encode(text)[0]
    except EmptyRowError:
        return np.zeros(0, np.int32)


def _with_ends(text: str) -> str:
    return text.replace("\n", f" {END_OF_LINE} ")


def _cut(text: str, validation_fraction: float, test_fraction: float, unit: str) -> dict[str, str]:
    """Cuts a text in order, between words."""
    check_fractions(validation_fraction, test_fraction)
    first = round(len(text) * (1 - validation_fraction - test_fraction))
    second = round(len(text) * (1 - test_fraction))
    if unit == "word":
        first, second = (_next_blank(text, place) for place in (first, second))
    parts = {"train": text[:first], "validation": text[first:second], "test": text[second:]}
    return {name: part for name, part in parts.items() if part or name != "test"}


def _next_blank(text: str, place: int) -> int:
    while place < len(text) and not text[place].isspace():
        place += 1
    return place
