"""Tables of texts with labels: in memory, or read from their file again in every epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from rnnzoo import checks
from rnnzoo.data.columns import check_table_columns, text_cells
from rnnzoo.data.copies import warn_of_copies
from rnnzoo.data.flat_options import FlatOptions
from rnnzoo.data.readers.file_format import FileFormat, FileFormatOptions, take_file_format
from rnnzoo.data.readers.large_tables import LargeTable, check_disk_task, split_large_table
from rnnzoo.data.readers.pairs import pair_splits
from rnnzoo.data.readers.row_files import said_of, source_name
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.table_files import check_label, expect_file, refuse_same_column
from rnnzoo.data.readers.table_sources import format_facts, is_text_table, read_table_source
from rnnzoo.data.readers.target_columns import label_columns, read_weights
from rnnzoo.data.splits import ArrayOptions, Splits
from rnnzoo.data.splitting import Pair, Parts, split_rows
from rnnzoo.data.unlabelled import Unlabelled, unmark
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.files import FilePath, file_checksum, is_path
from rnnzoo.preprocessing.base import Preprocessing, Rows
from rnnzoo.preprocessing.choosing import WordOptions
from rnnzoo.task import Task
from rnnzoo.tasks import ONE_LABEL, SEVERAL_LABELS, TASKS, get_task
from rnnzoo.value_objects import checked_fields

if TYPE_CHECKING:
    import pandas as pd


@checked_fields
@dataclass(frozen=True)
class TableFormat(FileFormat):
    """How a table of texts is written: what ``FileFormat`` says, and more.

    Attributes:
        label_separator: What separates several labels in one cell; makes it a multi-label problem.
        weight: The column of weights, numbers of at least 0 that say how much a row counts; ``None`` for all alike.
        buffer_rows: Rows in memory, of which training draws its batches, where a table is read from disk: more mix
            better.
    """

    label_separator: str | None = None
    buffer_rows: int = 10_000
    weight: str | None = None


class TextOptions(ArrayOptions, FileFormatOptions, total=False):
    """What ``read_texts`` takes as keywords: the fields of ``Parts``, ``WordOptions`` and ``TableFormat``."""

    file_format: FileFormat | None
    label_separator: str | None
    buffer_rows: int
    weight: str | None


class StreamTableOptions(TextOptions, total=False):
    """What ``stream_table`` takes as keywords."""

    task: str | None
    parts: Parts | None
    words: WordOptions | None


def read_texts(
    source: FilePath | pd.DataFrame,
    *,
    text: str,
    label: str | Sequence[str],
    task: str | None = None,
    from_disk: bool = False,
    preprocessing: Preprocessing | None = None,
    parts: Parts | None = None,
    words: WordOptions | None = None,
    **options: Unpack[TextOptions],
) -> Splits:
    r"""Reads a table of texts with labels: a file, or a frame of pandas, polars or Arrow.

    With ``from_disk`` the file may be larger than memory. It is read once to count words, labels and rows, and again in
    every epoch. Where a part has no file of its own, rows are drawn for it by a hash of their text, so that copies of a
    text stay in one part; shares are met in the mean. Baselines and examples, which need all rows, are left out. Of
    very many different words the rarest are forgotten while counting; ``description["vocabulary_error"]`` says by how
    much a count may be too small, 0 for not at all.

    Args:
        source: The file: CSV or TSV, plain or gzipped, Parquet, Feather, Excel or JSON lines; or a frame.
        text: The column of texts (tagging: of words, separated by blanks).
        label: The column of labels (regression: of numbers, or several such columns; tagging: of tags, separated by
            blanks, ``_`` for a word without one; translation: of translations).
        task: The task; ``None`` for classification, or what ``label_separator`` says.
        from_disk: Whether rows stay in the file.
        preprocessing: What reads the texts, such as ``DNAPreprocessing()``; ``None`` for words.
        parts: How rows are split, as one value; a validation or test part that is given is a file or frame too.
        words: How much of texts is read, as one value.
        **options: The fields of ``Parts``, ``WordOptions`` and ``TableFormat`` as they are: ``validation``, ``test``,
            ``validation_fraction`` (0.15), ``test_fraction`` (0.15), ``stratify``, ``seed``, ``rare``, ``unlabelled``,
            ``groups`` (the name of a column), ``fold``; ``max_tokens`` (20,000), ``max_length``, ``characters``;
            ``column_names``, ``separator``, ``decimal``, ``encoding``, ``sheet``, ``label_separator``, ``buffer_rows``
            (10,000), ``weight``. Or ``file_format``, a ``FileFormat``, in place of those that it has.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together, or a keyword is unknown; the nearest is suggested.
        UnknownNameError: If a column is missing; the nearest is suggested.
        DataError: If the table cannot be used; the message names the line. In training from disk: if the file has
            changed since.
        PathNotFoundError: If there is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "reviews.csv"
        ...     _ = file.write_text("text,label\n" + "".join(f"film {i},{i % 2}\n" for i in range(100)))
        ...     whole = read_texts(file, text="text", label="label")
        ...     large = read_texts(file, text="text", label="label", from_disk=True)
        ...     [[len(part) for part in (splits.train, splits.validation, splits.test)] for splits in (whole, large)]
        [[70, 15, 15], [74, 9, 17]]
    """
    flat = FlatOptions("read_texts", options)
    settings = flat.take(Parts, parts, "parts")
    words = flat.take(WordOptions, words, "words")
    form = _table_format(flat)
    flat.refuse_rest("text", "label", "task", "from_disk", "preprocessing", "parts", "words")
    chosen = task or (SEVERAL_LABELS if form.label_separator else ONE_LABEL)
    labels = label_columns(label, chosen)
    for name in (*labels, *([form.weight] if form.weight else [])):
        refuse_same_column(text, name)
    if checks.flag("from_disk", from_disk):
        table = _large_table(source, text, labels[0], settings, form)
        check_disk_task(chosen)
        _refuse_from_disk(settings, words, preprocessing, form)
        return split_large_table(
            table, task=chosen, parts=settings, words=words, buffer_rows=form.buffer_rows
        )
    if form.buffer_rows != TableFormat().buffer_rows:
        raise ArgumentError(
            f"buffer_rows: received {form.buffer_rows} without from_disk; expected it with from_disk=True alone. Leave "
            "it out."
        )
    if preprocessing is not None and words != WordOptions():
        raise ArgumentError(
            f"words: received {words} beside preprocessing, which says itself what it reads; expected one of both. "
            "Leave one out."
        )
    tables = _TextTables(text, labels, checks.choice("task", chosen, TASKS), form, settings.unlabelled)
    return tables.read(source, settings, words, preprocessing)


def stream_table(path: FilePath, *, text: str, label: str, **options: Unpack[StreamTableOptions]) -> Splits:
    """Reads a table of texts that is larger than memory: the older name of ``read_texts(path, from_disk=True)``.

    Args:
        path: The file.
        text: The column of texts.
        label: The column of labels.
        **options: As for ``read_texts``.
    """
    return read_texts(path, text=text, label=label, from_disk=True, **options)


def _table_format(flat: FlatOptions) -> TableFormat:
    """Takes out of keywords how a table is written: ``file_format`` or its fields, and what tables of texts add."""
    file = take_file_format(flat)
    return dataclasses.replace(flat.take(TableFormat, None, "format"), **file.told)


def _large_table(
    source: FilePath | pd.DataFrame, text: str, label: str, parts: Parts, form: TableFormat
) -> LargeTable:
    path = expect_file(source, "source")
    for name, given in (("validation", parts.validation), ("test", parts.test)):
        if given is not None:
            expect_file(given, name)
    for given in (path, parts.validation, parts.test):
        if given is not None and not is_text_table(given):
            raise ArgumentError(
                f"from_disk: received True for {given}, whose texts are read in memory; expected CSV or TSV files. "
                "Leave it out."
            )
    return LargeTable(Path(path), text, label, form, form.label_separator)


def _refuse_from_disk(
    parts: Parts, words: WordOptions, preprocessing: Preprocessing | None, form: TableFormat
) -> None:
    if form.weight is not None:
        raise ArgumentError(
            f"weight: received {form.weight!r} with from_disk, which reads texts and labels alone; expected None. "
            "Leave one out."
        )
    if preprocessing is not None:
        raise ArgumentError(
            f"preprocessing: received {type(preprocessing).__name__} with from_disk, which reads words; expected None. "
            "Leave one out."
        )
    if words.characters:
        raise ArgumentError(
            "characters: received True with from_disk; expected False, for taggers read tables in memory. Leave one "
            "out."
        )
    if parts.rare != "error":
        raise ArgumentError(
            f"rare: received {parts.rare!r} with from_disk, which draws rows one by one; expected 'error'. Leave one "
            "out."
        )
    if parts.groups is not None or parts.fold is not None:
        name = "groups" if parts.fold is None else "fold"
        raise ArgumentError(
            f"{name}: received it with from_disk, which draws rows one by one; expected None. Leave one out."
        )
    if not parts.stratify:
        raise ArgumentError(
            "stratify: received False with from_disk, which draws rows one by one; expected True. Leave it out."
        )


@dataclass(frozen=True)
class _TextTables:
    """Tables of one form, in memory."""

    text: str
    labels: tuple[str, ...]
    task: str
    form: TableFormat
    unlabelled: Unlabelled = "refuse"

    def read(
        self,
        source: FilePath | pd.DataFrame,
        parts: Parts,
        words: WordOptions,
        preprocessing: Preprocessing | None,
    ) -> Splits:
        sources = {"inputs": source, "validation": parts.validation, "test": parts.test}
        frames = {
            name: read_table_source(
                part, self.form, name="source" if name == "inputs" else name, texts=[self.text]
            )
            for name, part in sources.items()
            if part is not None
        }
        pairs = {name: self._pair(frame, sources[name], name) for name, frame in frames.items()}
        single = len(self.labels) == 1
        facts: dict[str, Any] = {"text": self.text, "label": self.labels[0] if single else list(self.labels)}
        if self.form.weight is not None:
            facts["weight"] = self.form.weight
        weights = {name: self._weights(frame, sources[name], name) for name, frame in frames.items()}
        for name, part in sources.items():
            if is_path(part):
                prefix = "" if name == "inputs" else f"{name}_"
                facts |= {f"{prefix}source": Path(part).name, f"{prefix}checksum": file_checksum(part)}
                facts |= format_facts(frames[name], prefix)
        given: dict[str, Any] = {name: pairs.get(name) for name in ("validation", "test")}
        if isinstance(parts.groups, str):
            facts["group"] = parts.groups
            check_table_columns(frames["inputs"], (parts.groups,), of=source_name(source))
            parts = dataclasses.replace(parts, groups=frames["inputs"][parts.groups].tolist())
        try:
            if get_task(self.task).data == "pairs":
                parts = dataclasses.replace(parts, **given)
                return _translations(pairs["inputs"], get_task(self.task), parts, words, preprocessing, facts)
            given = {name: pair and (*pair, weights[name]) for name, pair in given.items()}
            splits = Splits.from_arrays(
                *pairs["inputs"],
                task=self.task,
                weights=weights["inputs"],
                preprocessing=preprocessing,
                parts=dataclasses.replace(parts, **given),
                words=words,
                description=facts,
            )
            return splits if single else splits.with_target_names(self.labels)
        except RowError as error:
            raise self._with_line(error, sources, frames) from error

    def _pair(self, frame: pd.DataFrame, source: FilePath | pd.DataFrame, name: str) -> Pair:
        check_table_columns(frame, (self.text, *self.labels), of=source_name(source))
        rows = text_cells(frame, self.text, of="" if name == "inputs" else name)
        task = get_task(self.task)
        if len(self.labels) > 1:
            return rows, frame[list(self.labels)].to_numpy().tolist()
        targets = frame[self.labels[0]].tolist()
        one_label = not task.per_step and task.targets != "labels" and task.data != "pairs"
        if is_path(source) and one_label:
            for row, cell in enumerate(targets):
                check_label(source, row_place(frame.index, row), cell)
        if task.per_step:
            tags = (_cut(row) for row in targets)
            marked = [unmark(row, self.unlabelled) if isinstance(row, list) else row for row in tags]
            return [_cut(row) for row in rows], marked
        if task.targets == "labels":
            return rows, [_cut(cell, self.form.label_separator or ",") for cell in targets]
        return rows, targets

    def _weights(self, frame: pd.DataFrame, source: FilePath | pd.DataFrame, name: str) -> Rows | None:
        if self.form.weight is None:
            return None
        if get_task(self.task).data == "pairs":
            raise ArgumentError(
                f"weight: received {self.form.weight!r} for task {self.task!r}, whose rows all count alike; expected "
                "None. Leave it out."
            )
        of = source_name(source)
        check_table_columns(frame, (self.form.weight,), of=of)
        try:
            return read_weights(frame[self.form.weight])
        except DataError as error:
            raise DataError(f"{of if name == 'inputs' or is_path(source) else name}: {error}") from error

    def _with_line(
        self, error: RowError, sources: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]
    ) -> DataError:
        """Returns the error of a row of a file as one that names the file and the line."""
        name = next((name for name in ("validation", "test") if error.of.startswith(name)), "inputs")
        if not is_path(sources[name]):
            return error
        place = row_place(frames[name].index, error.row)
        return DataError(f"{sources[name]}: {place}: {said_of(error)}{error.problem}")


def _translations(
    rows: Pair,
    task: Task,
    parts: Parts,
    words: WordOptions,
    preprocessing: Preprocessing | None,
    facts: Mapping[str, Any],
) -> Splits:
    """Makes splits of texts and their translations, whose parts may have to be split off."""
    if preprocessing is not None or words.characters:
        name = "characters" if preprocessing is None else "preprocessing"
        raise ArgumentError(
            f"{name}: received it for task {task.name!r}, which reads words of both sides; expected none. Leave it out."
        )
    split = split_rows(rows, parts, task)
    train: Any = split.parts["train"]
    given: dict[str, Any] = {name: split.parts.get(name) for name in ("validation", "test")}
    splits = pair_splits(
        train,
        **given,
        max_tokens=words.max_tokens,
        max_length=words.max_length,
        description=facts,
        origins=split.origins,
    )
    for name, pair in given.items():
        if pair is not None and getattr(parts, name) is None:
            warn_of_copies(train[0], pair[0], name)
    return splits.described({"split_seed": parts.seed})


def _cut(cell: Any, separator: str | None = None) -> Any:
    """Cuts a cell at blanks or a separator; a list, which a frame may hold, is cut already."""
    if not isinstance(cell, str):
        return cell.tolist() if isinstance(cell, np.ndarray) else cell
    return (
        cell.split()
        if separator is None
        else [part.strip() for part in cell.split(separator) if part.strip()]
    )
