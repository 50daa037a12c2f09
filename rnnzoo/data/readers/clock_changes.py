"""Tables whose times repeat an hour, as clocks on the wall do where they are set back in autumn."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.readers.row_places import row_place
from rnnzoo.data.readers.timestamps import Times
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.wall_clock import is_twice, to_instants

if TYPE_CHECKING:
    import pandas as pd

#: Zones that are tried first: each stands for many that change their clocks at the same time.
_KNOWN = (
    *(
        "Europe/Berlin",
        "Europe/London",
        "Europe/Athens",
        "America/New_York",
        "Australia/Sydney",
        "Pacific/Auckland",
    ),
    *("America/Santiago", "Asia/Jerusalem", "Asia/Tehran", "Africa/Casablanca", "America/Sao_Paulo"),
)
#: Clocks are set back by no more.
_LONGEST = np.timedelta64(2, "h")
_MOST_A_YEAR, _YEAR = 2, np.timedelta64(365, "D")


def refuse_repeated_hour(times: Times, lines: pd.Index[Any], codes: np.ndarray | None = None) -> None:
    """Raises ``DataError`` for times that fall back only where the clocks of a zone are set back, and names the zone.

    Args:
        times: The times, row by row as in the table.
        lines: What messages call each row.
        codes: The number of the series that each row is of ``(rows,)``, where there are several.
    """
    zone = find_zone(times, codes)
    if zone is None:
        return
    order, fallen = _falls(times, codes)
    before, row = int(order[fallen[0]]), int(order[fallen[0] + 1])
    raise DataError(
        f"{row_place(lines, row)}: {times.shown_name} is not later than in the row before, as where clocks are set "
        f"back ({times.shown(before)} to {times.shown(row)}); expected times that rise, or their zone. Say of which "
        f"zone they are: zone={zone!r} fits all rows (on the command line --zone {zone})."
    )


def find_zone(times: Times, codes: np.ndarray | None = None) -> str | None:
    """Returns a zone by which times without one rise, though some do not by what they say; ``None`` if there is none.

    Args:
        times: The times, row by row as in the table.
        codes: The number of the series that each row is of ``(rows,)``, where there are several.
    """
    if not times.are_dates or times.zone is not None:
        return None
    order, fallen = _falls(times, codes)
    if not len(fallen):
        return None
    local = times.local[order]
    years = float((local.max() - local.min()) / _YEAR) + 1
    often = len(fallen) > _MOST_A_YEAR * years * (1 if codes is None else int(codes.max()) + 1)
    if often or (local[fallen] - local[fallen + 1] >= _LONGEST).any():
        return None
    return _fitting(local, fallen, None if codes is None else codes[order])


def _falls(times: Times, codes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows series by series, and the places in them after which a time is not later."""
    order = np.arange(len(times.local)) if codes is None else np.argsort(codes, kind="stable")
    local = times.local[order]
    together = np.ones(len(local) - 1, bool) if codes is None else np.diff(codes[order]) == 0
    return order, np.flatnonzero(~(local[1:] > local[:-1]) & together)


def _fitting(local: np.ndarray, fallen: np.ndarray, codes: np.ndarray | None) -> str | None:
    """Returns a zone in which all rows rise; ``None`` if there is none."""
    ends = np.unique(np.concatenate([local[fallen], local[fallen + 1]]))
    for zone in (*_KNOWN, *sorted(zoneinfo.available_timezones())):
        try:
            if not is_twice(ends, zone).all():
                continue
            instants = to_instants(local, zone, place=str, groups=codes)
        except (DataError, zoneinfo.ZoneInfoNotFoundError):
            continue
        rises = instants[1:] > instants[:-1]
        if (rises if codes is None else rises | (np.diff(codes) != 0)).all():
            return zone
    return None
