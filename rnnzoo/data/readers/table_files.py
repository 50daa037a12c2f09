"""Tables in files: their cells as texts, line by line."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import LINE
from rnnzoo.data.targets import label_name
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError
from rnnzoo.files import FilePath, existing_file, is_path
from rnnzoo.preprocessing.base import refuse_empty
from rnnzoo.preprocessing.text import has_words

if TYPE_CHECKING:
    import pandas as pd


def expect_file(source: object, name: str) -> FilePath:
    """Returns the path of a table that is read from disk.

    Raises:
        ArgumentError: If it is a frame.
    """
    if not is_path(source):
        raise ArgumentError(
            f"{name}: received {type(source).__name__} with from_disk; expected a file. Leave from_disk out."
        )
    return source


def read_frame(path: FilePath, *, column_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Reads a table as text cells; its index is the line of each row. Pandas' own reader fills up short lines silently.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not UTF-8.
    """
    import pandas as pd

    (_, names), *numbered = iterate_rows(path, column_names=column_names)
    refuse_no_rows(path, len(numbered))
    lines, rows = zip(*numbered, strict=True)
    frame = pd.DataFrame(list(rows), columns=names, index=pd.Index(lines, name=LINE), dtype=object)
    frame.attrs = frame_facts(path, column_names)
    return frame


def refuse_no_rows(path: FilePath, rows: int) -> None:
    """Raises ``DataError`` for a table without a row."""
    if not rows:
        raise DataError(f"{path}: received a header and no rows; expected at least one row.")


def frame_facts(path: FilePath, column_names: Sequence[str] | None) -> dict[Hashable | None, Any]:
    """Returns how a file is written, for messages that say how to correct it."""
    return {"path": str(path), "tabs": _has_tabs(Path(path)), "column_names": column_names}


def iterate_rows(
    path: FilePath, *, column_names: Sequence[str] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yields the column names of a table, then its rows, one at a time; all of one width, blank lines left out.

    In a table of one column a blank line may be an empty cell, and is refused: rows would be taken for others.

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
    opened = gzip.open if _is_packed(file) else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(
            _checked_lines(file, stream),
            delimiter="\t" if tabs else ",",
            quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
            strict=True,
        )
        try:
            names = list(column_names) if column_names else next(reader, [])
            if not names:
                raise DataError(f"{file}: received an empty file; expected a table. Check the path.")
            if not column_names:
                _refuse_other_separator(file, names, tabs=tabs)
            _check_names(file, names)
            yield reader.line_num, names
            for row in reader:
                if row and len(row) != len(names):
                    raise DataError(
                        f"{file}: line {reader.line_num} has {len(row)} columns; expected {len(names)}. Correct the "
                        "line."
                    )
                if row:
                    yield reader.line_num, row
                elif len(names) == 1:
                    empty = "" if tabs else ', or write "" for an empty cell'
                    raise DataError(
                        f"{file}: line {reader.line_num} is blank; expected a value of {names[0]!r} in every line of a "
                        f"table of one column. Delete the line{empty}."
                    )
        except csv.Error as error:
            raise DataError(
                f"{file}: line {reader.line_num} cannot be read ({error}); expected quotes to be closed and cells of "
                f"at most {csv.field_size_limit():,} characters. Correct the line."
            ) from error


def _checked_lines(file: Path, stream: Iterable[str]) -> Iterator[str]:
    """Yields the lines of a file, of which none may hold the character 0: it is no text then."""
    for number, line in enumerate(stream, 1):
        if "\0" in line:
            raise DataError(
                f"{file}: line {number} holds a NUL character; expected text. Remove it, or write the file "
                "again as UTF-8."
            )
        yield line


def _has_tabs(file: Path) -> bool:
    return file.name.lower().removesuffix(".gz").endswith(".tsv")


def _refuse_other_separator(file: Path, names: Sequence[str], *, tabs: bool) -> None:
    """Raises ``DataError`` where the header is one cell with marks that separate the columns of other tables."""
    found = next((mark for mark in (",;|" if tabs else "\t;|") if mark in names[0]), None)
    if len(names) > 1 or found is None:
        return
    wanted = "tabs" if tabs else "commas"
    if found == ("," if tabs else "\t"):
        packed = ".gz" if _is_packed(file) else ""
        bare = Path(file.name[: len(file.name) - len(packed)])
        fix = f"Rename the file to {bare.with_suffix('.csv' if tabs else '.tsv')}{packed}."
    else:
        new = file.with_name(f"{file.name.split('.')[0]}_commas.csv").as_posix()
        fix = (
            f"Write it with commas in Python: import pandas; pandas.read_csv({file.as_posix()!r}, sep={found!r}, "
            f"dtype=str, keep_default_na=False).to_csv({new!r}, index=False)"
        )
    raise DataError(
        f"{file}: received the header {names[0]!r}, whose columns seem to be separated by {found!r}; expected {wanted} "
        f"in a file of this ending. {fix}"
    )


def _is_packed(file: Path) -> bool:
    return file.name.lower().endswith(".gz")


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
