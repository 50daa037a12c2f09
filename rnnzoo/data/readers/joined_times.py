"""Times that several columns make: a date and a clock, or years, months, days and hours."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.file_tables import (
    FileColumn,
    FileTable,
    column_cell,
    map_column,
    table_column,
    table_pieces,
)
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.timestamps import Times, in_zone, read_times
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.time_cells import PARTS, read_clocks, read_parts

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Column, Table

_CLOCK = re.compile(r"\d{1,2}:\d{2}")


def read_table_times(
    table: Table,
    names: Sequence[Any],
    *,
    time_format: str | None = None,
    zone: str | None = None,
    codes: np.ndarray | None = None,
) -> Times:
    """Reads the times of a table of one column, or of several.

    Args:
        table: The table.
        names: Its columns of times.
        time_format: How dates are written; as for ``read_times`` and ``read_joined_times``.
        zone: The zone whose clock they are of, as for ``read_times``.
        codes: The number of the series that each row is of, as for ``read_times``.
    """
    if len(names) == 1:
        return read_times(table_column(table, names[0]), time_format=time_format, zone=zone, codes=codes)
    return read_joined_times(table, names, time_format=time_format, zone=zone, codes=codes)


def read_joined_times(
    table: Table,
    names: Sequence[Any],
    *,
    time_format: str | None = None,
    zone: str | None = None,
    codes: np.ndarray | None = None,
) -> Times:
    """Reads times that several columns of a table make.

    They are a date and a clock: texts such as ``17:24``, or hours from 0 to 24; or numbers in columns that are called
    year, month, day, hour, minute and second, or the first of these, in any case and order.

    Args:
        table: The table.
        names: The columns, the date first.
        time_format: How dates are written; or, if it has a clock too, how date and clock are, a blank between.
        zone: The zone whose clock they are of, as for ``read_times``.
        codes: The number of the series that each row is of, as for ``read_times``.

    Raises:
        ArgumentError: If columns of such names make no time.
        DataError: If a cell is no date, or no time of day.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"Date": ["16/12/2006", "16/12/2006"], "Time": ["17:24:00", "17:25:00"]})
        >>> read_joined_times(frame, ["Date", "Time"]).values.astype("datetime64[m]").astype(str).tolist()
        ['2006-12-16T17:24', '2006-12-16T17:25']
    """
    lower = [str(name).lower() for name in names]
    if sorted(lower) == sorted(PARTS[: len(names)]) and len(names) > 1:
        if time_format is not None:
            raise ArgumentError(
                f"time_format: received {time_format!r} with columns of parts, {_listed(names)}; expected none. Leave "
                "it out."
            )
        times = _of_parts(table, names, lower)
    elif len(names) == 2:
        has_clock = time_format is not None and re.search("%[HIkl]", time_format) is not None
        times = _of_text(table, names, time_format) if has_clock else _of_clock(table, names, time_format)
    else:
        raise ArgumentError(
            f"time: received {_listed(names)}; expected one column, a date and a clock, or columns called "
            f"{', '.join(PARTS)} or the first of these. Join them in one column."
        )
    return times if zone is None else in_zone(times, zone, table.index, codes)


def _of_clock(table: Table, names: Sequence[Any], time_format: str | None) -> Times:
    date, clock = (table_column(table, name) for name in names)
    if len(table) and _CLOCK.match(str(column_cell(date, 0)).strip()):
        raise ArgumentError(
            f"time: received {_listed(names)}, of which {names[0]!r} is no date; expected the date first. Pass "
            f"time={[names[1], names[0]]!r} (on the command line --time {names[1]},{names[0]})."
        )
    days = read_times(date, time_format=time_format)
    if not days.are_dates:
        raise DataError(
            f"{names[0]!r}: received numbers beside the clock {names[1]!r}; expected dates. Write them as dates."
        )
    late = days.local != days.local.astype("datetime64[D]")
    if days.zone is not None or late.any():
        row = int(late.argmax())
        raise DataError(
            f"{row_place(table.index, row)}: {names[0]!r} is {str(column_cell(date, row))!r}, which has a time of day "
            f"or a zone already; expected a date beside the clock {names[1]!r}. Name {names[0]!r} alone as the time."
        )
    values = days.values + _clocks(clock)
    hours = not _CLOCK.match(str(column_cell(clock, 0)).strip())
    return Times(tuple(names), values, values, days.form, joined="clock", clock_hours=hours)


def _clocks(column: Column) -> np.ndarray:
    import pandas as pd

    def read(cells: pd.Series[Any]) -> pd.Series[Any]:
        codes, known = pd.factorize(cells, use_na_sentinel=False)

        def place(number: int) -> str:
            return f"{row_place(cells.index, int((codes == number).argmax()))}: {column.name!r}"

        return pd.Series(read_clocks(list(known), place)[codes])

    return map_column(column, read).to_numpy("timedelta64[ns]")


def _of_text(table: Table, names: Sequence[Any], time_format: str | None) -> Times:
    column: Column = _JoinedColumn(table, names) if isinstance(table, FileTable) else _joined(table, names)
    return dataclasses.replace(read_times(column, time_format=time_format), name=tuple(names), joined="text")


def _of_parts(table: Table, names: Sequence[Any], lower: Sequence[str]) -> Times:
    import pandas as pd

    pieces = [
        piece[list(names)].apply(pd.to_numeric, errors="coerce") for piece in table_pieces(table, names)
    ]
    numbers = pd.concat(pieces).to_numpy(np.float64)
    values, wrong = read_parts(list(numbers.T), lower)
    if wrong.any():
        row = int(wrong.argmax())
        received = ", ".join(f"{name} {column_cell(table_column(table, name), row)}" for name in names)
        raise DataError(f"{row_place(table.index, row)}: received {received}; expected a date. Correct it.")
    return Times(tuple(names), values, values, joined="parts")


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(map(repr, names))


def _joined(piece: pd.DataFrame, names: Sequence[Any]) -> pd.Series[Any]:
    first, second = (piece[name].astype(str).str.strip() for name in names)
    return (first + " " + second).rename(_name(names))


def _name(names: Sequence[Any]) -> str:
    return " ".join(map(str, names))


class _JoinedColumn(FileColumn):
    """Two columns of texts of a table in a file, joined by a blank."""

    def __init__(self, table: FileTable, names: Sequence[Any]) -> None:
        super().__init__(table, _name(names))
        self._names = list(names)

    def pieces(self) -> Iterator[pd.Series[Any]]:
        """Yields the cells of some rows at a time."""
        return (_joined(piece, self._names) for piece in self._table.pieces(self._names))

    def cell(self, row: int) -> str:
        """Returns one cell; the file is read up to it."""
        cells = self._table.row(row)
        return " ".join(cells[self._table.columns.index(name)].strip() for name in self._names)
