"""Rows of a file that is larger than memory, a buffer of them at a time."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.data.batching import BatchOrder, batch_order
from rnnzoo.data.columns import check_columns
from rnnzoo.data.copies import text_key
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.table_files import check_label, check_text, iterate_rows
from rnnzoo.data.sequence_split import SequenceSplit
from rnnzoo.data.split import Batch, Batches
from rnnzoo.data.targets import encode_targets
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import TextPreprocessing

_UNKNOWN_LENGTHS = "rows that are read from disk, whose lengths are not known beforehand"


@dataclass(frozen=True)
class PartDraw:
    """Draws rows for the parts by a hash of their text, so that copies of a text are in one part.

    Attributes:
        shares: The share of each part but the training part, which has the rest.
        seed: Seed of the hash.

    Example:
        >>> PartDraw({"validation": 0.5}, seed=0).part_of("a text")
        'validation'
    """

    shares: Mapping[str, float]
    seed: int

    def part_of(self, text: str) -> str:
        """Returns the part of a text, whatever the blanks between its words."""
        words = text_key(text).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(words, digest_size=8, salt=self.seed.to_bytes(8, "little")).digest()
        place = int.from_bytes(digest, "little") / 2**64
        for part, share in self.shares.items():
            if place < share:
                return part
            place -= share
        return "train"


@dataclass(frozen=True)
class TextTable:
    """The rows of one part of a file.

    Attributes:
        path: The file.
        text: The column of texts.
        label: The column of labels.
        form: How the file is written; ``None`` to find it.
        separator: What separates several labels in one cell.
        part: The part whose rows these are, where ``draw`` says which row is in which; ``None`` for all rows.
        draw: See ``part``.
    """

    path: Path
    text: str
    label: str
    form: FileFormat | None = None
    separator: str | None = None
    part: str | None = None
    draw: PartDraw | None = None

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yields texts and labels in the order of the file."""
        rows = iterate_rows(self.path, form=self.form, texts=[self.text])
        _, names = next(rows)
        check_columns(names, (self.text, self.label), of=self.path)
        text, label = names.index(self.text), names.index(self.label)
        for line, row in rows:
            check_text(self.path, line, row[text])
            if self.separator is None:
                check_label(self.path, f"line {line}", row[label])
            if self.draw is None or self.draw.part_of(row[text]) == self.part:
                yield row[text], self._labels(row[label])

    def _labels(self, cell: str) -> Any:
        if self.separator is None:
            return cell
        return [part.strip() for part in cell.split(self.separator) if part.strip()]


class LargeTableSplit(Batches):
    """Rows of a file, of which a buffer at a time is in memory.

    Training shuffles within a buffer, whose borders move from epoch to epoch, and puts rows of like length into one
    batch. The order follows from seed and epoch alone. A file that is sorted by class is to be shuffled first.

    Args:
        table: The rows.
        name: The name of the part, for messages.
        rows: How many there are.
        preprocessing: What encodes them.
        decoding: The names of the classes.
        buffer_rows: Rows in memory at most.
    """

    def __init__(
        self,
        table: TextTable,
        *,
        name: str,
        rows: int,
        preprocessing: TextPreprocessing,
        decoding: Decoding,
        buffer_rows: int,
    ) -> None:
        self._table, self._name, self._rows = table, name, rows
        self._preprocessing, self._decoding = preprocessing, decoding
        self._buffer_rows = buffer_rows
        self._state = _state(table.path)

    def __len__(self) -> int:
        return self._rows

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some rows as one batch; the file is read up to the last of them."""
        wanted = np.asarray(rows, int)
        if len(wanted) == 0 or wanted.min() < 0 or wanted.max() >= self._rows:
            raise DataError(
                f"{self._name}: received the row numbers {wanted.tolist()[:5]}; expected some from 0 to "
                f"{self._rows - 1}."
            )
        places = {int(row): place for place, row in enumerate(np.unique(wanted))}
        found = [
            row
            for number, row in enumerate(itertools.islice(self._read(), int(wanted.max()) + 1))
            if number in places
        ]
        return self._encode(found).gather([places[int(row)] for row in wanted])

    def count(self, order: BatchOrder) -> int:
        """Returns how many batches there are."""
        order.refuse_tokens(_UNKNOWN_LENGTHS)
        return -(-self._rows // order.size)

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        """Yields all rows in batches."""
        order.refuse_tokens(_UNKNOWN_LENGTHS)
        batch_size, shuffle, seed, epoch = order.size, order.shuffle, order.seed, order.epoch
        # Whole batches to a buffer: only the last batch of an epoch has fewer rows.
        size = max(1, self._buffer_rows // batch_size) * batch_size
        rows, seen = self._read(), 0
        first = size
        if shuffle:
            first = int(np.random.default_rng([seed, epoch]).integers(1, size // batch_size + 1)) * batch_size
        for number in itertools.count():
            buffer = list(itertools.islice(rows, first if number == 0 else size))
            if not buffer:
                break
            seen += len(buffer)
            split = self._encode(buffer)
            own = int(np.random.SeedSequence([seed, epoch, number]).generate_state(1)[0])
            for chosen in batch_order(split.lengths, batch_size, shuffle=shuffle, seed=own, epoch=epoch):
                yield split.gather(chosen)
        if seen != self._rows:
            raise DataError(_changed(self._table.path))

    def _read(self) -> Iterator[tuple[str, Any]]:
        if _state(self._table.path) != self._state:
            raise DataError(_changed(self._table.path))
        return iter(self._table)

    def _encode(self, rows: list[tuple[str, Any]]) -> SequenceSplit:
        texts, labels = zip(*rows, strict=True)
        targets = encode_targets(self._decoding, labels, part=self._name)
        return SequenceSplit(texts, targets, preprocessing=self._preprocessing, tagging=False)


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def _changed(path: Path) -> str:
    return f"{path}: has changed since it was counted; expected the same file in every epoch. Read it again."
