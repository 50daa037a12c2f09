"""From row to row of a series: the common step of its times, and the holes where it is not kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.timestamps import Times
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.time_step import (
    BUSINESS_DAY,
    DAY,
    MONTH,
    NUMBER,
    SIZES,
    TimePoints,
    TimeStep,
    month_anchor,
)
from rnnzoo.preprocessing.wall_clock import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3
_MONTH = 365.2425 / 12 * SIZES[DAY]
#: Steps of which none keeps to the common one are no accident.
_FEW = 3
#: Rows put in for each row that is there, at most: more are a mistake.
_MOST_FILLED = 10
#: The share of steps that keep to the common one, at least.
COMMON = 0.5
#: What two steps of one length differ by at most, in parts of it.
_EXACT = 1e-9
#: What messages say of holes that cannot be filled, and of those that can.
_BREAK = "Pass gaps='break' (on the command line --gaps break), and no window crosses a hole."
_FILL = "Or pass gaps='fill', missing='ffill' (--gaps fill --missing ffill), and the rows are put in."


@dataclass(frozen=True)
class Steps:
    """The steps from each row to the next.

    Attributes:
        common: The common one, for messages.
        lengths: Each in units of the common one ``(rows - 1,)``; NaN from one series to another.
        share: The share of steps that keep to it.
        step: The common one; ``None`` where no series has two rows.
        codes: The number of the series that each row is of ``(rows,)``, where there are several.
    """

    common: str
    lengths: np.ndarray
    share: float
    step: TimeStep | None = None
    codes: np.ndarray | None = None

    @property
    def holes(self) -> np.ndarray:
        """Whether each step within a series is another than the common one ``(rows - 1,)``."""
        return np.abs(self.lengths - 1) > TOLERANCE

    @property
    def missing(self) -> int:
        """How many rows there would be in the holes."""
        return int(np.maximum(np.round(self.lengths[self.holes]) - 1, 0).sum())

    @property
    def pieces(self) -> np.ndarray:
        """The number of the piece between holes that each row is in ``(rows,)``, from 0; series have their own."""
        return np.concatenate([[0], np.cumsum(self.holes | np.isnan(self.lengths))])


def find_steps(times: Times, codes: np.ndarray | None = None) -> Steps:
    """Finds the common step of times that rise, and which steps keep to it.

    The common step is the middle of the largest group of like steps: those within a quarter of each other, so that
    months, quarters and years are even, and so are days across a change of clocks and readings that come a little late.
    Times of a zone are looked at as they are and as a clock on the wall shows them. Days of which none is on a weekend
    are counted as business days.

    Args:
        times: The times; those of a series rise.
        codes: The number of the series that each row is of ``(rows,)``, those of a series one after the other; the
            steps from one series to another do not count. ``None`` for one series.

    Example:
        >>> import pandas as pd
        >>> from rnnzoo.data.readers.timestamps import read_times
        >>> months = pd.Series(pd.date_range("2023-10-31", periods=6, freq="ME")).drop(2)
        >>> steps = find_steps(read_times(months))
        >>> steps.common, steps.missing, steps.pieces.tolist()
        ('1 month', 1, [0, 0, 1, 1, 1])
    """
    within = np.ones(max(len(times.values) - 1, 0), bool) if codes is None else codes[1:] == codes[:-1]
    points = TimePoints(times.local, times.values)
    found = [_even(points, within, times.are_dates, by_wall=False)]
    # Hours and what is shorter go by time: that a row is missing when clocks change does not make the clock even.
    short = found[0].step is not None and found[0].step.unit in SIZES and found[0].step.unit != DAY
    if times.are_dates and not short and (times.local != times.values).any():
        found.append(_even(points, within, times.are_dates, by_wall=True))
    if times.are_dates:
        found += _business_days(points, within, found[0])
    return dataclasses.replace(max(found, key=_likely), codes=codes)


def refuse_holes(
    times: Times, steps: Steps, lines: pd.Index[Any], names: Sequence[str] | None = None
) -> None:
    """Raises ``DataError`` where a series has holes, and says where.

    Args:
        times: Its times.
        steps: From ``find_steps``.
        lines: What messages call each row.
        names: What messages call each series, by number, where there are several.
    """
    places = np.flatnonzero(steps.holes)
    if not len(places):
        return
    missing = (
        f", {steps.missing:,} {'row' if steps.missing == 1 else 'rows'} missing" if steps.missing else ""
    )
    several = "" if len(places) == 1 else "s"
    what, fix = f"hole{several} in steps of {steps.common}", f"{_BREAK} {_FILL}"
    if (steps.lengths[places] < 1).any():
        what, fix = f"uneven step{several} where most are {steps.common}", _BREAK
    raise DataError(
        f"{times.shown_name}: received {len(places):,} {what}{missing}: "
        f"{_shown_places(places, times, steps, lines, names)}; expected even steps, for a model takes every row for "
        f"one. {fix}"
    )


def refuse_uneven(times: Times, steps: Steps, names: Sequence[str] | None = None) -> None:
    """Raises ``DataError`` for times without a common step, of which no hole can be told.

    Args:
        times: The times.
        steps: From ``find_steps``.
        names: What messages call each series, by number: each must keep to the common step somewhere.
    """
    if steps.share < COMMON:
        fix = (
            "Call frame.reset_index(drop=True) first"
            if times.name is None
            else f"Ignore {times.shown_name} (ignore={list(times.columns)!r}, on the command line "
            f"{' '.join(f'--ignore {name}' for name in times.columns)}) in place of naming it as the time"
        )
        raise DataError(
            f"{times.shown_name}: received steps of many lengths, of which {steps.share:.0%} are near {steps.common}, "
            f"the commonest; expected a common step. {fix}, and each row counts as a step, or bring the rows to even "
            "times."
        )
    if steps.codes is not None and names is not None:
        _refuse_other_steps(times, steps, names)


def fill_rows(times: Times, steps: Steps, lines: pd.Index[Any]) -> tuple[np.ndarray, Times]:
    """Puts rows in where they are missing, so that every series goes from its first row to its last at even steps.

    Args:
        times: The times, those of a series rising.
        steps: From ``find_steps``.
        lines: What messages call each row.

    Returns:
        The row that each new row is, -1 for one that is put in ``(new rows,)``; and the times of the new rows.

    Raises:
        DataError: If a step is no multiple of the common one, or there would be over ten times as many rows.

    Example:
        >>> import pandas as pd
        >>> from rnnzoo.data.readers.timestamps import read_times
        >>> days = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"]), name="day")
        >>> times = read_times(days)
        >>> rows, filled = fill_rows(times, find_steps(times), days.index)
        >>> rows.tolist(), filled.values.astype("datetime64[D]").astype(str).tolist()[1:4]
        ([0, 1, -1, -1, 2, 3], ['2024-01-02', '2024-01-03', '2024-01-04'])
    """
    places = np.flatnonzero(steps.holes)
    if not len(places) or steps.step is None:
        return np.arange(len(times.values)), times
    lengths = steps.lengths[places]
    wrong = (np.abs(lengths - np.round(lengths)) > TOLERANCE) | (np.round(lengths) < 1)
    if wrong.any():
        several = "" if wrong.sum() == 1 else "s"
        raise DataError(
            f"{times.shown_name}: received {int(wrong.sum()):,} uneven step{several} where most are {steps.common}: "
            f"{_shown_places(places[wrong], times, steps, lines)}; expected holes of whole steps, to be filled. "
            f"{_BREAK}"
        )
    counts = np.round(lengths).astype(int) - 1
    if counts.sum() > _MOST_FILLED * len(times.values):
        longest = places[counts.argmax() : counts.argmax() + 1]
        raise DataError(
            f"{times.shown_name}: received holes of {counts.sum():,} steps of {steps.common} in "
            f"{len(times.values):,} rows, the longest {_shown_places(longest, times, steps, lines)}; expected "
            f"{_MOST_FILLED} for each row at most. Correct the times, or drop the rows beside the longest. {_BREAK}"
        )
    return _filled(times, steps, places, counts)


def _filled(times: Times, steps: Steps, places: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, Times]:
    before = np.repeat(places, counts)
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    number = np.arange(len(before)) - firsts + 1
    local, values = np.empty(len(before), times.local.dtype), np.empty(len(before), times.values.dtype)
    for rows, step in _steps_of_series(times, steps, before):
        after = step.after(TimePoints(times.local, times.values)[before[rows]], number[rows], times.zone)
        local[rows], values[rows] = after.wall, after.instants
    source = np.insert(np.arange(len(times.values)), before + 1, -1)
    new = np.insert(times.values, before + 1, values)
    same = times.local is times.values
    return source, dataclasses.replace(
        times, values=new, local=new if same else np.insert(times.local, before + 1, local)
    )


def _steps_of_series(times: Times, steps: Steps, rows: np.ndarray) -> Iterator[tuple[Any, TimeStep]]:
    """Yields which of some rows a step is for, and the step: months of every series are on days of their own."""
    assert steps.step is not None
    if steps.codes is None or steps.step.unit != MONTH:
        yield slice(None), steps.step
        return
    for code in np.unique(steps.codes[rows]):
        first, end = np.searchsorted(steps.codes, [code, code + 1])
        step = dataclasses.replace(steps.step, anchor=month_anchor(times.local[first:end]))
        yield steps.codes[rows] == code, step


def _refuse_other_steps(times: Times, steps: Steps, names: Sequence[str]) -> None:
    assert steps.codes is not None
    known = ~np.isnan(steps.lengths)
    kept, all_steps = (
        np.bincount(steps.codes[:-1][rows], minlength=len(names)) for rows in (known & ~steps.holes, known)
    )
    other = (kept == 0) & (all_steps >= _FEW)
    if other.any():
        code = int(other.argmax())
        rows = np.flatnonzero(steps.codes == code)
        own = find_steps(dataclasses.replace(times, values=times.values[rows], local=times.local[rows]))
        more = f" ({int(other.sum()):,} series have others)" if other.sum() > 1 else ""
        raise DataError(
            f"{times.shown_name}: the series {names[code]!r} has steps of {own.common} where most are "
            f"{steps.common}{more}; expected one step for all series. Leave such series out, or bring their rows to "
            "that step."
        )


def _shown_places(
    places: np.ndarray, times: Times, steps: Steps, lines: pd.Index[Any], names: Sequence[str] | None = None
) -> str:
    """Returns where some steps are, the first of many."""
    of = [""] * len(places)
    if names is not None and steps.codes is not None:
        of = [f" of {names[code]!r}" for code in steps.codes[places[:_SHOWN]]]
    shown = "; ".join(
        f"after {row_place(lines, place)}{name} ({times.shown(place)} to {times.shown(place + 1)})"
        for place, name in zip(places[:_SHOWN], of, strict=False)
    )
    return shown + (f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else "")


def _even(points: TimePoints, within: np.ndarray, are_dates: bool, *, by_wall: bool) -> Steps:
    values = points.wall if by_wall else points.instants
    steps = np.diff(values.astype(np.int64) if are_dates else values).astype(np.float64)
    if not within.any():
        return Steps("", np.full(len(steps), np.nan), 1.0)
    common = _common(steps[within])
    step = TimeStep(NUMBER, common)
    if are_dates:
        step = _step(common, points.wall, varying=bool(np.ptp(steps[within])), by_wall=by_wall)
    return _steps(step, points, within)


def _steps(step: TimeStep, points: TimePoints, within: np.ndarray) -> Steps:
    lengths = np.where(within, step.lengths(points), np.nan)
    share = float((np.abs(lengths[within] - 1) <= TOLERANCE).mean())
    return Steps(str(step), lengths, share, step)


def _likely(steps: Steps) -> tuple[float, float, bool]:
    """Returns the share of steps that keep to the common one, and of those that are exactly as long.

    Where a clock on the wall and time itself both keep to it, days are by the clock, and what is shorter is not.
    """
    lengths = steps.lengths[~np.isnan(steps.lengths)]
    if steps.step is None or not len(lengths):
        return steps.share, 1.0, False
    of_days = steps.step.unit not in SIZES or steps.step.unit == DAY
    return steps.share, float((np.abs(lengths - 1) < _EXACT).mean()), steps.step.by_wall == of_days


def _common(steps: np.ndarray) -> float:
    """Returns the middle of the largest group of steps that are near one of them."""
    ordered = np.sort(steps)
    unique = np.unique(ordered)
    first = np.searchsorted(ordered, unique * (1 - TOLERANCE), side="left")
    last = np.searchsorted(ordered, unique * (1 + TOLERANCE), side="right")
    best = int((last - first).argmax())
    group = ordered[first[best] : last[best]]
    lengths, counts = np.unique(group, return_counts=True)
    often = int(counts.argmax())
    return float(lengths[often]) if counts[often] * 2 > len(group) else float(np.median(group))


def _business_days(points: TimePoints, within: np.ndarray, even: Steps) -> list[Steps]:
    days = points.wall.astype("datetime64[D]")
    clock = points.wall - days
    daily = even.common == "1 day" and (clock == clock[0]).all() and np.is_busday(days).all()
    return [_steps(TimeStep(BUSINESS_DAY), points, within)] if daily else []


def _step(nanoseconds: float, wall: np.ndarray, *, varying: bool, by_wall: bool) -> TimeStep:
    """Returns the step of a length: months where lengths vary, or all times are on one day of a month."""
    months = round(nanoseconds / _MONTH)
    if months and abs(nanoseconds - months * _MONTH) <= 3 * SIZES[DAY]:
        anchor = month_anchor(wall)
        if varying or isinstance(anchor, int):
            return TimeStep(MONTH, months, by_wall=True, anchor=anchor)
    for unit, size in SIZES.items():
        count = round(nanoseconds / size, 6)
        if count >= 1 and (count == round(count) or unit == "second"):
            whole = int(count) if count == round(count) else nanoseconds / size
            return TimeStep(unit, whole, by_wall=by_wall)
    return TimeStep("second", nanoseconds / 1e9, by_wall=by_wall)
