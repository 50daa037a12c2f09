"""Preprocessings of panels, with and without each thing that they may read, and requests to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import Levels, SeriesLevels, WindowLevels
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimeStep

WINDOW, HORIZON = 5, 3
#: A series is named by a shop and an article, so that one name alone does not tell it.
KEYS = [["north", "tea"], ["north", "jam"], ["süd", "tea"]]
FIELDS = ("hour", "weekday", "month", "holiday:DE-BY")


def panel(
    *,
    scaling: str = "all",
    future: Sequence[str] = (),
    static: Sequence[str] = (),
    calendar: Sequence[str] = (),
    missing: Any = "error",
    targets: int = 2,
) -> WindowPreprocessing:
    """A preprocessing of sales and visits by hour, that reads what is asked for.

    Args:
        scaling: ``"all"``, ``"series"`` or ``"window"``.
        future: Of ``"number"`` and ``"category"``.
        static: Likewise.
        calendar: Fields.
        missing: The rule for missing values.
        targets: How many of the two numbers are targets.
    """
    known = ScaledColumns(
        ["price"] if "number" in future else [],
        [20.0] if "number" in future else [],
        [4.0] if "number" in future else [],
        {"offer": ["none", "10 %"]} if "category" in future else {},
    )
    of_series = ScaledColumns(
        ["size"] if "number" in static else [],
        [500.0] if "number" in static else [],
        [200.0] if "number" in static else [],
        {"region": ["coast", "hills", "Ötztal"]} if "category" in static else {},
    )
    covariates = None
    if future or static or calendar:
        covariates = Covariates(
            horizon=HORIZON,
            future=known,
            static=of_series,
            calendar=Calendar(calendar),
            time=TimeAxis(("date",), TimeStep("hour")) if calendar else None,
            series=["shop", "article"],
        )
    return WindowPreprocessing(
        numeric=["sales", "visits"],
        mean=[100.0, 7.0],
        scale=[30.0, 2.0],
        categories={"sky": ["blue", "gray"]},
        window=WINDOW,
        missing=missing,
        covariates=covariates,
        levels=_levels(scaling, 2 + len(known.numeric), targets),
    )


def _levels(scaling: str, numbers: int, targets: int) -> Levels | None:
    if scaling == "window":
        return WindowLevels(targets)
    if scaling != "series":
        return None
    rng = np.random.default_rng(5)
    mean, scale = rng.normal(100, 40, (len(KEYS), numbers)), rng.uniform(1, 30, (len(KEYS), numbers))
    return SeriesLevels(["shop", "article"], KEYS, mean, scale)


def decoding_of(targets: int = 2, task: str = "forecasting") -> Decoding:
    """What brings the targets of a panel to their units."""
    return Decoding(
        task,
        target_names=["sales", "visits"][:targets],
        mean=[100.0, 7.0][:targets],
        scale=[30.0, 2.0][:targets],
    )


def request(seed: int = 0, steps: int = WINDOW, *, missing: bool = False) -> dict[str, Any]:
    """A request that holds all that any of these preprocessings reads."""
    rng = np.random.default_rng(seed)
    first = np.datetime64("2024-12-23T00") + rng.integers(24 * 10)
    hours = first + np.arange(steps)
    past = {
        "date": [str(hour).replace("T", " ") + ":00" for hour in hours],
        "sales": rng.normal(100, 30, steps).tolist(),
        "visits": rng.normal(7, 2, steps).tolist(),
        "sky": rng.choice(["blue", "gray"], steps).tolist(),
        "price": rng.normal(20, 4, steps).tolist(),
        "offer": rng.choice(["none", "10 %"], steps).tolist(),
    }
    future = {
        "price": rng.normal(20, 4, HORIZON).tolist(),
        "offer": rng.choice(["none", "10 %"], HORIZON).tolist(),
    }
    if missing:
        for columns, least in ((past, 1), (future, 0)):
            for name, values in columns.items():
                holes = rng.random(len(values)) < 0.4
                holes[:least] = False
                if name != "date":
                    columns[name] = [
                        None if hole else value for value, hole in zip(values, holes, strict=True)
                    ]
    return {
        "series": KEYS[rng.integers(len(KEYS))],
        "past": past,
        "future": future,
        "static": {
            "size": float(rng.normal(500, 200)),
            "region": str(rng.choice(["coast", "hills", "Ötztal"])),
        },
    }
