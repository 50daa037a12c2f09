"""From row to row of a series: the common step of its times, and the holes where it is not kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.timestamps import Times
from rnnzoo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

#: A step that differs by less from the common one is taken for it: months, days of a change of clocks, jitter.
_TOLERANCE = 0.25
_SHOWN = 3
_DAY = np.timedelta64(1, "D") / np.timedelta64(1, "ns")
_MONTH = 365.2425 / 12 * _DAY
_UNITS = (("day", _DAY), ("hour", _DAY / 24), ("minute", _DAY / 1440), ("second", _DAY / 86_400))


@dataclass(frozen=True)
class Steps:
    """The steps from each row to the next.

    Attributes:
        common: The common one, for messages.
        lengths: Each in units of the common one ``(rows - 1,)``.
        share: The share of steps that keep to it.
    """

    common: str
    lengths: np.ndarray
    share: float

    @property
    def holes(self) -> np.ndarray:
        """Whether each step is another than the common one ``(rows - 1,)``."""
        return np.abs(self.lengths - 1) > _TOLERANCE

    @property
    def missing(self) -> int:
        """How many rows there would be in the holes."""
        return int(np.maximum(np.round(self.lengths[self.holes]) - 1, 0).sum())

    @property
    def pieces(self) -> np.ndarray:
        """The number of the piece between holes that each row is in ``(rows,)``, from 0."""
        return np.concatenate([[0], np.cumsum(self.holes)])


def find_steps(times: Times) -> Steps:
    """Finds the common step of times that rise, and which steps keep to it.

    The common step is the middle of the largest group of like steps: those within a quarter of each other, so that
    months, quarters and years are even, and so are days across a change of clocks and readings that come a little late.
    Times with an offset are looked at as they are and as a clock on the wall shows them. Days of which none is on a
    weekend are counted as business days.

    Example:
        >>> import pandas as pd
        >>> from rnnzoo.data.readers.timestamps import read_times
        >>> months = pd.Series(pd.date_range("2023-10-31", periods=6, freq="ME")).drop(2)
        >>> steps = find_steps(read_times(months))
        >>> steps.common, steps.missing, steps.pieces.tolist()
        ('1 month', 1, [0, 0, 1, 1, 1])
    """
    ways = [_even(times.values, times)]
    if times.are_dates:
        ways += [_even(times.local, times)] if (times.local != times.values).any() else []
        ways += _business_days(times.local, ways[0])
    return max(ways, key=lambda way: way.share)


def refuse_holes(times: Times, steps: Steps, lines: pd.Index[Any]) -> None:
    """Raises ``DataError`` where a series has holes, and says where.

    Args:
        times: Its times.
        steps: From ``find_steps``.
        lines: What messages call each row.
    """
    places = np.flatnonzero(steps.holes)
    if not len(places):
        return
    shown = "; ".join(
        f"after {row_place(lines, place)} ({times.shown(place)} to {times.shown(place + 1)})"
        for place in places[:_SHOWN]
    )
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    missing = (
        f", {steps.missing:,} {'row' if steps.missing == 1 else 'rows'} missing" if steps.missing else ""
    )
    several = "" if len(places) == 1 else "s"
    what = f"hole{several} in steps of {steps.common}"
    if (steps.lengths[places] < 1).any():
        what = f"uneven step{several} where most are {steps.common}"
    raise DataError(
        f"{times.shown_name}: received {len(places):,} {what}{missing}: {shown}{more}; "
        "expected even steps, for a model takes every row for one. Pass gaps='break' (on "
        "the command line --gaps break), and no window crosses a hole."
    )


def refuse_uneven(times: Times, steps: Steps) -> None:
    """Raises ``DataError`` for a series that has no common step, of which no hole can be told."""
    if steps.share >= 0.5:
        return
    fix = (
        "Call frame.reset_index(drop=True) first"
        if times.name is None
        else f"Ignore {times.shown_name} (ignore=[{times.name!r}], on the command line --ignore {times.name}) in place "
        "of naming it as the time"
    )
    raise DataError(
        f"{times.shown_name}: received steps of many lengths, of which {steps.share:.0%} are near {steps.common}, the "
        f"commonest; expected a common step. {fix}, and each row counts as a step, or bring the rows to even times."
    )


def _even(values: np.ndarray, times: Times) -> Steps:
    steps = np.diff(values.astype(np.int64) if times.are_dates else values).astype(np.float64)
    if not len(steps):
        return Steps("", steps, 1.0)
    common = _common(steps)
    lengths = steps / common
    share = float((np.abs(lengths - 1) <= _TOLERANCE).mean())
    if not times.are_dates:
        return Steps(f"{common:g}", lengths, share)
    return Steps(_shown(common, varying=bool(np.ptp(steps))), lengths, share)


def _common(steps: np.ndarray) -> float:
    """Returns the middle of the largest group of steps that are near one of them."""
    ordered = np.sort(steps)
    unique = np.unique(ordered)
    first = np.searchsorted(ordered, unique * (1 - _TOLERANCE), side="left")
    last = np.searchsorted(ordered, unique * (1 + _TOLERANCE), side="right")
    best = int((last - first).argmax())
    group = ordered[first[best] : last[best]]
    lengths, counts = np.unique(group, return_counts=True)
    often = int(counts.argmax())
    return float(lengths[often]) if counts[often] * 2 > len(group) else float(np.median(group))


def _business_days(local: np.ndarray, even: Steps) -> list[Steps]:
    days = local.astype("datetime64[D]")
    clock = local - days
    daily = even.common == "1 day" and (clock == clock[0]).all() and np.is_busday(days).all()
    if not daily:
        return []
    lengths = np.busday_count(days[:-1], days[1:]).astype(np.float64)
    return [Steps("1 business day", lengths, float((lengths == 1).mean()))]


def _shown(nanoseconds: float, *, varying: bool) -> str:
    months = round(nanoseconds / _MONTH)
    if varying and months and abs(nanoseconds - months * _MONTH) <= 3 * _DAY:
        return "1 month" if months == 1 else f"{months} months"
    for unit, size in _UNITS:
        count = round(nanoseconds / size, 6)
        if count >= 1 and (count == round(count) or unit == "second"):
            return f"{count:g} {unit}" if count == 1 else f"{count:g} {unit}s"
    return f"{nanoseconds / 1e9:g} seconds"
