"""The step from one time to the next: seconds to days by the clock, business days and months by the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rnnzoo.preprocessing.wall_clock import nearest_instants, to_wall

DAY, BUSINESS_DAY, MONTH, NUMBER = "day", "business day", "month", "number"
#: Nanoseconds of the units that are always as long.
SIZES = {DAY: 86_400e9, "hour": 3600e9, "minute": 60e9, "second": 1e9}
UNITS = (MONTH, BUSINESS_DAY, *SIZES, NUMBER)
#: The zone of times that have an offset of their own each.
MIXED = "mixed"
_LAST, _FIRST = "last business day", "first business day"
_LONGEST_MONTH = 31
_ONE_DAY = np.timedelta64(1, "D")
_ONE_MONTH = np.timedelta64(1, "M")


@dataclass(frozen=True)
class TimePoints:
    """Some times, one after the other.

    Attributes:
        wall: What a clock on the wall shows ``(times,)``, ``datetime64[ns]``; numbers where times are numbers.
        instants: The same in UTC; as ``wall`` where no zone is known.
    """

    wall: np.ndarray
    instants: np.ndarray

    def __len__(self) -> int:
        return len(self.wall)

    def __getitem__(self, places: Any) -> TimePoints:
        return TimePoints(self.wall[places], self.instants[places])


@dataclass(frozen=True)
class TimeStep:
    """The step from one time to the next.

    Attributes:
        unit: One of ``UNITS``.
        count: How many of them.
        by_wall: Whether a clock on the wall goes evenly, across a change of clocks too, as of days at noon; else time
            does, as of hours.
        anchor: On which day of a month times are: its number, 31 for the last; ``"last business day"``,
            ``"first business day"``; ``None`` for each as it is.

    Example:
        >>> ends = np.array(["2024-01-31", "2024-02-29"], "datetime64[ns]")
        >>> step = TimeStep("month", anchor=month_anchor(ends))
        >>> step.after(TimePoints(ends, ends)[-1:], np.arange(1, 3), None).wall.astype("datetime64[D]").tolist()
        [datetime.date(2024, 3, 31), datetime.date(2024, 4, 30)]
    """

    unit: str
    count: float = 1
    by_wall: bool = False
    anchor: int | str | None = None

    kept: ClassVar[tuple[str, ...]] = ("unit", "count", "by_wall", "anchor")

    def __str__(self) -> str:
        if self.unit == NUMBER:
            return f"{self.count:g}"
        return f"{self.count:g} {self.unit}{'' if self.count == 1 else 's'}"

    def lengths(self, points: TimePoints) -> np.ndarray:
        """Returns each step from time to time in units of this one ``(times - 1,)``: 1 where it is kept to."""
        if self.unit == MONTH:
            return np.diff(_months(points.wall)) / self.count
        if self.unit == BUSINESS_DAY:
            days = points.wall.astype("datetime64[D]")
            return np.busday_count(days[:-1], days[1:]) / self.count
        values = points.wall if self.by_wall else points.instants
        if self.unit == NUMBER:
            return np.asarray(np.diff(values.astype(np.float64)) / self.count)
        return np.diff(values.astype("datetime64[ns]")).astype(np.float64) / (self.count * SIZES[self.unit])

    def after(self, points: TimePoints, counts: np.ndarray, zone: str | None) -> TimePoints:
        """Returns the times that are some steps after others.

        Args:
            points: The times that are stepped from: one, or one for each of ``counts``.
            counts: How many steps ``(times,)``.
            zone: The zone of the wall; ``None`` where none is known, ``MIXED`` where each time has its own offset,
                which is then taken to stay.
        """
        offsets = points.wall - points.instants
        if self.unit == NUMBER:
            values = points.wall + counts * self.count
            return TimePoints(values, values)
        if self.unit in SIZES and not self.by_wall:
            instants = points.instants + (counts * self.count * SIZES[self.unit]).round().astype(
                "timedelta64[ns]"
            )
            wall = instants + offsets if zone in (None, MIXED) else to_wall(instants, zone)
            return TimePoints(wall, instants)
        wall = self._wall_after(points.wall, counts)
        if zone is None or zone == MIXED:
            return TimePoints(wall, wall - offsets)
        instants = nearest_instants(wall, zone)
        return TimePoints(to_wall(instants, zone), instants)

    def _wall_after(self, wall: np.ndarray, counts: np.ndarray) -> np.ndarray:
        days = wall.astype("datetime64[D]")
        if self.unit == BUSINESS_DAY:
            # From a weekend, the first step is to Monday.
            found = np.busday_offset(days, counts * int(self.count), roll="backward")
        elif self.unit == MONTH:
            first = days.astype("datetime64[M]") + np.asarray(counts * int(self.count), "timedelta64[M]")
            found = _place_in_months(first, self.anchor, days)
        else:
            return np.asarray(
                wall + (counts * self.count * SIZES[self.unit]).round().astype("timedelta64[ns]")
            )
        return np.asarray(found.astype("datetime64[ns]") + (wall - days))

    def to_config(self) -> dict[str, Any]:
        """Returns unit, count, and which clock or day it keeps to."""
        return {name: getattr(self, name) for name in self.kept}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TimeStep:
        """Makes it again."""
        return cls(**config)


def month_anchor(wall: np.ndarray) -> int | str | None:
    """Returns on which day of a month all of some times are, as ``TimeStep.anchor`` has it.

    Example:
        >>> month_anchor(np.array(["2024-03-29", "2024-04-30", "2024-05-31"], "datetime64[D]"))
        'last business day'
    """
    days = wall.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    number = (days - months.astype("datetime64[D]")).astype(int) + 1
    for anchor in (_LONGEST_MONTH, int(number.max(initial=1)), _LAST, _FIRST):
        if (_place_in_months(months, anchor, days) == days).all():
            return anchor
    return None


def _place_in_months(months: np.ndarray, anchor: int | str | None, days: np.ndarray) -> np.ndarray:
    """Returns the day of an anchor in each month; without one that of the same number as in ``days``."""
    first = months.astype("datetime64[D]")
    if anchor == _FIRST:
        return np.asarray(np.busday_offset(first, 0, roll="forward"))
    following = (months + _ONE_MONTH).astype("datetime64[D]")
    if anchor == _LAST:
        return np.asarray(np.busday_offset(following - _ONE_DAY, 0, roll="backward"))
    own = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    number = own if anchor is None else anchor
    last = (following - first).astype(int)
    return np.asarray(first + (np.minimum(number, last) - 1).astype("timedelta64[D]"))


def _months(wall: np.ndarray) -> np.ndarray:
    """Returns times in months since 1970, days as fractions."""
    months = wall.astype("datetime64[M]")
    first, following = (
        part.astype("datetime64[ns]").astype(np.int64) for part in (months, months + _ONE_MONTH)
    )
    return np.asarray(
        months.astype(np.int64)
        + (wall.astype("datetime64[ns]").astype(np.int64) - first) / (following - first)
    )
