"""Truth of ``rnnzoo.preprocessing.time_step``: steps against the offsets of pandas."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rnnzoo.preprocessing.time_step import MIXED, TimePoints, TimeStep, month_anchor

# A step, and the name of the same in pandas.
BY_PANDAS = {
    "hours": (TimeStep("hour"), "h"),
    "quarters of an hour": (TimeStep("minute", 15), "15min"),
    "half seconds": (TimeStep("second", 0.5), "500ms"),
    "days": (TimeStep("day", by_wall=True), "D"),
    "weeks": (TimeStep("day", 7, by_wall=True), "7D"),
    "business days": (TimeStep("business day"), "B"),
    "months begin": (TimeStep("month", anchor=1), "MS"),
    "months end": (TimeStep("month", anchor=31), "ME"),
    "business months begin": (TimeStep("month", anchor="first business day"), "BMS"),
    "business months end": (TimeStep("month", anchor="last business day"), "BME"),
    "quarters": (TimeStep("month", 3, anchor=31), "QE"),
    "years": (TimeStep("month", 12, anchor=1), "YS"),
}


def points(index: pd.DatetimeIndex) -> TimePoints:
    instants = index if index.tz is None else index.tz_convert("UTC")
    return TimePoints(*(part.tz_localize(None).as_unit("ns").to_numpy() for part in (index, instants)))


@pytest.mark.parametrize("kind", BY_PANDAS)
@pytest.mark.parametrize("start", ["2023-12-15 08:30", "2024-10-25 00:00"])
def test_steps_are_those_of_pandas(kind: str, start: str) -> None:
    step, freq = BY_PANDAS[kind]
    expected = points(pd.date_range(start, periods=40, freq=freq))
    after = step.after(expected[:1], np.arange(40), None)
    assert (after.wall == expected.wall).all()
    assert (after.instants == expected.wall).all()
    np.testing.assert_allclose(step.lengths(expected), 1, atol=0.1)
    np.testing.assert_allclose(step.lengths(expected[::3]), 3, atol=0.15)
    each = step.after(expected[:-1], np.ones(39, int), None)
    assert (each.wall == expected.wall[1:]).all()
    if step.unit == "month":
        assert month_anchor(expected.wall) == step.anchor


@pytest.mark.parametrize("freq", ["h", "30min", "D", "B", "MS"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "+03:30"])
def test_steps_in_a_zone_are_those_of_pandas(freq: str, zone: str) -> None:
    for start in ("2024-03-09", "2024-10-26", "2024-11-02"):
        index = pd.date_range(start, periods=60, freq=freq, tz=zone if zone != "+03:30" else "UTC+03:30")
        step = {"h": TimeStep("hour"), "30min": TimeStep("minute", 30)}.get(
            freq, TimeStep({"D": "day", "B": "business day"}.get(freq, "month"), by_wall=True, anchor=1)
        )
        expected = points(index)
        after = step.after(expected[:1], np.arange(60), zone)
        assert (after.wall == expected.wall).all()
        assert (after.instants == expected.instants).all()


def test_an_own_offset_stays() -> None:
    first = TimePoints(
        np.array(["2024-10-26T22"], "datetime64[ns]"), np.array(["2024-10-26T20"], "datetime64[ns]")
    )
    for step in (TimeStep("hour"), TimeStep("day", by_wall=True)):
        after = step.after(first, np.arange(1, 9), MIXED)
        assert (after.wall - after.instants == np.timedelta64(2, "h")).all()
    assert str(TimeStep("hour").after(first, np.array([8]), MIXED).wall[0])[:13] == "2024-10-27T06"


def test_numbers_are_stepped_too() -> None:
    numbers = np.array([0.5, 0.75, 1.25])
    step = TimeStep("number", 0.25)
    assert step.lengths(TimePoints(numbers, numbers)).tolist() == [1, 2]
    assert step.after(TimePoints(numbers, numbers)[-1:], np.arange(1, 3), None).wall.tolist() == [1.5, 1.75]


def test_days_of_months() -> None:
    for days, anchor in (
        (["2024-01-30", "2024-02-29", "2024-03-30"], 30),
        (["2024-02-29", "2024-04-30"], 31),
        (["2023-06-15", "2023-07-15"], 15),
        (["2024-01-15", "2024-02-16"], None),
    ):
        wall = np.array(days, "datetime64[ns]")
        assert month_anchor(wall) == anchor
    own = TimeStep("month").after(TimePoints(wall, wall)[-1:], np.arange(1, 3), None).wall
    assert own.astype("datetime64[D]").astype(str).tolist() == ["2024-03-16", "2024-04-16"]
    far = np.array(["2000-01-31", "2010-01-31"], "datetime64[ns]")
    assert TimeStep("month").lengths(TimePoints(far, far)).tolist() == [120]


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        *(
            (TimeStep("hour"), "1 hour"),
            (TimeStep("minute", 15), "15 minutes"),
            (TimeStep("number", 0.1), "0.1"),
        ),
        *((TimeStep("business day"), "1 business day"), (TimeStep("month", 3), "3 months")),
    ],
)
def test_it_is_shown_and_made_again(step: TimeStep, shown: str) -> None:
    assert str(step) == shown
    assert TimeStep.from_config(json.loads(json.dumps(step.to_config()))) == step
