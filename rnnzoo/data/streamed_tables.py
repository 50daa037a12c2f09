"""Tables of texts that are larger than memory: read from the file again in every epoch."""

from __future__ import annotations

import hashlib
import itertools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rnnzoo import checks
from rnnzoo.data.splits import Splits
from rnnzoo.data.streamed_rows import StreamedSplit, TextTable
from rnnzoo.data.tables import FilePath, file_checksum
from rnnzoo.data.targets import fit_decoding
from rnnzoo.data.word_counts import BoundedCounts
from rnnzoo.decoding import Decoding
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo.preprocessing.text import Vocabulary

_TASKS = ("classification", "binary_classification", "multilabel_classification")
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
        "task", task or ("multilabel_classification" if label_separator else "classification"), _TASKS
    )
    checks.integer("seed", seed, minimum=0)
    checks.integer("buffer_rows", buffer_rows, minimum=1)
    checks.integer("max_tokens", max_tokens, minimum=3)
    separator = (label_separator or ",") if kind == "multilabel_classification" else None
    shares = _shares(validation, test, validation_fraction, test_fraction)
    files = {"train": path, "validation": validation or path, "test": test or path}
    tables = {
        part: TextTable(
            Path(files[part]),
            text,
            label,
            column_names=column_names,
            separator=separator,
            belongs=_Drawn(part, shares, seed) if files[part] is path and shares else None,
        )
        for part in files
        if part != "test" or test is not None or "test" in shares
    }
    counted = {part: _Counted(max_tokens if part == "train" else 0) for part in tables}
    for part, table in tables.items():
        counted[part].read(table, buffer_rows)
    decoding = _decoding(kind, {part: found.labels for part, found in counted.items()})
    words = counted["train"].words
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
            **{f"{part}_source": Path(file).name for part, file in files.items() if file is not path},
            **{f"{part}_checksum": file_checksum(file) for part, file in files.items() if file is not path},
            "text": text,
            "label": label,
            "streamed": True,
            "buffer_rows": buffer_rows,
            "vocabulary_error": words.error,
            "split_seed": seed,
            "rows": {part: found.rows for part, found in counted.items()},
        },
    )


@dataclass(frozen=True)
class _Drawn:
    """Says which part a text is drawn for."""

    part: str
    shares: Mapping[str, float]
    seed: int

    def __call__(self, text: str) -> bool:
        words = " ".join(text.split()).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(words, digest_size=8, salt=self.seed.to_bytes(8, "little")).digest()
        place = int.from_bytes(digest, "little") / 2**64
        for part, share in self.shares.items():
            if place < share:
                return part == self.part
            place -= share
        return self.part == "train"


@dataclass
class _Counted:
    """What one pass over a part finds: its rows, labels and, where they are wanted, words."""

    max_tokens: int
    rows: int = 0
    labels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.words = BoundedCounts(max(2, _COUNTED_PER_TOKEN * self.max_tokens))

    def read(self, table: TextTable, buffer_rows: int) -> None:
        alone: set[str] = set()
        rows = iter(table)
        while buffer := list(itertools.islice(rows, buffer_rows)):
            labels = set()
            for number, (text, label) in enumerate(buffer, self.rows):
                labels |= set(label) if isinstance(label, list) else {label}
                if self.max_tokens:
                    self.words.add(TextPreprocessing.words(text, number))
            self.rows += len(buffer)
            self.labels |= labels
            if len(labels) == 1 and len(buffer) == buffer_rows > 1:
                alone |= labels
        if not self.rows:
            raise DataError(
                f"{table.path}: has no rows for one of the parts; expected at least one for each. Add rows."
            )
        if self.max_tokens and len(alone) > 1:
            warnings.warn(
                f"{table.path}: seems sorted by label: {buffer_rows:,} rows in a row are all {min(alone)!r}, "
                f"others all {max(alone)!r}. Shuffle the file, or training will see one class at a time.",
                stacklevel=3,
            )


def _decoding(task: str, labels: Mapping[str, set[str]]) -> Decoding:
    known = sorted(labels["train"])
    decoding = fit_decoding(task, [known] if task == "multilabel_classification" else known)
    for part, names in labels.items():
        if new := sorted(names - labels["train"]):
            raise DataError(
                f"{part} targets: received the label {new[0]!r}, which no training row has; expected one of "
                f"{', '.join(known[:20])}. Put rows of every class into the training part."
            )
    return decoding


def _shares(
    validation: FilePath | None, test: FilePath | None, validation_fraction: float, test_fraction: float
) -> dict[str, float]:
    """Returns the shares of rows to be drawn, by part."""
    shares = {}
    if validation is None:
        shares["validation"] = checks.number("validation_fraction", validation_fraction, above=0, below=1)
    if test is None and checks.number("test_fraction", test_fraction, minimum=0, below=1):
        shares["test"] = float(test_fraction)
    if len(shares) == 2:
        checks.number("test_fraction", test_fraction, below=1 - validation_fraction)
    return shares
