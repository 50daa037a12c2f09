"""Named series to be forecast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.sets.set_files import FoundFiles
from rnnzoo.data.sets.set_request import SetRequest
from rnnzoo.data.splits import Splits

_DAYS_OF_A_MONTH = 30
_HOURS_OF_A_DAY = 24
_LOADS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def etth1(request: SetRequest, *, window: int = 96, horizon: int = 96) -> Splits:
    """Reads ETTh1: seven hourly readings of a power transformer, all of them to be forecast.

    The split that publications use: months of 30 days, 12 to learn from, 4 for validation, 4 for the test, the rest
    unused; scaled by the training part; every window whose targets lie in a part, its past reaching into the part
    before.

    Args:
        request: What is wanted.
        window: Hours to look back on.
        horizon: Hours ahead.
    """
    return _transformer(request, window, horizon, steps_of_a_day=_HOURS_OF_A_DAY)


def ettm1(request: SetRequest, *, window: int = 96, horizon: int = 96) -> Splits:
    """Reads ETTm1: the same transformer every 15 minutes, split alike.

    Args:
        request: What is wanted.
        window: Quarters of an hour to look back on.
        horizon: Quarters of an hour ahead.
    """
    return _transformer(request, window, horizon, steps_of_a_day=4 * _HOURS_OF_A_DAY)


def _transformer(request: SetRequest, window: int, horizon: int, *, steps_of_a_day: int) -> Splits:
    request.refuse_fractions()
    files = request.files()
    (path,) = files
    frame = read_frame(path)
    request.check_count(len(frame), unit="steps")
    return series_splits(
        frame.iloc[: 20 * _DAYS_OF_A_MONTH * steps_of_a_day],
        target=list(_LOADS),
        window=window,
        horizon=horizon,
        time="date",
        seasonality=steps_of_a_day,
        validation_fraction=4 / 20,
        test_fraction=4 / 20,
        source=_source(files),
    )


def beijing_pm25(request: SetRequest, *, window: int = 72, horizon: int = 24) -> Splits:
    """Reads five years of hourly fine dust in Beijing, with the weather; the dust is to be forecast.

    A missing value is the last one before it.

    Args:
        request: What is wanted.
        window: Hours to look back on.
        horizon: Hours ahead.
    """
    files = request.files()
    (path,) = files
    frame = read_frame(path)
    request.check_count(len(frame), unit="steps")
    return series_splits(
        frame,
        target=["pm2.5"],
        window=window,
        horizon=horizon,
        categorical=["cbwd", "hour"],
        ignore=["No", "year", "month", "day"],
        missing="ffill",
        seasonality=_HOURS_OF_A_DAY,
        validation_fraction=request.validation_fraction,
        test_fraction=request.test_fraction,
        source=_source(files),
    )


def _source(files: FoundFiles) -> dict[str, Any]:
    """Returns what is known of the one file of a set."""
    ((name, facts),) = files.facts["files"].items()
    return {"source": name, "checksum": facts["sha256"], **files.facts}


SERIES_SETS: dict[str, Callable[..., Any]] = {
    "beijing_pm25": beijing_pm25,
    "etth1": etth1,
    "ettm1": ettm1,
}
