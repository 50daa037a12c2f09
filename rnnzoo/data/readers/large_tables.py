"""Tables of texts that are larger than memory: read from the file again in every epoch."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rnnzoo import checks
from rnnzoo.data.readers.large_table_rows import PartDraw, StreamedSplit, TextTable
from rnnzoo.data.readers.tables import refuse_same_column
from rnnzoo.data.splits import Splits
from rnnzoo.data.splitting import check_fractions
from rnnzoo.data.targets import fit_decoding, listed
from rnnzoo.data.word_counts import BoundedCounts
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError
from rnnzoo.files import FilePath, file_checksum
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo.preprocessing.text import Vocabulary
from rnnzoo.tasks import ONE_LABEL, SEVERAL_LABELS, get_task, row_tasks

# Words kept in mind while counting, for each word that the vocabulary may hold.
_COUNTED_PER_TOKEN = 10


def stream_table(
    path: FilePath,
    *,
    text: str,
    label: str,
    label_separator: str | None = None,
    task: str | None = None,
    column_names: Sequence[str] | None = None,
    validation: FilePath | None = None,
    test: FilePath | None = None,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    max_tokens: int = 20_000,
    max_length: int | None = None,
    buffer_rows: int = 10_000,
    seed: int = 0,
) -> Splits:
    r"""Reads a CSV or TSV file of texts with labels that does not fit into memory, plain or gzipped.

    The file is read once to count words, labels and rows, and again in every epoch. Where a part has no file of its
    own, rows are drawn for it by a hash of their text, so that copies of a text stay in one part; shares are met in
    the mean. Baselines and examples, which need all rows, are left out.

    Args:
        path: The file; ``.tsv`` is split at tabs without quoting, everything else at commas.
        text: The column of texts.
        label: The column of labels.
        label_separator: What separates several labels in one cell; makes it a multi-label problem.
        task: A task of classification; ``None`` for what ``label_separator`` says.
        column_names: Names of the columns where the files have no header line.
        validation: A file of validation rows; ``None`` to draw them.
        test: A file of test rows; ``None`` to draw them.
        validation_fraction: Share of rows to draw for validation.
        test_fraction: Share of rows to draw for the test; 0 for no test part.
        max_tokens: Size of the vocabulary at most. Of very many different words the rarest are forgotten while
            counting; ``description["vocabulary_error"]`` says by how much a count may be too small, 0 for not at all.
        max_length: Words per text at most.
        buffer_rows: Rows in memory, of which training draws its batches: more mix better.
        seed: Seed of the split.

    Returns:
        The splits.

    Raises:
        ArgumentError: If an argument is out of range.
        PathNotFoundError: If a file is not there.
        DataError: If a file cannot be used; the message names the line. In training: if it has changed since.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "reviews.csv"
        ...     _ = file.write_text("text,label\n" + "".join(f"film {i},{i % 2}\n" for i in range(100)))
        ...     splits = stream_table(file, text="text", label="label")
        ...     [len(part) for part in (splits.train, splits.validation, splits.test)]
        [74, 9, 17]
    """
    kind = checks.choice(
        "task",
        task or (SEVERAL_LABELS if label_separator else ONE_LABEL),
        [name for name, known in row_tasks().items() if known.targets in ("classes", "labels")],
    )
    checks.seed(seed)
    refuse_same_column(text, label)
    checks.integer("buffer_rows", buffer_rows, minimum=1)
    checks.integer("max_tokens", max_tokens, minimum=3)
    separator = (label_separator or ",") if get_task(kind).targets == "labels" else None
    draw = PartDraw(_shares(validation, test, validation_fraction, test_fraction), seed)
    whole = TextTable(Path(path), text, label, column_names=column_names, separator=separator)
    given = {
        part: dataclasses.replace(whole, path=Path(file))
        for part, file in (("validation", validation), ("test", test))
        if file is not None
    }
    drawn = ("train", *draw.shares)
    tables = {part: dataclasses.replace(whole, part=part, draw=draw) for part in drawn} | given
    words = BoundedCounts(_COUNTED_PER_TOKEN * max_tokens)
    counted = _count(whole, drawn, given, words=words, buffer_rows=buffer_rows, draw=draw)
    decoding = _decoding(kind, {part: found.labels for part, found in counted.items()})
    preprocessing = TextPreprocessing(
        Vocabulary.of_counts(words, max_tokens=max_tokens).words, max_length=max_length
    )
    splits = {
        part: StreamedSplit(
            table,
            name=part,
            rows=counted[part].rows,
            preprocessing=preprocessing,
            decoding=decoding,
            buffer_rows=buffer_rows,
        )
        for part, table in tables.items()
    }
    return Splits(
        train=splits["train"],
        validation=splits["validation"],
        test=splits.get("test"),
        preprocessing=preprocessing,
        decoding=decoding,
        task=kind,
        description={
            "source": Path(path).name,
            "checksum": file_checksum(path),
            **{f"{part}_source": table.path.name for part, table in given.items()},
            **{f"{part}_checksum": file_checksum(table.path) for part, table in given.items()},
            "text": text,
            "label": label,
            "streamed": True,
            "buffer_rows": buffer_rows,
            "vocabulary_error": words.error,
            "split_seed": seed,
            "rows": {part: found.rows for part, found in counted.items()},
        },
    )


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


def _shares(
    validation: FilePath | None, test: FilePath | None, validation_fraction: float, test_fraction: float
) -> dict[str, float]:
    """Returns the shares of rows to be drawn, by part."""
    check_fractions(validation_fraction, test_fraction, both=validation is None and test is None)
    shares = {}
    if validation is None:
        shares["validation"] = float(validation_fraction)
    if test is None and test_fraction:
        shares["test"] = float(test_fraction)
    return shares
