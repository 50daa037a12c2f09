"""From which points of the past forecasts are made, and how a table is cut there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.readers.series_rows import SeriesRows
from rnnzoo.data.readers.window_parts import RowParts, stretch_starts
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.value_objects import checked_fields


@checked_fields
@dataclass(frozen=True)
class RollingOrigin:
    """From which points of the past forecasts are made, the origins, and whether models are fitted anew at each.

    The last origin is so many steps before the end of the table as are forecast; each earlier one is ``stride`` steps
    before the next.

    Attributes:
        origins: How many there are.
        stride: Steps from one origin to the next; ``None`` for the horizon, so that forecasts follow each other.
        refit: Whether model and baselines are fitted at each origin, on the rows before it alone; otherwise once, on
            those before the first one.
        seeds: The seeds that the model is trained with, each by itself.

    Raises:
        ArgumentError: If one is out of range.

    Reference:
        Tashman 2000, Out-of-sample tests of forecasting accuracy: an analysis and review.
    """

    origins: int = 5
    stride: int | None = None
    refit: bool = True
    seeds: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        checks.integer("origins", self.origins, minimum=1)
        if self.stride is not None:
            checks.integer("stride", self.stride, minimum=1)
        checks.flag("refit", self.refit)
        seeds = (self.seeds,) if isinstance(self.seeds, int) else tuple(self.seeds)
        if not seeds or len(set(seeds)) < len(seeds):
            raise ArgumentError(
                f"seeds: received {list(seeds)}; expected one or several different numbers. Pass e.g. seeds=(0, 1, 2)."
            )
        for seed in seeds:
            checks.seed(seed)
        object.__setattr__(self, "seeds", seeds)

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return {
            "origins": self.origins,
            "stride": self.stride,
            "refit": self.refit,
            "seeds": list(self.seed_numbers),
        }

    @property
    def seed_numbers(self) -> tuple[int, ...]:
        """The seeds."""
        assert isinstance(self.seeds, tuple)
        return self.seeds


@dataclass
class FoundRows:
    """The rows of a table, once it is read, and the origins that were found there.

    Attributes:
        rows: The rows.
        ends: The time of the last known step at each origin ``(origins,)``.
        axis: All times, rising.
    """

    rows: SeriesRows | None = None
    ends: np.ndarray = field(default_factory=lambda: np.empty(0))
    axis: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def times(self) -> np.ndarray:
        """The time of each row, or its number where there are no times."""
        return row_times(self._rows)

    @property
    def _rows(self) -> SeriesRows:
        assert self.rows is not None, "the table is read"
        return self.rows

    def shown(self, origin: int) -> str:
        """Returns the last known step at an origin as messages and tables have it."""
        times, end = self._rows.times, self.ends[origin]
        if times is None:
            return f"row {int(end) + 1}"
        return times.shown(int(np.flatnonzero(times.values == end)[0]))

    def first_ahead(self, origin: int) -> np.ndarray:
        """Returns the first row of each series behind an origin."""
        ahead = self.times > self.ends[origin]
        before = np.concatenate([[False], ahead[:-1]])
        codes = self._rows.codes
        if codes is not None:
            before[1:] &= codes[1:] == codes[:-1]
        return np.flatnonzero(ahead & ~before)

    def windows_at(self, split: WindowSplit, origin: int) -> np.ndarray:
        """Returns the numbers of the windows that end at an origin, one of each series that has one."""
        return np.flatnonzero(np.isin(split.starts + split.window, self.first_ahead(origin)))

    def longest_window(self, split: WindowSplit, origin: int) -> int:
        """Returns the most steps that a series has before an origin and the horizon, without holes; 0 for none."""
        # Rows that no window touches are 0 in every feature.
        broken = (split.table.features == 0).all(axis=1)
        first = stretch_starts(broken, self._rows.pieces)
        ahead = self.first_ahead(origin)
        ahead = ahead[ahead + split.horizon <= len(broken)]
        start, end = (
            first[np.searchsorted(first, rows, side="right") - 1]
            for rows in (ahead, ahead + split.horizon - 1)
        )
        return int((ahead - start)[start == end].max(initial=0))


def row_times(rows: SeriesRows) -> np.ndarray:
    """Returns the time of each row, or its number where there are no times."""
    return np.arange(len(rows)) if rows.times is None else rows.times.values


@dataclass(frozen=True)
class OriginParts(RowParts):
    """The parts at an origin: what is learned from before it, and the steps ahead.

    Validation is the last share of the rows before the origin, and no shorter than the horizon.

    Attributes:
        plan: The origins.
        horizon: Steps ahead.
        number: The origin; ``None`` to learn from what is before the first, and forecast at all of them.
        found: Where rows and origins are put.
    """

    plan: RollingOrigin = field(default_factory=RollingOrigin)
    horizon: int = 1
    number: int | None = None
    found: FoundRows = field(default_factory=FoundRows)

    def of_rows(self, rows: SeriesRows) -> np.ndarray:
        """Cuts the rows at an origin; those behind its horizon are in no part.

        Raises:
            DataError: If the table is too short for so many origins.
        """
        times, found = row_times(rows), self.found
        found.rows, found.axis = rows, np.unique(times)
        places = self._places(rows, found.axis)
        found.ends = found.axis[places]
        end = found.ends[self.number or 0]
        known = times <= end
        parts = np.full(len(rows), 3, np.int8)
        parts[known] = 0
        parts[known & (times >= self._validation(times[known], found.axis, rows))] = 1
        ahead = _rank_ahead(rows, times, end)
        parts[(ahead >= 0) & ((ahead < self.horizon) | (self.number is None))] = 2
        return parts

    def _places(self, rows: SeriesRows, axis: np.ndarray) -> np.ndarray:
        """Returns the place of each origin's last known step among all times."""
        stride = (self.plan.stride or self.horizon) * _times_a_step(rows, axis)
        last = len(axis) - 1 - self.horizon * _times_a_step(rows, axis)
        places = last - stride * np.arange(self.plan.origins)[::-1]
        if places[0] < 1:
            raise DataError(
                f"origins: received {self.plan.origins}, every {self.plan.stride or self.horizon} steps, with a "
                f"horizon of {self.horizon}; expected more than the {len(axis):,} steps of the table. Pass fewer "
                "origins or a shorter stride, or add rows."
            )
        return np.asarray(places)

    def _validation(self, known: np.ndarray, axis: np.ndarray, rows: SeriesRows) -> Any:
        """Returns the first time of validation."""
        place = min(round(len(known) * (1 - self.validation_fraction)), len(known) - 1)
        steps = self.horizon * _times_a_step(rows, axis)
        end = int(np.searchsorted(axis, known.max()))
        return min(np.partition(known, place)[place], axis[max(0, end + 1 - steps)])


def _rank_ahead(rows: SeriesRows, times: np.ndarray, end: Any) -> np.ndarray:
    """Returns how many steps behind the first one after ``end`` each row is in its series; less than 0 before."""
    if rows.codes is None:
        return np.arange(len(times)) - int(np.searchsorted(times, end, side="right"))
    known = np.bincount(rows.codes[times <= end], minlength=len(rows.names))
    starts = np.searchsorted(rows.codes, np.arange(len(rows.names)))
    return np.asarray(np.arange(len(times)) - (starts + known)[rows.codes])


def _times_a_step(rows: SeriesRows, axis: np.ndarray) -> int:
    """Returns how many times of all series there are in a step of one: 1, unless their clocks differ."""
    times = row_times(rows)
    if rows.codes is None or len(axis) < 2 or len(times) < 2:
        return 1
    own = np.diff(times)[rows.codes[1:] == rows.codes[:-1]]
    if not len(own):
        return 1
    return max(
        1, round(float(np.median(own.astype(np.float64)) / np.median(np.diff(axis).astype(np.float64))))
    )
