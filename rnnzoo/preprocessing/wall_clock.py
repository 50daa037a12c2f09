"""What a clock on the wall shows, and the instants that it means: zones, and hours left out or repeated."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import numpy as np

from rnnzoo.errors import ArgumentError, DataError, UnknownNameError

#: A step that differs by less from the common one is taken for it: months, days of a change of clocks, jitter.
TOLERANCE = 0.25
_FIXED = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_DAY = np.timedelta64(1, "D")
_NO_TIME = np.timedelta64(0, "s")
#: An hour more or less is within the tolerance of such a step.
_LONG_STEP = np.timedelta64(4, "h")


def check_zone(zone: object) -> str:
    """Returns the name of a zone as it is kept: of IANA, such as ``"Europe/Berlin"``, or an offset, ``"+01:00"``.

    Raises:
        UnknownNameError: If there is no such zone; the nearest is suggested.
        ArgumentError: If it is no text, or this machine knows no zones.

    Example:
        >>> check_zone("+0100"), check_zone("Asia/Tokyo")
        ('+01:00', 'Asia/Tokyo')
    """
    if not isinstance(zone, str):
        raise ArgumentError(f"zone: received {zone!r}; expected a name such as 'Europe/Berlin', or '+01:00'.")
    fixed = _FIXED.match(zone)
    if fixed:
        return f"{fixed[1]}{fixed[2]}:{fixed[3]}"
    try:
        zoneinfo.ZoneInfo(zone)
    except (
        zoneinfo.ZoneInfoNotFoundError,
        ValueError,
        OSError,
    ) as error:  # OSError: a folder, such as "Europe"
        known = zoneinfo.available_timezones()
        if not known:
            raise ArgumentError(
                f"zone: received {zone!r}; this machine knows no zones. Run: pip install tzdata"
            ) from error
        word = zone.lower().replace(" ", "_")
        near = sorted(name for name in known if word in (name.lower(), name.lower().rpartition("/")[2]))
        raise UnknownNameError("zone", zone, known, near=near[0] if near else None) from error
    return zone


def to_wall(instants: np.ndarray, zone: str) -> np.ndarray:
    """Returns what a clock on the wall of a zone shows at some instants.

    Args:
        instants: ``(times,)`` in UTC, ``datetime64``.
        zone: As ``check_zone`` returns it.

    Example:
        >>> to_wall(np.array(["2024-01-01T12", "2024-07-01T12"], "datetime64[s]"), "Europe/Berlin").tolist()
        [datetime.datetime(2024, 1, 1, 13, 0), datetime.datetime(2024, 7, 1, 14, 0)]
    """
    info = _info(zone)

    def offset(time: datetime) -> timedelta | None:
        return time.replace(tzinfo=UTC).astimezone(info).utcoffset()

    return np.asarray(instants + _offsets(instants, offset))


def to_instants(
    wall: np.ndarray,
    zone: str,
    *,
    place: Callable[[int], str],
    fix: str = "Correct it.",
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the instants in UTC of what a clock on the wall of a zone shows, row by row.

    Where clocks are set back, an hour comes twice. Which of both a row is of is told by the order of the rows: from the
    first that is not later than the one before, they are of the second; or by the common step of all rows.

    Args:
        wall: ``(rows,)``, ``datetime64``.
        zone: As ``check_zone`` returns it.
        place: Returns what messages call a row and its column, such as ``"line 3: 'date'"``.
        fix: What messages say to do.
        groups: The number of the series that each row is of ``(rows,)``, where there are several.

    Raises:
        DataError: If a clock never shows a time, as in spring, or it is not told which of both hours a time is of.

    Example:
        >>> hours = np.array(["2024-10-27T01", "2024-10-27T02", "2024-10-27T02", "2024-10-27T03"], "datetime64[h]")
        >>> to_instants(hours, "Europe/Berlin", place=str).astype("datetime64[h]").astype(str).tolist()
        ['2024-10-26T23', '2024-10-27T00', '2024-10-27T01', '2024-10-27T02']
    """
    first, second = _both_instants(wall, zone)
    left_out = first > second
    if left_out.any():
        row = int(left_out.argmax())
        raise DataError(
            f"{place(row)} is {shown(wall[row])}, which clocks never show in {zone}: they are set forward; expected a "
            f"time that exists. {fix}"
        )
    twice = np.flatnonzero(first < second)
    if not len(twice):
        return first
    if groups is None:
        return _Repeats(wall, first, second, zone).resolved(place, fix)
    order = np.argsort(groups, kind="stable")
    repeats = _Repeats(wall[order], first[order], second[order], zone, groups[order])
    result = np.empty_like(first)
    result[order] = repeats.resolved(lambda row: place(int(order[row])), fix)
    return result


def is_twice(wall: np.ndarray, zone: str) -> np.ndarray:
    """Returns whether a clock of a zone shows each time twice, where it is set back ``(times,)``."""
    first, second = _both_instants(wall, zone)
    return np.asarray(first < second)


def nearest_instants(wall: np.ndarray, zone: str) -> np.ndarray:
    """Returns instants of what a clock shows: of an hour that comes twice the first, of one that never comes the next.

    It is for times that are made here, not read.
    """
    return _both_instants(wall, zone)[0]


def shown(time: np.datetime64) -> str:
    """Returns a time for messages."""
    text = str(time.astype("datetime64[us]")).replace("T", " ")
    return re.sub(r"\.0+$", "", text)


@dataclass(frozen=True)
class _Repeats:
    """Rows of one series, or of several one after the other, with their instants by either hour."""

    wall: np.ndarray
    first: np.ndarray
    second: np.ndarray
    zone: str
    groups: np.ndarray | None = None

    def resolved(self, place: Callable[[int], str], fix: str) -> np.ndarray:
        """Returns the instants that the order and the step of the rows tell."""
        result, step = self.first.copy(), self._step()
        for start, end in self._runs():
            split = self._split(start, end, step)
            if split is None:
                raise DataError(
                    f"{place(start)} is {shown(self.wall[start])}, which clocks show twice in {self.zone}, where they "
                    "are set back, and neither the order of the rows nor their step tells which of both it is; "
                    f"expected both hours one after the other, or times with an offset. {fix}"
                )
            result[split:end] = self.second[split:end]
        return result

    def _together(self) -> np.ndarray:
        """Whether each row but the first is of the series of the row before ``(rows - 1,)``."""
        if self.groups is None:
            return np.ones(len(self.wall) - 1, bool)
        return np.asarray(self.groups[1:] == self.groups[:-1])

    def _step(self) -> np.timedelta64:
        """Returns the middle step from one time to the next, in whichever order the rows are."""
        groups = np.zeros(len(self.wall), int) if self.groups is None else self.groups
        order = np.lexsort((self.wall, groups))
        steps = np.diff(self.wall[order])[np.diff(groups[order]) == 0]
        steps = steps[steps > _NO_TIME]
        return _NO_TIME if not len(steps) else np.sort(steps)[len(steps) // 2]

    def _runs(self) -> list[tuple[int, int]]:
        """Returns the first row of each run of rows that may be of either hour, and the one behind its last."""
        rows = np.flatnonzero(self.first < self.second)
        near = self._together() & (np.abs(np.diff(self.wall)) < _DAY)
        breaks = np.flatnonzero((np.diff(rows) > 1) | ~near[np.minimum(rows[:-1], len(near) - 1)]) + 1
        return [(int(run[0]), int(run[-1]) + 1) for run in np.split(rows, breaks)]

    def _split(self, start: int, end: int, step: np.timedelta64) -> int | None:
        """Returns the first row of a run that is of the second hour; ``None`` where it is not told."""
        inner = np.diff(self.wall[start:end])
        falls = np.flatnonzero(inner <= _NO_TIME)
        if len(falls):
            return start + int(falls[0]) + 1 if len(falls) == 1 else None
        shift = self.second[start] - self.first[start]
        even = self._even(inner, step)
        scores = np.full(end - start + 1, int(even.sum()))
        scores[1:-1] += self._even(inner + shift, step).astype(int) - even
        together = self._together()
        if start and together[start - 1]:
            scores[1:] += self._even(self.first[start : start + 1] - self.first[start - 1], step)
            scores[:1] += self._even(self.second[start : start + 1] - self.first[start - 1], step)
        if end < len(self.wall) and together[end - 1]:
            scores[:-1] += self._even(self.first[end : end + 1] - self.second[end - 1], step)
            scores[-1:] += self._even(self.first[end : end + 1] - self.first[end - 1], step)
        best = np.flatnonzero(scores == scores.max())
        if len(best) == 1:
            return start + int(best[0])
        return end if step >= _LONG_STEP else None

    @staticmethod
    def _even(steps: np.ndarray, step: np.timedelta64) -> np.ndarray:
        return np.asarray(np.abs(steps - step) <= step * TOLERANCE)


def _both_instants(wall: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns instants by the offset before clocks change, and by the one after; they differ where clocks change."""
    info = _info(zone)

    def before(time: datetime) -> timedelta | None:
        return time.replace(tzinfo=info, fold=0).utcoffset()

    def after(time: datetime) -> timedelta | None:
        return time.replace(tzinfo=info, fold=1).utcoffset()

    return wall - _offsets(wall, before), wall - _offsets(wall, after)


def _offsets(times: np.ndarray, offset: Callable[[datetime], timedelta | None]) -> np.ndarray:
    """Returns the offset at each time; one by one on days alone on which it changes."""
    days, inverse = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    if not len(days):
        return np.empty(0, "timedelta64[s]")
    starts, ends = _offsets_one_by_one(days, offset), _offsets_one_by_one(days + _DAY, offset)
    found = starts[inverse]
    changing = (starts != ends)[inverse]
    found[changing] = _offsets_one_by_one(times[changing], offset)
    return found


def _offsets_one_by_one(times: np.ndarray, offset: Callable[[datetime], timedelta | None]) -> np.ndarray:
    found = [offset(time) for time in times.astype("datetime64[us]").tolist()]
    return np.array(found, "timedelta64[s]")


def _info(zone: str) -> tzinfo:
    fixed = _FIXED.match(zone)
    if not fixed:
        return zoneinfo.ZoneInfo(zone)
    offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
    return timezone(-offset if fixed[1] == "-" else offset)
