"""Tables in files: texts with labels, or a series to be forecast."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.readers.series import Gaps, series_splits
from rnnzoo.data.splits import Splits
from rnnzoo.data.targets import label_name
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, RowError, UnknownNameError
from rnnzoo.files import FilePath, existing_file, file_checksum
from rnnzoo.preprocessing.base import refuse_empty
from rnnzoo.preprocessing.text import has_words
from rnnzoo.preprocessing.windows import Missing
from rnnzoo.tasks import ONE_LABEL, SEVERAL_LABELS, TASKS, get_task

if TYPE_CHECKING:
    import pandas as pd


def read_table(  # noqa: PLR0913 - one flat call for two kinds of table
    path: FilePath,
    *,
    column_names: Sequence[str] | None = None,
    test: FilePath | None = None,
    text: str | None = None,
    label: str | None = None,
    label_separator: str | None = None,
    task: str | None = None,
    max_tokens: int = 20_000,
    max_length: int | None = None,
    characters: bool = False,
    target: str | Sequence[str] | None = None,
    window: int | None = None,
    horizon: int | None = None,
    categorical: Sequence[str] = (),
    ignore: Sequence[str] = (),
    time: str | None = None,
    time_format: str | None = None,
    gaps: Gaps = "error",
    missing: Missing = "error",
    seasonality: int | None = None,
    validation_fraction: float = 0.15,
    test_fraction: float = 0.15,
    seed: int = 0,
) -> Splits:
    """Reads a CSV or TSV file, plain or gzipped, as texts with labels or as a series to be forecast.

    A series is split by time, without leakage: statistics and categories come from the training rows, a training
    window ends before validation starts, and the targets of validation and test windows lie wholly in their
    part, while what they look back on may lie before it. All windows of a part are used.

    Args:
        path: The file; ``.tsv`` is split at tabs without quoting, everything else at commas.
        column_names: Names of the columns where the file has no header line.
        test: A file of test rows, for texts.
        text: The column of texts (tagging: of words, separated by blanks).
        label: The column of labels (regression: of numbers; tagging: of tags, separated by blanks).
        label_separator: What separates several labels in one cell; makes it a multi-label problem.
        task: The task; ``None`` for classification, or what ``label_separator`` says.
        max_tokens: Size of the vocabulary, at most.
        max_length: Words per text, at most.
        characters: Whether words come with their characters, for taggers that read those too.
        target: The column or columns to forecast; this makes it a series.
        window: Steps to look back on.
        horizon: Steps ahead.
        categorical: Columns of categories; each category becomes an indicator. All others must hold numbers.
        ignore: Columns to leave out.
        time: A column of timestamps or numbers that must rise from row to row; it is not a feature. Without it, rows
            are taken to follow each other at even steps; a table whose dates say that it holds several series is
            refused all the same.
        time_format: How its dates are written, such as ``"%d.%m.%Y %H:%M"`` (see ``datetime.strptime``); ``None`` to
            find the one format that reads all rows. Dates that can be read in two ways are refused.
        gaps: What a hole in the times means, a step that is not the common one. ``"error"``: the table is refused.
            ``"break"``: no window crosses it, in any part. Months, quarters and years are even, so are business days
            without weekends; a holiday is a hole. Needs ``time``.
        missing: What an empty cell, NA, NaN, null or ? means in a series. ``"error"``: the file is refused.
            ``"ffill"``: the last value before it is taken, in features and targets alike and never from the future;
            rows before the first complete one are dropped. ``"drop"``: windows that touch one are left out.
        seasonality: Steps of a season, for the seasonal naive baseline.
        validation_fraction: Share of rows for validation.
        test_fraction: Share of rows for the test, where there is no test file.
        seed: Seed of the split of texts.

    Returns:
        The splits.

    Raises:
        ArgumentError: If the arguments do not go together.
        DataError: If the file cannot be used; the message names line and column.
        PathNotFoundError: If there is no such file.
    """
    frame = read_frame(path, column_names=column_names)
    source = {"source": Path(path).name, "checksum": file_checksum(path)}
    if target is not None:
        if window is None or horizon is None:
            raise ArgumentError(
                "target: received without window and horizon; expected both, e.g. window=72, horizon=24."
            )
        return series_splits(
            frame,
            target=[target] if isinstance(target, str) else list(target),
            window=window,
            horizon=horizon,
            categorical=list(categorical),
            ignore=list(ignore),
            time=time,
            time_format=time_format,
            gaps=gaps,
            missing=missing,
            seasonality=seasonality,
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            source=source,
        )
    if text is None or label is None:
        raise ArgumentError(
            "read_table: expected text and label for texts, or target, window and horizon for a series."
        )
    kind = checks.choice("task", task or (SEVERAL_LABELS if label_separator else ONE_LABEL), TASKS)
    refuse_same_column(text, label)
    rows, targets = _columns(frame, path, text, label, kind, label_separator)
    given, test_frame = None, frame
    if test is not None:
        source |= {"test_source": Path(test).name, "test_checksum": file_checksum(test)}
        test_frame = read_frame(test, column_names=column_names)
        given = _columns(test_frame, test, text, label, kind, label_separator)
    try:
        return Splits.from_arrays(
            rows,
            targets,
            task=kind,
            test=given,
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            seed=seed,
            max_tokens=max_tokens,
            max_length=max_length,
            characters=characters,
            description={**source, "text": text, "label": label},
        )
    except RowError as error:
        file, lines = (
            (test, test_frame.index) if error.of.startswith("test") and test else (path, frame.index)
        )
        what = "targets: " if error.of.endswith("targets") else ""
        raise DataError(f"{file}: line {lines[error.row]}: {what}{error.problem}") from error


def read_frame(path: FilePath, *, column_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Reads a table as text cells; its index is the line of each row. Pandas' own reader fills up short lines silently.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not UTF-8.
    """
    import pandas as pd

    (_, names), *numbered = iterate_rows(path, column_names=column_names)
    if not numbered:
        raise DataError(f"{path}: received a header and no rows; expected at least one row.")
    lines, rows = zip(*numbered, strict=True)
    frame = pd.DataFrame(list(rows), columns=names, index=list(lines), dtype=object)
    # For messages that say how to mend the file.
    frame.attrs = {"path": str(path), "tabs": _has_tabs(Path(path)), "column_names": column_names}
    return frame


def iterate_rows(
    path: FilePath, *, column_names: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yields the column names of a table, then its rows, one at a time; all of one width, blank lines left out.

    Each comes with the number of the line in the file that it ends on.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not UTF-8.
    """
    file = existing_file(path, "a CSV or TSV file")
    try:
        yield from _read_cells(file, column_names)
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 ({error.reason}). Convert it to UTF-8.") from error
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"{file}: damaged or cut short ({error}); expected a whole file. Fetch it again."
        ) from error


def _read_cells(file: Path, column_names: Sequence[str] | None) -> Iterator[tuple[int, list[str]]]:
    tabs = _has_tabs(file)
    opened = gzip.open if file.name.lower().endswith(".gz") else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(
            stream,
            delimiter="\t" if tabs else ",",
            quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
            strict=True,
        )
        try:
            names = list(column_names) if column_names else next(reader, [])
            if not names:
                raise DataError(f"{file}: received an empty file; expected a table. Check the path.")
            _check_names(file, names)
            yield reader.line_num, names
            for row in reader:
                if row and len(row) != len(names):
                    raise DataError(
                        f"{file}: line {reader.line_num} has {len(row)} columns; expected {len(names)}. Mend the line."
                    )
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise DataError(
                f"{file}: line {reader.line_num} cannot be read ({error}); expected quotes to be closed and cells of "
                f"at most {csv.field_size_limit():,} characters. Mend the line."
            ) from error


def _has_tabs(file: Path) -> bool:
    return file.name.lower().removesuffix(".gz").endswith(".tsv")


def _check_names(file: Path, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{file}: has several columns named {repeated[0]!r}; expected each name once.")


def refuse_same_column(text: str, label: str) -> None:
    """Raises ``ArgumentError`` if the texts are to be their own labels."""
    if text == label:
        raise ArgumentError(
            f"label: received {label!r}, which is the column of texts; expected another one. Name the column of labels."
        )


def check_label(path: FilePath, line: int, label: str) -> None:
    """Raises ``DataError``, with the line, if a row has no label."""
    try:
        label_name(label)
    except DataError as error:
        raise DataError(f"{path}: line {line}: {error}") from error


def check_text(path: FilePath, line: int, text: str) -> None:
    """Raises ``DataError``, with the line, if a row has a text without a word."""
    try:
        refuse_empty([text], [np.zeros(int(has_words(text)))], kind="text", expected="at least one word")
    except EmptyRowError as error:
        raise DataError(f"{path}: line {line}: {error.problem}") from error


def _columns(
    frame: pd.DataFrame, path: FilePath, text: str, label: str, task: str, separator: str | None
) -> tuple[list[Any], list[Any]]:
    for column in (text, label):
        if column not in frame.columns:
            raise UnknownNameError(f"column of {path}", column, map(str, frame.columns))
    rows, targets = frame[text].tolist(), frame[label].tolist()
    known = get_task(task)
    if not known.per_step and known.targets != "labels":
        for line, cell in zip(frame.index, targets, strict=True):
            check_label(path, line, cell)
    if known.per_step:
        return [row.split() for row in rows], [row.split() for row in targets]
    if known.targets == "labels":
        return rows, [
            [part.strip() for part in cell.split(separator or ",") if part.strip()] for cell in targets
        ]
    return rows, targets
