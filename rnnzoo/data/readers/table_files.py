"""Tables in files: their cells as texts, line by line."""

from __future__ import annotations

import contextlib
import csv
import gzip
import itertools
import zlib
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.row_places import LINE
from rnnzoo.data.readers.text_encoding import UTF8, is_packed, undecodable, without_mark
from rnnzoo.data.readers.text_form import TextForm, find_text_form, has_point, with_point
from rnnzoo.data.targets import label_name
from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, RnnzooError
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


def read_frame(
    path: FilePath,
    *,
    column_names: Sequence[str] | None = None,
    form: FileFormat | None = None,
    texts: Collection[str] = (),
) -> pd.DataFrame:
    """Reads a table as text cells; its index is the line of each row. Pandas' own reader fills up short lines silently.

    Args:
        path: The file.
        column_names: Names of the columns where it has no header line.
        form: How it is written, the names of columns among it; ``None`` to find it.
        texts: Columns whose cells are no numbers even where they look like some.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not written in the encoding.
    """
    import pandas as pd

    form = form or FileFormat(column_names)
    (_, names), *numbered = iterate_rows(path, form=form, texts=texts)
    refuse_no_rows(path, len(numbered))
    lines, rows = zip(*numbered, strict=True)
    frame = pd.DataFrame(list(rows), columns=names, index=pd.Index(lines, name=LINE), dtype=object)
    frame.attrs = frame_facts(path, form)
    return frame


def refuse_no_rows(path: FilePath, rows: int) -> None:
    """Raises ``DataError`` for a table without a row."""
    if not rows:
        raise DataError(
            f"{path}: received a header and no rows; expected at least one row. Add rows, or check the path."
        )


def frame_facts(path: FilePath, told: FileFormat) -> dict[Hashable | None, Any]:
    """Returns how a file is written, for people to see and for messages that say how to correct it.

    ``"reading"`` and ``"writing"`` are code: what makes a frame of the file, and what writes one like it.
    """
    form, names = text_form(Path(path), told), told.column_names
    given = "" if names is None else f", header=None, names={list(names)!r}"
    header = "" if names is None else ", header=False"
    return {
        "path": str(path),
        "unusual": form.unusual,
        "reading": f"pandas.read_csv({str(path)!r}, dtype=str, keep_default_na=False{given}{form.to_read})",
        "writing": f".to_csv('one.csv', index=False{header}{form.to_write})",
    }


def iterate_rows(
    path: FilePath, *, form: FileFormat | None = None, texts: Collection[str] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Yields the column names of a table, then its rows, one at a time; all of one width, blank lines left out.

    In a table of one column a blank line may be an empty cell, and is refused: rows would be taken for others. Each
    comes with the number of the line in the file that it ends on. Numbers with a decimal comma come with a point.

    Args:
        path: The file.
        form: How it is written; ``None`` to find it.
        texts: Columns whose cells come as they are.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is empty, ragged, cut short or not written in the encoding.
    """
    file, told = existing_file(path, "a CSV or TSV file"), form or FileFormat()
    told.refuse("sheet", what=f"{file}, which has no sheets")
    found = text_form(file, told)
    with _readable(file, found.encoding):
        rows = _read_cells(file, found, told.column_names)
        yield from rows if found.decimal == "." else _with_points(file, found, rows, texts)


def text_form(file: Path, told: FileFormat) -> TextForm:
    """Returns how a table in a text file is written; see ``find_text_form``.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is damaged, or not written in the encoding.
    """
    existing_file(file, "a CSV or TSV file")
    with _readable(file, told.encoding or UTF8):
        return find_text_form(file, told)


@contextlib.contextmanager
def _readable(file: Path, encoding: str) -> Iterator[None]:
    """Says of a file that cannot be read what is wrong with it."""
    try:
        yield
    except UnicodeError as error:
        raise undecodable(file, encoding, error) from error
    except (EOFError, zlib.error, OSError) as error:
        if isinstance(error, RnnzooError):
            raise
        raise DataError(
            f"{file}: damaged or cut short ({error}); expected a whole file. Fetch it again."
        ) from error


def _read_cells(
    file: Path, form: TextForm, column_names: Sequence[str] | None
) -> Iterator[tuple[int, list[str]]]:
    opened = gzip.open if is_packed(file) else open
    with opened(file, "rt", encoding=form.encoding, newline="") as stream:
        lines = _checked_lines(file, stream, form)
        reader = form.reader(itertools.islice(lines, form.skipped, None))
        line = form.skipped
        try:
            names = list(column_names) if column_names else next(reader, [])
            if not names:
                raise DataError(f"{file}: received an empty file; expected a table. Check the path.")
            check_names(file, names)
            line = reader.line_num + form.skipped
            yield line, names
            for row in reader:
                line = reader.line_num + form.skipped
                if row and len(row) != len(names):
                    raise DataError(
                        f"{file}: line {line} has {len(row)} columns; expected {len(names)}.{_cut_at(form, names)} "
                        "Correct the line."
                    )
                if row:
                    yield line, row
                elif len(names) == 1:
                    empty = ', or write "" for an empty cell' if form.quotes else ""
                    raise DataError(
                        f"{file}: line {line} is blank; expected a value of {names[0]!r} in every line of a "
                        f"table of one column. Delete the line{empty}."
                    )
        except csv.Error as error:
            last = reader.line_num + form.skipped
            begins = f"line {line + 1}, which goes on to line {last}," if last > line + 1 else f"line {last}"
            raise DataError(
                f"{file}: {begins} cannot be read ({error}); expected quotes to be closed "
                f"and cells of at most {csv.field_size_limit():,} characters. Correct the line."
            ) from error


def _cut_at(form: TextForm, names: Sequence[str]) -> str:
    """Returns what a message on a line of another width says of what cells were separated by."""
    if len(names) > 1 and form.separator == ",":
        return ""
    if len(names) > 1:
        return f" Cells were cut at {form.separator!r}; for another, pass separator= (on the command line --separator)."
    return (
        f" Cells were cut at {form.separator!r}, which the header does not hold. If commas are decimal marks, pass "
        "separator=';', decimal=',' (on the command line --separator ';' --decimal ,)."
    )


def _with_points(
    file: Path, form: TextForm, rows: Iterator[tuple[int, list[str]]], texts: Collection[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yields names and rows, in which numbers with a decimal comma have a point."""
    line, names = next(rows)
    yield line, names
    kept = [name in texts for name in names]
    for line, row in rows:
        if not form.sure:
            for name, cell, keep in zip(names, row, kept, strict=True):
                if not keep and has_point(cell):
                    raise DataError(
                        f"{file}: line {line}: {name!r} is {cell!r}, but numbers before have a decimal comma; expected "
                        "one mark. Say which it is: decimal=',' or decimal='.' (on the command line --decimal ,). With "
                        "a comma, 1.234 is 1234."
                    )
        yield line, [cell if keep else with_point(cell) for cell, keep in zip(row, kept, strict=True)]


def _checked_lines(file: Path, stream: Iterable[str], form: TextForm) -> Iterator[str]:
    """Yields the lines of a file, of which none may hold the character 0: it is no text then."""
    for number, line in enumerate(stream, 1):
        if "\0" in line:
            wide = without_mark(file, form.encoding)
            fix = (
                f"Pass encoding={wide!r} (on the command line --encoding {wide})"
                if wide
                else "Remove it, or write the file again as UTF-8"
            )
            raise DataError(f"{file}: line {number} holds a NUL character; expected text. {fix}.")
        yield line


def check_names(file: object, names: Sequence[str]) -> None:
    """Raises ``DataError`` where two columns have one name."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{file}: has several columns named {repeated[0]!r}; expected each name once. Rename one."
        )


def refuse_same_column(text: str, label: str) -> None:
    """Raises ``ArgumentError`` if the texts are to be their own labels."""
    if text == label:
        raise ArgumentError(
            f"label: received {label!r}, which is the column of texts; expected another one. Name the column of labels."
        )


def check_label(path: FilePath, place: str, label: str) -> None:
    """Raises ``DataError``, with the place of the row, such as ``"line 5"``, if it has no label."""
    try:
        label_name(label)
    except DataError as error:
        raise DataError(f"{path}: {place}: {error}") from error


def check_text(path: FilePath, line: int, text: str) -> None:
    """Raises ``DataError``, with the line, if a row has a text without a word."""
    try:
        refuse_empty([text], [np.zeros(int(has_words(text)))], kind="text", expected="at least one word")
    except EmptyRowError as error:
        raise DataError(f"{path}: line {line}: {error.problem}") from error
