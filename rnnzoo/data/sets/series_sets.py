"""Named series to be forecast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def beijing_pm25(
    request: SetRequest, *, window: int = 72, horizon: int = 24, calendar: Sequence[str] | None = None
) -> Splits:
    """Reads five years of hourly fine dust in Beijing, with the weather; the dust is to be forecast.

    A missing value is the last one before it.

    Args:
        request: What is wanted.
        window: Hours to look back on.
        horizon: Hours ahead.
        calendar: Fields of the time that are known of the window and the hours ahead, such as ``("hour", "month")``.
            Without them the hour of the window's steps is a category.
    """
    files = request.files()
    (path,) = files
    frame = read_frame(path)
    request.check_count(len(frame), unit="steps")
    day = ["year", "month", "day"]
    if calendar is None:
        options: dict[str, Any] = {"categorical": ["cbwd", "hour"], "ignore": ["No", *day]}
    else:
        options = {
            "categorical": ["cbwd"],
            "ignore": ["No"],
            "time": [*day, "hour"],
            "calendar": tuple(calendar),
        }
    return series_splits(
        frame,
        target=["pm2.5"],
        window=window,
        horizon=horizon,
        missing="ffill",
        seasonality=_HOURS_OF_A_DAY,
        validation_fraction=request.validation_fraction,
        test_fraction=request.test_fraction,
        source=_source(files),
        **options,
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
