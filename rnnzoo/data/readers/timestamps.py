"""Columns of times: numbers, or dates in one format for all rows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.date_formats import ZONE
from rnnzoo.data.readers.date_formats import possible_formats as possible_formats
from rnnzoo.data.readers.file_tables import FileColumn, column_cell, column_head, map_column
from rnnzoo.data.readers.row_places import row_place
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.time_cells import ISO as _ISO
from rnnzoo.preprocessing.time_step import MIXED
from rnnzoo.preprocessing.wall_clock import check_zone, to_instants, to_wall

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.data.readers.file_tables import Column

#: What 64 bits of nanoseconds hold.
_YEARS = (1678, 2261)
#: Dates written with digits alone, whose numbers do not rise evenly.
COMPACT = {8: "%Y%m%d", 6: "%Y%m"}
#: What to do about hours that a zone does not have, or has twice.
_ZONE_FIX = (
    "If the clock of the table is never changed, leave zone out (on the command line --zone), or name its offset, such "
    "as zone='+01:00'. Otherwise drop such rows, or write all times with their offset, such as 2024-10-27T02:00+01:00."
)


@dataclass(frozen=True)
class Times:
    """The times of the rows of a table.

    Attributes:
        name: The column; ``None`` for the index of a frame.
        values: ``(rows,)``, numbers or ``datetime64``; those with an offset in UTC.
        local: The same as a clock on the wall shows them, where they have an offset; else ``values``.
        form: The format that they were read by; ``None`` for numbers and ready dates.
        texts: Whether the cells are texts, numbers or not.
        zone: The zone of the clock, of IANA or an offset; ``"mixed"`` where each time has its own; ``None`` for none.
        joined: How columns make a time, as ``TimeAxis`` has it; ``name`` is then a tuple of them.
        clock_hours: Whether the clock beside a date is a number of hours.
    """

    name: Any
    values: np.ndarray
    local: np.ndarray
    form: str | None = None
    texts: bool = False
    zone: str | None = None
    joined: str = "one"
    clock_hours: bool = False

    @property
    def columns(self) -> tuple[Any, ...]:
        """The columns that they were read from: none for the index of a frame."""
        return self.name if isinstance(self.name, tuple) else () if self.name is None else (self.name,)

    def take(self, rows: np.ndarray) -> Times:
        """Returns the times of some rows, in their order."""
        values = self.values[rows]
        local = values if self.local is self.values else self.local[rows]
        return dataclasses.replace(self, values=values, local=local)

    def read_by(self, cells: str) -> str:
        """Returns code that makes times of cells, named by code themselves."""
        if self.form is not None:
            return f"pandas.to_datetime({cells}, format={self.form!r}, utc=True)"
        return f"pandas.to_numeric({cells})" if self.texts else cells

    @property
    def sorting(self) -> str:
        """What ``pandas.DataFrame.sort_values`` needs besides the columns, as code."""
        if self.joined == "parts":
            return ", key=pandas.to_numeric"
        if self.joined != "one":
            return f", key=lambda cells: {self._joined_by}"
        return f", key=lambda cells: {self.read_by('cells')}" if self.form or self.texts else ""

    @property
    def _joined_by(self) -> str:
        """Code that makes what can be sorted of the cells of a date, and of those of a clock."""
        form = None if self.form is None else re.split(r"[ ,T]*%[HI]", self.form)[0]
        dates = "cells" if form is None else f"pandas.to_datetime(cells, format={form!r})"
        clocks = "pandas.to_datetime(cells.astype(str), format='mixed')"
        if self.clock_hours:
            clocks = "pandas.to_numeric(cells)"
        return f"{dates} if cells.name == {self.columns[0]!r} else {clocks}"

    @property
    def are_dates(self) -> bool:
        """Whether they are dates, not numbers."""
        return self.values.dtype.kind == "M"

    @property
    def shown_name(self) -> str:
        """What messages call it."""
        return "the index" if self.name is None else " and ".join(map(repr, self.columns))

    def shown(self, row: int) -> str:
        """Returns the time of a row for a message."""
        if not self.are_dates:
            return f"{self.values[row]:.15g}"
        import pandas as pd

        return str(pd.Timestamp(self.local[row]))


def read_times(
    column: Column,
    *,
    time_format: str | None = None,
    zone: str | None = None,
    codes: np.ndarray | None = None,
) -> Times:
    """Reads a column of times: all numbers, or all dates of one format.

    Args:
        column: The cells; its index says what messages name as the line.
        time_format: The format of dates, as ``datetime.strptime`` has it; ``None`` to find the one that reads all rows.
        zone: The zone whose clock dates without an offset are of, such as ``"Europe/Berlin"``; those with one are told
            by that clock. ``None`` for times as they are.
        codes: The number of the series that each row is of ``(rows,)``, where there are several: which of two hours of
            the same name a row is of is told by the order of the rows of its series.

    Raises:
        ArgumentError: If the format is none, or the zone.
        DataError: If a cell is no time, or if more than one format reads all rows, each otherwise; or if the zone does
            not have a time, or has it twice and it is not told which.

    Example:
        >>> import pandas as pd
        >>> read_times(pd.Series(["12/01/2024", "13/01/2024"], name="day")).values.astype("datetime64[D]").tolist()
        [datetime.date(2024, 1, 12), datetime.date(2024, 1, 13)]
    """
    times = _read_times(column, time_format)
    return times if zone is None else in_zone(times, zone, column.index, codes)


def in_zone(times: Times, zone: str, lines: pd.Index[Any], codes: np.ndarray | None = None) -> Times:
    """Returns times as the clock of a zone shows them, and as instants in UTC.

    Args:
        times: The times; without an offset they are what the clock shows.
        zone: The zone.
        lines: What messages call each row.
        codes: The number of the series that each row is of, where there are several.

    Raises:
        ArgumentError: If there is no such zone, or the times are numbers.
        DataError: If the zone does not have a time, or has it twice and it is not told which.
    """
    zone = check_zone(zone)
    if not times.are_dates:
        raise ArgumentError(
            f"zone: received {zone!r} with {times.shown_name}, which holds numbers; expected dates. Leave zone out."
        )
    if times.zone is not None:
        return dataclasses.replace(times, local=to_wall(times.values, zone), zone=zone)

    def place(row: int) -> str:
        return f"{row_place(lines, row)}: {times.shown_name}"

    values = to_instants(times.local, zone, place=place, fix=_ZONE_FIX, groups=codes)
    return dataclasses.replace(times, values=values, zone=zone)


def _read_times(column: Column, time_format: str | None) -> Times:
    import pandas as pd

    if not isinstance(column, FileColumn):
        if isinstance(column.dtype, pd.PeriodDtype):
            column = pd.Series(column.dt.to_timestamp())
        if column.dtype.kind == "M" and not column.isna().any():
            return _of_dates(column, column)
    if time_format is not None:
        return _of_dates(column, _given(column, time_format), time_format)
    ready = _ready_numbers(column)
    if ready is not None:
        return Times(column.name, ready, ready)
    if len(column.index) and not np.isfinite(_floats(_numbers(column_head(column)))).all():
        return _of_dates(column, *_found(column))
    numbers = map_column(column, _numbers)
    compact = COMPACT.get(len(_first_text(column))) if len(column.index) else None
    if compact is not None and not numbers.isna().any():
        dates = _compact_dates(column, compact)
        if not dates.isna().any():
            return _of_dates(column, dates, compact)
    good = np.isfinite(_floats(numbers))
    if good.all():
        values = numbers.to_numpy()
        return Times(column.name, values, values, texts=column.dtype.kind not in "iuf")
    row = int((~good).argmax())
    raise DataError(
        f"{row_place(column.index, row)}: {column.name!r} is {str(column_cell(column, row))!r}; expected a number, as "
        "in the rows before. Correct or drop the row."
    )


def _ready_numbers(column: Column) -> np.ndarray | None:
    """Returns the numbers of a column that holds numbers, none of which is a date in digits; else ``None``."""
    if (
        isinstance(column, FileColumn)
        or not isinstance(column.dtype, np.dtype)
        or column.dtype.kind not in "iuf"
    ):
        return None
    numbers = column.to_numpy()
    dates = len(numbers) > 0 and len(_first_text(column)) in COMPACT
    return None if dates or not np.isfinite(numbers).all() else numbers


def _first_text(column: Column) -> str:
    return str(_text(column_head(column)).iloc[0])


def _text(cells: pd.Series[Any]) -> pd.Series[Any]:
    return cells.astype(str).str.strip()


def _numbers(cells: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    return pd.to_numeric(_text(cells).where(~cells.isna()), errors="coerce")


def _floats(numbers: pd.Series[Any]) -> np.ndarray:
    return numbers.to_numpy(np.float64, na_value=np.nan)


def _compact_dates(column: Column, form: str) -> pd.Series[Any]:
    """Returns dates of digits alone, none where a cell has more or fewer of them than the first."""
    digits = len(_first_text(column))
    return map_column(
        column, lambda cells: _parsed_text(_text(cells), form).where(_text(cells).str.len() == digits)
    )


def _of_dates(column: Column, dates: pd.Series[Any], form: str | None = None) -> Times:
    import pandas as pd

    def nanoseconds(part: pd.Series[Any]) -> np.ndarray:
        return pd.DatetimeIndex(part).as_unit("ns").to_numpy()

    utc = nanoseconds(dates if dates.dt.tz is None else dates.dt.tz_convert("UTC").dt.tz_localize(None))
    local = _local(column, dates, form)
    if local is None:
        return Times(column.name, utc, utc, form)
    shown = nanoseconds(local)
    zone = getattr(dates.dt.tz, "key", getattr(dates.dt.tz, "zone", None)) if form is None else None
    return Times(column.name, utc, shown, form, zone=zone or _zone_of(shown - utc))


def _zone_of(offsets: np.ndarray) -> str:
    """Returns the one offset of all times as the name of a zone."""
    minutes = np.unique(offsets.astype("timedelta64[m]").astype(int))
    if len(minutes) > 1:
        return MIXED
    total = int(minutes[0]) if len(minutes) else 0
    return f"{'-' if total < 0 else '+'}{abs(total) // 60:02}:{abs(total) % 60:02}" if total else "UTC"


def _local(column: Column, dates: pd.Series[Any], form: str | None) -> pd.Series[Any] | None:
    """Returns what a clock on the wall shows: times without their offsets; ``None`` where they have none."""
    if form is None:
        return None if dates.dt.tz is None else dates.dt.tz_localize(None)
    if not (form == _ISO or "%z" in form):
        return None
    bare = map_column(column, _without_zone)
    if bare.all():
        return None
    if bare.any():
        row = int(bare.to_numpy().argmax())
        raise DataError(
            f"{row_place(column.index, row)}: {column.name!r} is {str(column_cell(column, row))!r}, without an offset "
            "from UTC, which other rows have; expected one in all rows, or in none. Correct it."
        )
    own = re.sub(" ?%z", "", form)
    local = map_column(column, lambda cells: _parsed_text(_bare(cells), own))
    return (dates if local.isna().any() else local).dt.tz_localize(None)


def _without_zone(cells: pd.Series[Any]) -> pd.Series[Any]:
    return _bare(cells) == _text(cells)


def _bare(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Returns times without their offsets."""
    return _text(cells).str.replace(ZONE, r"\1", regex=True)


def _parsed(column: Column, form: str) -> pd.Series[Any]:
    return map_column(column, lambda cells: _parsed_text(_text(cells), form))


def _parsed_text(text: pd.Series[Any], form: str) -> pd.Series[Any]:
    """Returns dates, none where a text cannot be read or is of a year that nanoseconds do not reach."""
    dates = _of_any_year(text, form)
    return dates.where(dates.dt.year.between(*_YEARS))


def _of_any_year(text: pd.Series[Any], form: str) -> pd.Series[Any]:
    import pandas as pd

    return pd.to_datetime(text, format=form, errors="coerce", utc=True)


def _given(column: Column, form: str) -> pd.Series[Any]:
    if not isinstance(form, str) or "%" not in form:
        raise ArgumentError(
            f"time_format: received {form!r}; expected a format such as '%d.%m.%Y %H:%M'. See datetime.strptime."
        )
    try:
        dates = _parsed(column, form)
    except ValueError as error:
        raise ArgumentError(
            f"time_format: received {form!r} ({error}); expected a format such as '%d.%m.%Y %H:%M'. See "
            "datetime.strptime."
        ) from error
    _refuse_unread(column, dates, form, "that time_format names", "Correct the cell or time_format")
    return dates


def _found(column: Column) -> tuple[pd.Series[Any], str]:
    """Returns the dates and the one format that reads them all."""
    first = _first_text(column)
    iso = not _parsed_text(_text(column_head(column)), _ISO).isna().any()
    readings = {form: _parsed(column, form) for form in ((_ISO,) if iso else possible_formats(first))}
    if not readings:
        raise DataError(
            f"{row_place(column.index, 0)}: {column.name!r} is {str(column_cell(column, 0))!r}; expected a timestamp "
            "or a number. Correct it, or say how it is to be read, such as time_format='%d.%m.%Y %H:%M' (on the "
            "command line --time-format '%d.%m.%Y %H:%M')."
        )
    whole = {form: dates for form, dates in readings.items() if not dates.isna().any()}
    if not whole:
        form, dates = min(readings.items(), key=lambda item: int(item[1].isna().sum()))
        _refuse_unread(column, dates, form, "of the rows before")
    _refuse_ambiguous(column, whole)
    form, dates = next(iter(whole.items()))
    return dates, form


def _refuse_unread(
    column: Column, dates: pd.Series[Any], form: str, whose: str, fix: str = "Correct it"
) -> None:
    if not dates.isna().any():
        return
    import pandas as pd

    row = int(dates.isna().to_numpy().argmax())
    cell = str(column_cell(column, row))
    where = f"{row_place(column.index, row)}: {column.name!r} is {cell!r}"
    if not _of_any_year(pd.Series([cell.strip()]), form).isna().any():
        first, last = _YEARS
        raise DataError(
            f"{where}; expected a time of the years {first} to {last}. Number the rows in place of dates."
        )
    raise DataError(f"{where}; expected the format {form!r} {whose}. {fix}: all rows need one format.")


def _refuse_ambiguous(column: Column, readings: dict[str, pd.Series[Any]]) -> None:
    (first, dates), *others = readings.items()
    for form, other in others:
        differing = (dates != other).to_numpy()
        if differing.any():
            row = int(differing.argmax())
            raise DataError(
                f"{column.name!r}: every row can be read as {_reading(first, dates.iloc[row])} and as "
                f"{_reading(form, other.iloc[row])}, {str(column_cell(column, row))!r} in "
                f"{row_place(column.index, row)} for one; expected dates of one reading. Say which is right: "
                f"time_format={first!r} or time_format={form!r} (on the command line --time-format {first!r} or "
                f"--time-format {form!r})."
            )


def _reading(form: str, example: Any) -> str:
    firsts = {"d": "day", "m": "month", "y": "year", "Y": "year"}
    letter: Iterable[str] = (part[0] for part in form.split("%")[1:])
    return f"{form!r} ({firsts[next(iter(letter))]} first: {example.day} {example:%B %Y})"
