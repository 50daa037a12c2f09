"""The times of a series: how they are read, the step from one to the next, and which come after the last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timezone
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.numeric_rows import is_number_type
from rnnzoo.preprocessing.time_cells import ISO, read_clocks, read_dates, read_parts, written
from rnnzoo.preprocessing.time_step import MIXED, MONTH, TimePoints, TimeStep, month_anchor
from rnnzoo.preprocessing.wall_clock import TOLERANCE, check_zone, shown, to_instants, to_wall

#: How columns make a time: one alone; a date and a clock; both as one text; a column for each part.
JOINS = ("one", "clock", "text", "parts")
_FIX = "Send the times with their offset, such as '2024-10-27T02:00+01:00'."


@dataclass(frozen=True)
class TimeAxis:
    """The times of a series, as a model was trained on them.

    Attributes:
        columns: The columns that make a time.
        step: The step from row to row; ``None`` where there is none in common.
        form: The format of dates, as ``datetime.strptime`` has it, or ``"ISO8601"``; ``None`` where times are numbers.
        zone: The zone whose wall clock they are of, of IANA or an offset such as ``"+01:00"``; ``"mixed"`` where each
            time has an offset of its own; ``None`` where none is known.
        joined: How columns make a time: ``"one"`` alone; ``"clock"``, a date and a time of day; ``"text"``, the same
            read as one text; ``"parts"``, columns of years, months, days and so on.

    Raises:
        ArgumentError: If columns and ``joined`` do not go together, or there is no such zone.

    Example:
        >>> axis = TimeAxis(("date",), TimeStep("hour"), zone="Europe/Berlin")
        >>> past = axis.read(["2024-10-27 01:00", "2024-10-27 02:00"])
        >>> axis.ahead(past, 3).wall.astype("datetime64[m]").astype(str).tolist()  # 02:00 comes twice that day
        ['2024-10-27T02:00', '2024-10-27T03:00', '2024-10-27T04:00']
    """

    columns: Sequence[str]
    step: TimeStep | None = None
    form: str | None = "ISO8601"
    zone: str | None = None
    joined: str = "one"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        checks.choice("joined", self.joined, JOINS)
        if self.zone is not None and self.zone != MIXED:
            object.__setattr__(self, "zone", check_zone(self.zone))
        if (self.joined == "one") != (len(self.columns) == 1) or (self.joined != "one" and self.form is None):
            raise ArgumentError(
                f"columns: received {list(self.columns)} joined as {self.joined!r}; expected one column, or several of "
                "dates that are joined."
            )

    @property
    def are_dates(self) -> bool:
        """Whether times are dates, not numbers."""
        return self.form is not None

    def read(self, values: Sequence[Any], where: str = "times") -> TimePoints:
        """Reads the times of a single column: texts of its format, ready dates, or numbers.

        Args:
            values: The cells.
            where: What they belong to, for messages.

        Raises:
            DataError: If one is none, or its zone is not told.
        """
        return self.read_columns([values], where)

    def read_columns(self, columns: Sequence[Sequence[Any]], where: str = "times") -> TimePoints:
        """Reads times of their columns, in the order of ``columns``.

        Args:
            columns: The cells of each.
            where: What they belong to, for messages.
        """
        if not self.are_dates:
            return _numbers(columns[0], self._place(where, 0))
        if self.joined == "parts":
            wall, offsets = self._of_parts(columns, where)
        elif self.joined == "text":
            cells = [f"{str(day).strip()} {str(clock).strip()}" for day, clock in zip(*columns, strict=True)]
            wall, offsets = read_dates(cells, str(self.form), self._place(where, 0))
        else:
            wall, offsets = read_dates(columns[0], str(self.form), self._place(where, 0))
            if self.joined == "clock":
                wall = wall + read_clocks(columns[1], self._place(where, 1))
        return self._points(wall, offsets, self._place(where, 0))

    def check(self, points: TimePoints, where: str = "times") -> None:
        """Checks that past times follow each other at the step of training.

        Args:
            points: The times.
            where: What they belong to, for messages.

        Raises:
            DataError: If they fall back, have holes or another step.
        """
        fallen = ~(points.instants[1:] > points.instants[:-1])
        if fallen.any():
            at = int(fallen.argmax()) + 1
            raise DataError(
                f"{where}: the time of step {at} ({self._shown(points, at)}) is not later than the one before "
                f"({self._shown(points, at - 1)}); expected times that rise. Send the rows in order, each time once."
            )
        if self.step is None or len(points) < 2:
            return
        lengths = self.step.lengths(points)
        uneven = np.abs(lengths - 1) > TOLERANCE
        if uneven.any():
            at = int(uneven.argmax())
            missing = round(float(lengths[at])) - 1
            whole = missing > 0 and abs(float(lengths[at]) - missing - 1) <= TOLERANCE
            fix = (
                f"Send the {_count(missing, 'row')} between too."
                if whole
                else f"Send rows at steps of {self.step}."
            )
            raise DataError(
                f"{where}: the times of steps {at} and {at + 1} are {self._shown(points, at)} and "
                f"{self._shown(points, at + 1)}; expected steps of {self.step}, as in training. {fix}"
            )

    def ahead(self, points: TimePoints, horizon: int) -> TimePoints:
        """Returns the times of the steps after the last of some times ``(horizon,)``.

        Months keep to the day of the month that the times have, also to the last, and to the first or last business
        day. Days keep to the clock on the wall, across a change of clocks too. Hours and what is shorter go by time, so
        that of the hour that comes twice in autumn there are two. Holidays are steps of business days like others.

        Args:
            points: The times before, at least one.
            horizon: How many.

        Raises:
            DataError: If there is no common step.
        """
        step = self.step
        if step is None:
            raise DataError(
                f"{', '.join(map(repr, self.columns))}: the times of training have no common step; expected one to "
                "tell which times come next. Train on rows at even times."
            )
        if step.unit == MONTH and not _keeps_to(points.wall, step):
            step = TimeStep(step.unit, step.count, step.by_wall, month_anchor(points.wall))
        return step.after(points[-1:], np.arange(1, horizon + 1), self.zone)

    def window_and_horizon(
        self, columns: Sequence[Sequence[Any]], window: int, horizon: int, where: str = "times"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns what a clock on the wall shows at the steps of a window, and at those of the horizon after it.

        Args:
            columns: The cells of the columns of times, the last ``window`` of which are read.
            window: Steps of the past.
            horizon: Steps ahead.
            where: What they belong to, for messages.

        Raises:
            DataError: If a cell is no time, or times do not follow each other at the step of training.
        """
        past = self.read_columns([cells[-window:] for cells in columns], where)
        self.check(past, where)
        return past.wall, self.ahead(past, horizon).wall

    def cells(self, points: TimePoints) -> list[list[Any]]:
        """Returns times as requests have them, column by column: what ``read_columns`` reads.

        Example:
            >>> axis = TimeAxis(("day", "clock"), TimeStep("hour"), "%d.%m.%Y", joined="clock")
            >>> axis.cells(axis.read_columns([["31.12.2024"], ["23:00"]]))
            [['31.12.2024'], ['23:00:00']]
        """
        if not self.are_dates:
            return [points.wall.tolist()]
        form, wall = str(self.form), points.wall.astype("datetime64[us]").tolist()
        offsets = (points.wall - points.instants).astype("timedelta64[us]").tolist()
        if self.joined == "parts":
            return [[getattr(time, name.lower()) for time in wall] for name in self.columns]
        if self.zone is not None and (form == ISO or "%z" in form):
            wall = [time.replace(tzinfo=timezone(offset)) for time, offset in zip(wall, offsets, strict=True)]
        if self.joined == "one":
            return [[written(time, form) for time in wall]]
        date, clock = "%Y-%m-%d" if form == ISO else form, "%H:%M:%S"
        if self.joined == "text":
            date, clock = form.split("%H" if "%H" in form else "%I", 1)
            date, clock = date.rstrip(" ,T"), form[len(date) :]
        return [[written(time, date) for time in wall], [time.strftime(clock) for time in wall]]

    def to_config(self) -> dict[str, Any]:
        """Returns columns, format, zone and step."""
        return {
            "columns": list(self.columns),
            "step": None if self.step is None else self.step.to_config(),
            "form": self.form,
            "zone": self.zone,
            "joined": self.joined,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TimeAxis:
        """Makes it again."""
        step = config["step"]
        return cls(**{**config, "step": None if step is None else TimeStep.from_config(step)})

    def _place(self, where: str, column: int) -> Callable[[int], str]:
        return lambda step: f"{where}: {self.columns[column]!r} at step {step}"

    def _shown(self, points: TimePoints, place: int) -> str:
        return shown(points.wall[place]) if self.are_dates else f"{points.wall[place]:.15g}"

    def _of_parts(self, columns: Sequence[Sequence[Any]], where: str) -> tuple[np.ndarray, np.ndarray]:
        numbers = [
            _numbers(cells, self._place(where, place), texts=True).wall for place, cells in enumerate(columns)
        ]
        wall, wrong = read_parts(numbers, [name.lower() for name in self.columns])
        if wrong.any():
            step = int(wrong.argmax())
            received = ", ".join(
                f"{name} {cells[step]}" for name, cells in zip(self.columns, columns, strict=True)
            )
            raise DataError(f"{where}: received {received} at step {step}; expected a date. Correct it.")
        return wall, np.full(len(wall), np.timedelta64("NaT", "s"))

    def _points(self, wall: np.ndarray, offsets: np.ndarray, place: Callable[[int], str]) -> TimePoints:
        """Returns times with their instants, told by their offsets or by the zone."""
        given = ~np.isnat(offsets)
        if given.any() and not given.all():
            step = int((~given).argmax())
            raise DataError(
                f"{place(step)} has no offset from UTC, which others have; expected one at all times, or at none. Add "
                "it."
            )
        if self.zone is None:
            if given.any():
                raise DataError(
                    f"{place(0)} has an offset from UTC; expected none, as in training. Send what the clock shows."
                )
            return TimePoints(wall, wall)
        if given.any():
            instants = wall - offsets
            return TimePoints(wall if self.zone == MIXED else to_wall(instants, self.zone), instants)
        if self.zone == MIXED:
            if len(wall):
                raise DataError(f"{place(0)} has no offset from UTC; expected one, as in training. {_FIX}")
            return TimePoints(wall, wall)
        return TimePoints(wall, to_instants(wall, self.zone, place=place, fix=_FIX))


def _keeps_to(wall: np.ndarray, step: TimeStep) -> bool:
    """Whether all times are on the day of the month that a step keeps to."""
    at = TimePoints(wall, wall)
    return step.anchor is not None and bool(
        (step.after(at, np.zeros(len(wall), int), None).wall == wall).all()
    )


def _numbers(cells: Sequence[Any], place: Callable[[int], str], *, texts: bool = False) -> TimePoints:
    found = np.empty(len(cells))
    for step, cell in enumerate(cells):
        try:
            found[step] = (
                float(cell) if is_number_type(type(cell)) or (texts and isinstance(cell, str)) else np.nan
            )
        except (ValueError, OverflowError):
            found[step] = np.nan
        if not np.isfinite(found[step]):
            raise DataError(f"{place(step)} is {cell!r:.60}; expected a number, as in training. Correct it.")
    return TimePoints(found, found)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"
