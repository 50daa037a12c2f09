"""Sheets of Excel files as frames: a header in the first row, a value in each cell below."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.data.readers.file_format import FileFormat
from rnnzoo.data.readers.table_files import check_names, refuse_no_rows
from rnnzoo.errors import DataError, UnknownNameError, one_line
from rnnzoo.files import FilePath, existing_file

if TYPE_CHECKING:
    import pandas as pd


def read_sheet(path: FilePath, form: FileFormat) -> pd.DataFrame:
    """Reads a sheet of an Excel file; the index is the number of each row in it.

    Args:
        path: The file.
        form: Which sheet is read, and the names of the columns where it has no header.

    Raises:
        PathNotFoundError: If there is no such file.
        UnknownNameError: If there is no such sheet; the nearest is suggested.
        DataError: If cells are merged, a row between others is empty, or openpyxl is not installed.
    """
    import pandas as pd

    file = existing_file(path, "an Excel file")
    name, several, rows = _cells(file, form.sheet)
    where = f"{file}, sheet {name!r}"
    width = max((len(row) for row in rows), default=0)
    names = list(form.column_names) if form.column_names else _header(where, rows)
    first = 1 if form.column_names else 2
    rows = rows[first - 1 :]
    refuse_no_rows(where, len(rows))
    if width > len(names):
        number = next(number for number, row in enumerate(rows, first) if len(row) > len(names))
        raise DataError(
            f"{where}: row {number} has a value in column {len(rows[number - first])}; expected {len(names)} columns, "
            f"as {'were named' if form.column_names else 'row 1 names'}. Name the column, or empty its cells."
        )
    for number, row in enumerate(rows, first):
        if not row:
            raise DataError(f"{where}: row {number} is empty; expected values in each row. Delete the row.")
    cells = [[*row, *[None] * (len(names) - len(row))] for row in rows]
    frame = pd.DataFrame(cells, columns=names, index=pd.RangeIndex(first, first + len(cells)))
    sheet = f", sheet_name={name!r}"
    given = f", header=None, names={names!r}" if form.column_names else ""
    frame.attrs = {
        "path": str(path),
        "unusual": {"sheet": name} if several else {},
        "reading": f"pandas.read_excel({str(path)!r}{sheet}{given})",
        "writing": f".to_excel('one.xlsx', index=False{sheet}{', header=False' if given else ''})",
    }
    return frame


def _cells(file: Path, sheet: str | None) -> tuple[str, bool, list[list[Any]]]:
    """Returns the name of a sheet, whether there are others, and its rows without the empty cells behind the last."""
    try:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise DataError(
            f"{file}: is read by openpyxl, which is not installed. Run: pip install openpyxl"
        ) from error
    try:
        book = openpyxl.load_workbook(file, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(
            f"{file}: cannot be read as an Excel file ({one_line(error, 200)}); expected a whole .xlsx file without a "
            "password. Save it again."
        ) from error
    sheets = {found.title: found for found in book.worksheets}
    if sheet is not None and sheet not in sheets:
        raise UnknownNameError(f"sheet of {file}", sheet, sheets)
    name = next(iter(sheets)) if sheet is None else sheet
    merged = sorted(str(found) for found in sheets[name].merged_cells.ranges)
    if merged:
        raise DataError(
            f"{file}, sheet {name!r}: the cells {merged[0]} are merged; expected a value in each cell, and names of "
            "columns in the first row. Unmerge them, and fill each."
        )
    rows = [_trimmed(row) for row in sheets[name].iter_rows(values_only=True)]
    while rows and not rows[-1]:
        rows.pop()
    return name, len(sheets) > 1, rows


def _trimmed(row: tuple[Any, ...]) -> list[Any]:
    cells = list(row)
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    return cells


def _header(where: str, rows: list[list[Any]]) -> list[str]:
    if not rows or not rows[0]:
        raise DataError(
            f"{where}: row 1 is empty; expected the names of the columns there. Delete rows before them."
        )
    names = ["" if cell is None else str(cell) for cell in rows[0]]
    check_names(where, names)
    return names
