"""What a request to a forecaster holds, in words that a signature keeps and a program can read."""

from __future__ import annotations

from typing import Any

from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import Levels, SeriesLevels

NUMBER, CATEGORY, TIME = "number", "category", "time"


def describe_request(
    past: ScaledColumns, window: int, covariates: Covariates | None, levels: Levels | None
) -> dict[str, Any]:
    """Returns what a request must hold.

    Args:
        past: The columns that are not known for the horizon.
        window: Steps of the past that are read.
        covariates: What is read beside it.
        levels: The levels of series or windows.

    Returns:
        ``window`` and ``horizon``, in steps; ``past``, ``future`` and ``static``, what each column holds: ``"number"``,
        ``"category"`` or ``"time"``; ``series``, the columns that name a series, where its level is read; ``calendar``,
        the fields, ``time``, how times are read, and ``step``, that from one to the next. Only those that exist.

    Example:
        >>> describe_request(ScaledColumns(["load"], [0.0], [1.0]), 24, None, None)
        {'window': 24, 'past': {'load': 'number'}}
    """
    found: dict[str, Any] = {"window": window}
    columns = _kinds(past)
    if covariates is not None:
        found["horizon"] = covariates.horizon
        columns |= _kinds(covariates.future)
        if covariates.time is not None and covariates.calendar.fields:
            columns |= dict.fromkeys(covariates.time.columns, TIME)
    found["past"] = columns
    if covariates is not None:
        for name, part in (("future", covariates.future), ("static", covariates.static)):
            if part.names:
                found[name] = _kinds(part)
    if isinstance(levels, SeriesLevels):
        found["series"] = list(levels.columns)
    if covariates is not None and covariates.calendar.fields:
        found["calendar"] = list(covariates.calendar.fields)
    if covariates is not None and covariates.time is not None:
        found["time"] = covariates.time.to_config()
        found["step"] = found["time"].pop("step")
    return found


def _kinds(columns: ScaledColumns) -> dict[str, str]:
    return {**dict.fromkeys(columns.numeric, NUMBER), **dict.fromkeys(columns.categories, CATEGORY)}
