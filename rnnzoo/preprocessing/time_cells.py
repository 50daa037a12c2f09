"""Times as they are sent: texts in one format, dates with a clock beside, or ready dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from rnnzoo.errors import DataError

#: The name of the format of dates with the year first, as ISO 8601 has them.
ISO = "ISO8601"
#: Columns that make a time together, in order.
PARTS = ("year", "month", "day", "hour", "minute", "second")
_ISO_TEXT = re.compile(
    r"(\d{4})(?:([-/. ]?)(\d{1,2})(?:\2(\d{1,2}))?)?"
    r"(?:[T ](\d{1,2})(?::?(\d{1,2})(?::?(\d{1,2})(?:\.(\d{0,9}))?)?)?)?"
    r"\s*(Z|[+-]\d{2}(?::?\d{2})?)?"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*([AaPp][Mm])?")
_NONE = np.timedelta64("NaT", "s")
#: What 64 bits of nanoseconds hold.
_YEARS = (1678, 2261)
_SECOND = np.timedelta64(1_000_000_000, "ns")
_HOURS_OF_A_DAY = 24


def read_dates(cells: Sequence[Any], form: str, place: Callable[[int], str]) -> tuple[np.ndarray, np.ndarray]:
    """Reads texts or ready dates.

    Args:
        cells: Texts of one format, or dates of Python, NumPy or pandas.
        form: The format, as ``datetime.strptime`` has it, or ``ISO``.
        place: Returns what messages call a cell, such as ``"row 0: 'date' at step 3"``.

    Returns:
        What the clock of each shows ``(cells,)`` ``datetime64[ns]``, and its offset from UTC, ``timedelta64[s]``, NaT
        where it has none.

    Raises:
        DataError: If a cell is no date of that format.

    Example:
        >>> wall, offsets = read_dates(["05.01.2020 13:00"], "%d.%m.%Y %H:%M", str)
        >>> wall.astype("datetime64[s]").tolist(), offsets.tolist()
        ([datetime.datetime(2020, 1, 5, 13, 0)], [None])
    """
    wall = np.empty(len(cells), "datetime64[ns]")
    offsets = np.full(len(cells), _NONE)
    for step, cell in enumerate(cells):
        found = _date(cell, form)
        if found is None:
            kind = "a date such as '2024-01-31 13:00'" if form == ISO else f"a date of the format {form!r}"
            raise DataError(f"{place(step)} is {cell!r:.60}; expected {kind}, as in training. Correct it.")
        wall[step], offsets[step] = found
    return wall, offsets


def written(time: datetime, form: str) -> str:
    """Returns a time as a text that ``read_dates`` reads.

    Example:
        >>> written(datetime(2024, 1, 31, 13), "%d.%m.%Y %H:%M")
        '31.01.2024 13:00'
    """
    return time.isoformat() if form == ISO else time.strftime(form)


def read_clocks(cells: Sequence[Any], place: Callable[[int], str]) -> np.ndarray:
    """Reads times of day: texts such as ``"17:24:00"``, hours from 0 to 24, or ready ones.

    Args:
        cells: The cells.
        place: Returns what messages call a cell.

    Returns:
        The time since midnight of each ``(cells,)``, ``timedelta64[ns]``.

    Example:
        >>> read_clocks(["17:30", "5:30 pm", 17.5], str).astype("timedelta64[m]").astype(int).tolist()
        [1050, 1050, 1050]
    """
    found = np.empty(len(cells), "timedelta64[ns]")
    for step, cell in enumerate(cells):
        clock = _clock(cell)
        if clock is None:
            raise DataError(
                f"{place(step)} is {cell!r:.60}; expected a time of day such as '17:24' or '17:24:00', or hours from 0 "
                "to 24. Correct it."
            )
        found[step] = clock
    return found


def read_parts(columns: Sequence[np.ndarray], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Makes times of columns of numbers: years, months, days, hours, minutes, seconds.

    Args:
        columns: ``(rows,)`` each.
        names: What each is, of ``PARTS``, in any order; days and what is shorter may be left out.

    Returns:
        The times, ``datetime64[ns]``; and which rows are none, as of 31 April.

    Example:
        >>> times, wrong = read_parts([np.array([2024, 2023]), np.array([2, 2]), np.array([29, 29])], PARTS[:3])
        >>> times[:1].astype("datetime64[D]").tolist(), wrong.tolist()
        ([datetime.date(2024, 2, 29)], [False, True])
    """
    given = {name: np.asarray(column, np.float64) for name, column in zip(names, columns, strict=True)}
    rows = len(next(iter(given.values())))
    year, month = given["year"], given["month"]
    day = given.get("day", np.ones(rows))
    wrong = ~((year >= _YEARS[0]) & (year <= _YEARS[1]) & (month >= 1) & (month <= 12))  # of which NaN is one
    wrong |= ~((day >= 1) & (day <= 31))
    wrong |= (np.nan_to_num(year) % 1 != 0) | (np.nan_to_num(month) % 1 != 0) | (np.nan_to_num(day) % 1 != 0)
    years, months, days = (
        np.where(wrong, 1, part).astype(np.int64) for part in (year - 1970, month - 1, day - 1)
    )
    whole_months = years.astype("timedelta64[Y]").astype("timedelta64[M]") + months.astype("timedelta64[M]")
    first = np.datetime64("1970-01", "M") + whole_months
    dates = first.astype("datetime64[D]") + days
    wrong |= dates.astype("datetime64[M]") != first
    times = dates.astype("datetime64[ns]")
    for name, seconds, most in (("hour", 3600, 24), ("minute", 60, 60), ("second", 1, 60)):
        if name in given:
            part = given[name]
            bad = ~((part >= 0) & (part < most)) & ~((name == "hour") & (part == most))
            wrong |= bad
            times = times + (np.where(bad, 0, part) * seconds * 1e9).round().astype("timedelta64[ns]")
    return times, wrong


def _date(cell: Any, form: str) -> tuple[Any, Any] | None:
    """Returns what a cell's clock shows and its offset; ``None`` if it is no date."""
    if isinstance(cell, np.datetime64):
        year = cell.astype("datetime64[Y]").astype(int) + 1970
        return (cell, _NONE) if not np.isnat(cell) and _is_year(year) else None
    if isinstance(cell, datetime):
        return _ready(cell)
    if isinstance(cell, date):
        return (np.datetime64(cell), _NONE) if _is_year(cell.year) else None
    if isinstance(cell, bool) or not isinstance(cell, str | int | np.integer):
        return None
    text = str(cell).strip()
    return _iso_date(text) if form == ISO else _formatted(text, form)


def _is_year(year: float) -> bool:
    return _YEARS[0] <= year <= _YEARS[1]


def _ready(cell: datetime) -> tuple[Any, Any] | None:
    if not _is_year(cell.year):  # of what pandas has for a missing time it is NaN
        return None
    offset = cell.utcoffset()
    wall = np.datetime64(cell.replace(tzinfo=None)) + np.timedelta64(getattr(cell, "nanosecond", 0), "ns")
    return wall, _NONE if offset is None else np.timedelta64(offset)


def _formatted(text: str, form: str) -> tuple[Any, Any] | None:
    try:
        # Python reads microseconds at most.
        return _ready(datetime.strptime(re.sub(r"(\.\d{6})\d+", r"\1", text), form))
    except ValueError:
        return None


def _iso_date(text: str) -> tuple[Any, Any] | None:
    found = _ISO_TEXT.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        whole = datetime(int(year), int(month or 1), int(day or 1))
        clock = time(int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    if not _is_year(whole.year):
        return None
    nanoseconds = np.timedelta64(int((fraction or "").ljust(9, "0")), "ns")
    wall = np.datetime64(datetime.combine(whole, clock)) + nanoseconds
    if zone is None:
        return wall, _NONE
    digits = zone.replace(":", "").replace("Z", "+00")
    seconds = int(digits[1:3]) * 3600 + int(digits[3:] or 0) * 60
    return wall, np.timedelta64(-seconds if digits[0] == "-" else seconds, "s")


def _clock(cell: Any) -> Any:
    """Returns the time since midnight; ``None`` if a cell is no time of day."""
    if isinstance(cell, timedelta):
        return np.timedelta64(cell)
    if isinstance(cell, np.timedelta64):
        return None if np.isnat(cell) else cell
    if isinstance(cell, time):
        return np.timedelta64(
            timedelta(
                hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond
            )
        )
    if isinstance(cell, bool):
        return None
    text = str(cell).strip()
    found = _CLOCK.fullmatch(text)
    if found is None:
        return _hours(text)
    hour, minute, second, fraction, half = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    whole = hours * 3600 + int(minute) * 60 + int(second or 0)
    if int(minute) > 59 or int(second or 0) > 59 or whole > _HOURS_OF_A_DAY * 3600:
        return None
    return whole * _SECOND + np.timedelta64(int((fraction or "").ljust(9, "0")), "ns")


def _hours(text: str) -> Any:
    try:
        hours = float(text)
    except ValueError:
        return None
    return np.timedelta64(round(hours * 3_600_000_000_000), "ns") if 0 <= hours <= _HOURS_OF_A_DAY else None
