"""Tables of texts that are larger than memory: read from the file again in every epoch."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnzoo import checks
from rnnzoo.data.numeric_labels import refuse_many_numbers
from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.large_table_rows import LargeTableSplit, PartDraw, TextTable
from rnnzoo.data.readers.table_files import text_form
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import Parts
from rnnzoo.data.targets import fit_decoding
from rnnzoo.data.word_counts import BoundedCounts
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, listed
from rnnzoo.files import file_checksum
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo.preprocessing.choosing import WordOptions
from rnnzoo.preprocessing.text import Vocabulary
from rnnzoo.tasks import TASKS, get_task, row_tasks

# Words kept in mind while counting, for each word that the vocabulary may hold.
_COUNTED_PER_TOKEN = 10


@dataclass(frozen=True)
class LargeTable:
    """A file of texts with labels that stays on disk.

    Attributes:
        path: The file.
        text: The column of texts.
        label: The column of labels.
        form: How the files are written; ``None`` to find it.
        label_separator: What separates several labels in one cell.
    """

    path: Path
    text: str
    label: str
    form: FileFormat | None = None
    label_separator: str | None = None


def check_disk_task(task: str) -> None:
    """Checks that tables of texts are read from disk for a task: one with classes, or several labels, in a row.

    Raises:
        ArgumentError: If they are read in memory for it.
        UnknownNameError: If there is no such task.
    """
    known = [name for name, found in row_tasks().items() if found.targets in ("classes", "labels")]
    if task in TASKS and task not in known:
        raise ArgumentError(
            f"from_disk: received True for task {task!r}, whose tables of texts are read in memory; expected a task "
            f"of {listed(known)}. Leave it out."
        )
    checks.choice("task", task, known)


def split_large_table(
    source: LargeTable, *, task: str, parts: Parts, words: WordOptions, buffer_rows: int
) -> Splits:
    """Makes splits of a table that is read from its file again in every epoch; the work under ``read_texts``.

    Args:
        source: The table.
        task: A task of classification.
        parts: How rows are split; parts that are given are files.
        words: How much of texts is read.
        buffer_rows: Rows in memory, of which training draws its batches.
    """
    check_disk_task(task)
    checks.integer("buffer_rows", buffer_rows, minimum=1)
    checks.integer("max_tokens", words.max_tokens, minimum=3)
    separator = (source.label_separator or ",") if get_task(task).targets == "labels" else None
    draw = PartDraw(_shares(parts), parts.seed)
    whole = TextTable(source.path, source.text, source.label, form=source.form, separator=separator)
    given = {
        part: dataclasses.replace(whole, path=Path(file))
        for part, file in (("validation", parts.validation), ("test", parts.test))
        if file is not None
    }
    drawn = ("train", *draw.shares)
    tables = {part: dataclasses.replace(whole, part=part, draw=draw) for part in drawn} | given
    counts = BoundedCounts(_COUNTED_PER_TOKEN * words.max_tokens)
    counted = _count(whole, drawn, given, words=counts, buffer_rows=buffer_rows, draw=draw)
    refuse_many_numbers(counted["train"].labels, task=task, rows=counted["train"].rows)
    decoding = _decoding(task, {part: found.labels for part, found in counted.items()})
    preprocessing = TextPreprocessing(
        Vocabulary.of_counts(counts, max_tokens=words.max_tokens).words, max_length=words.max_length
    )
    splits = {
        part: LargeTableSplit(
            table,
            name=part,
            rows=counted[part].rows,
            preprocessing=preprocessing,
            decoding=decoding,
            buffer_rows=buffer_rows,
        )
        for part, table in tables.items()
    }
    facts = {
        "buffer_rows": buffer_rows,
        "vocabulary_error": counts.error,
        "split_seed": parts.seed,
        "rows": {part: found.rows for part, found in counted.items()},
    }
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=preprocessing,
        decoding=decoding,
        task=task,
        description={**_sources(whole, given), **facts},
    )


def _sources(whole: TextTable, given: Mapping[str, TextTable]) -> dict[str, Any]:
    return {
        "source": whole.path.name,
        "checksum": file_checksum(whole.path),
        **_format_facts(whole),
        **{f"{part}_source": table.path.name for part, table in given.items()},
        **{f"{part}_checksum": file_checksum(table.path) for part, table in given.items()},
        "text": whole.text,
        "label": whole.label,
        "from_disk": True,
        **{
            name: fact
            for part, table in given.items()
            for name, fact in _format_facts(table, f"{part}_").items()
        },
    }


def _format_facts(table: TextTable, prefix: str = "") -> dict[str, Any]:
    unusual = text_form(table.path, table.form or FileFormat()).unusual
    return {f"{prefix}format": unusual} if unusual else {}


@dataclass
class _Counted:
    """What is found of a part: its rows and labels, and of the training part its words.

    Attributes:
        words: The words; ``None`` where they are not wanted.
        buffer_rows: Rows in memory while training.
        rows: How many rows there are.
        labels: Their labels.
        alone: The labels that whole buffers of rows have alone.
    """

    words: BoundedCounts | None
    buffer_rows: int
    rows: int = 0
    labels: set[str] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)
    _last: str | None = None
    _run: int = 0

    def add(self, text: str, label: str | list[str]) -> None:
        if self.words is not None:
            self.words.add(TextPreprocessing.words(text, self.rows))
        self.rows += 1
        if isinstance(label, list):
            self.labels.update(label)
            return
        self.labels.add(label)
        self._run = self._run + 1 if label == self._last else 1
        self._last = label
        if self._run >= self.buffer_rows > 1:
            self.alone.add(label)


def _count(
    whole: TextTable,
    drawn: Sequence[str],
    given: Mapping[str, TextTable],
    *,
    words: BoundedCounts,
    buffer_rows: int,
    draw: PartDraw,
) -> dict[str, _Counted]:
    """Reads each file once; counts the words of the training part in ``words``."""
    counted = {
        part: _Counted(words if part == "train" else None, buffer_rows)
        for part in ("train", "validation", "test")
        if part in drawn or part in given
    }
    for text, label in whole:
        counted[draw.part_of(text)].add(text, label)
    for part, table in given.items():
        for text, label in table:
            counted[part].add(text, label)
    for part, found in counted.items():
        if not found.rows:
            path = given[part].path if part in given else whole.path
            raise DataError(f"{path}: has no rows for {part}; expected at least one. Add rows.")
    alone = sorted(counted["train"].alone)
    if len(alone) > 1:
        warnings.warn(
            f"{whole.path}: seems sorted by label: {buffer_rows:,} rows in a row are all {alone[0]!r}, others all "
            f"{alone[1]!r}. Shuffle the file, or training will see one class at a time.",
            stacklevel=3,
        )
    return counted


def _decoding(task: str, labels: Mapping[str, set[str]]) -> Decoding:
    known = sorted(labels["train"])
    decoding = fit_decoding(task, [known] if get_task(task).targets == "labels" else known)
    for part, names in labels.items():
        if new := sorted(names - labels["train"]):
            raise DataError(
                f"{part} targets: received the label {new[0]!r}, which no training row has; expected one of "
                f"{listed(known)}. Put rows of every class into the training part."
            )
    return decoding


def _shares(parts: Parts) -> dict[str, float]:
    """Returns the shares of rows to be drawn, by part."""
    shares = {}
    if parts.validation is None:
        shares["validation"] = float(parts.validation_fraction)
    if parts.test is None and parts.test_fraction:
        shares["test"] = float(parts.test_fraction)
    return shares
