"""Truth of ``rnnzoo.preprocessing.time_axis``: times of requests against pandas, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimeStep

HOURLY = TimeAxis(("date",), TimeStep("hour"))
BERLIN = TimeAxis(("date",), TimeStep("hour"), zone="Europe/Berlin")
STEPS = {
    "h": TimeStep("hour"),
    "15min": TimeStep("minute", 15),
    "D": TimeStep("day", by_wall=True),
    "B": TimeStep("business day"),
    "MS": TimeStep("month", anchor=1),
    "ME": TimeStep("month", anchor=31),
}


def refused(axis: TimeAxis, *columns: Any, window: int = 3) -> str:
    with pytest.raises(DataError) as caught:
        axis.window_and_horizon(columns, window, 2, "row 0")
    return str(caught.value)


@settings(max_examples=80, deadline=None)
@given(
    freq=st.sampled_from(sorted(STEPS)),
    zone=st.sampled_from([None, "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    day=st.integers(0, 1500),
    window=st.integers(1, 30),
    horizon=st.integers(1, 30),
    offsets=st.booleans(),
)
def test_window_and_horizon_are_those_of_pandas(
    *, freq: str, zone: str | None, day: int, window: int, horizon: int, offsets: bool
) -> None:
    start = pd.Timestamp("2022-01-01") + pd.Timedelta(days=day)
    index = pd.date_range(start, periods=window + horizon + 5, freq=freq, tz=zone)
    axis = TimeAxis.from_config(
        json.loads(json.dumps(TimeAxis(("date",), STEPS[freq], zone=zone).to_config()))
    )
    own = index if zone and offsets else index.tz_localize(None)
    cells = [time.isoformat() for time in own[: window + 5]]
    past, ahead = axis.window_and_horizon([cells], window, horizon, "row 0")
    wall = index.tz_localize(None).to_numpy()
    assert (past == wall[5 : window + 5]).all()
    assert (ahead == wall[window + 5 :]).all()


def test_both_hours_of_autumn_are_steps_of_their_own() -> None:
    cells = [
        "2024-10-27 00:00",
        "2024-10-27 01:00",
        "2024-10-27 02:00",
        "2024-10-27 02:00",
        "2024-10-27 03:00",
    ]
    _, ahead = BERLIN.window_and_horizon([cells], 5, 2, "row 0")
    assert str(ahead[0])[:16] == "2024-10-27T04:00"
    assert str(BERLIN.window_and_horizon([cells[:3]], 3, 1, "row 0")[1][0])[:16] == "2024-10-27T02:00"
    assert refused(HOURLY, cells, window=5) == (
        "row 0: the time of step 3 (2024-10-27 02:00:00) is not later than the one before (2024-10-27 02:00:00); "
        "expected times that rise. Send the rows in order, each time once."
    )
    spring = ["2024-03-31 01:00", "2024-03-31 02:00", "2024-03-31 03:00"]
    assert refused(BERLIN, spring) == (
        "row 0: 'date' at step 1 is 2024-03-31 02:00:00, which clocks never show in Europe/Berlin: they are set "
        "forward; expected a time that exists. Send the times with their offset, such as '2024-10-27T02:00+01:00'."
    )
    with_offsets = ["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"]
    assert str(BERLIN.window_and_horizon([with_offsets], 3, 1, "row 0")[1][0])[11:16] == "05:00"


def test_the_format_of_training_is_read() -> None:
    axis = TimeAxis(("date",), TimeStep("day", by_wall=True), form="%d.%m.%Y")
    _, ahead = axis.window_and_horizon([["28.02.2024", "29.02.2024"]], 2, 1, "row 0")
    assert ahead.astype("datetime64[D]").astype(str).tolist() == ["2024-03-01"]
    assert refused(axis, ["2024-02-28"]) == (
        "row 0: 'date' at step 0 is '2024-02-28'; expected a date of the format '%d.%m.%Y', as in training. Correct it."
    )
    compact = TimeAxis(("date",), TimeStep("day"), form="%Y%m%d")
    assert len(compact.read([20240131, 20240201])) == 2


def test_steps_that_training_did_not_have_are_refused() -> None:
    def hours(*numbers: int) -> list[str]:
        return [f"2024-01-01 {hour:02}:00" for hour in numbers]

    assert refused(HOURLY, hours(1, 2, 5)) == (
        "row 0: the times of steps 1 and 2 are 2024-01-01 02:00:00 and 2024-01-01 05:00:00; expected steps of 1 hour, "
        "as in training. Send the 2 rows between too."
    )
    HOURLY.window_and_horizon([hours(1, 2, 3, 4, 5)], 5, 2, "row 0")  # as it says
    assert "Send the 1 row between too." in refused(HOURLY, hours(1, 3, 4))
    assert refused(HOURLY, ["2024-01-01 01:00", "2024-01-01 01:30", "2024-01-01 02:00"]).endswith(
        "expected steps of 1 hour, as in training. Send rows at steps of 1 hour."
    )
    assert "is not later than the one before" in refused(HOURLY, hours(3, 2, 4))
    HOURLY.window_and_horizon([hours(9, 4, 7, 8, 9)], 3, 2, "row 0")  # what is before the window is not read
    numbers = TimeAxis(("t",), TimeStep("number", 0.5), form=None)
    assert "the times of steps 0 and 1 are 0.5 and 1.5; expected steps of 0.5" in refused(numbers, [0.5, 1.5])
    assert numbers.window_and_horizon([[0.5, 1.0]], 2, 2, "row 0")[1].tolist() == [1.5, 2.0]
    assert refused(numbers, [0.5, "1"]) == (
        "row 0: 't' at step 1 is '1'; expected a number, as in training. Correct it."
    )


def test_readings_that_come_a_little_late_are_even() -> None:
    axis = TimeAxis(("date",), TimeStep("second", 60))
    axis.window_and_horizon(
        [["2024-01-01 00:00:00", "2024-01-01 00:01:09", "2024-01-01 00:02:01"]], 3, 1, "row 0"
    )


def test_offsets_are_there_as_in_training() -> None:
    naive, given = "2024-01-01T00:00", "2024-01-01T01:00+01:00"
    mixed = TimeAxis(("date",), TimeStep("hour"), zone="mixed")
    assert refused(HOURLY, [given]) == (
        "row 0: 'date' at step 0 has an offset from UTC; expected none, as in training. Send what the clock shows."
    )
    assert refused(mixed, [naive]) == (
        "row 0: 'date' at step 0 has no offset from UTC; expected one, as in training. Send the times with their "
        "offset, such as '2024-10-27T02:00+01:00'."
    )
    assert refused(BERLIN, [given, naive]) == (
        "row 0: 'date' at step 1 has no offset from UTC, which others have; expected one at all times, or at none. "
        "Add it."
    )
    assert str(mixed.window_and_horizon([[given]], 1, 1, "row 0")[1][0])[:16] == "2024-01-01T02:00"
    utc = TimeAxis(("date",), TimeStep("hour"), zone="UTC")
    assert str(utc.read([given]).wall[0])[:16] == naive


@pytest.mark.parametrize(
    ("axis", "columns"),
    [
        (
            TimeAxis(("day", "clock"), STEPS["h"], joined="clock"),
            [["2024-01-01", "2024-01-01"], ["22:00", "23:00:00"]],
        ),
        (TimeAxis(("day", "hr"), STEPS["h"], joined="clock"), [["2024-01-01", "2024-01-01"], [22, 23.0]]),
        (
            TimeAxis(("day", "clock"), STEPS["h"], form="%d/%m/%Y %H:%M", joined="text"),
            [["01/01/2024", "01/01/2024"], ["22:00", "23:00"]],
        ),
        (
            TimeAxis(("Year", "Month", "Day", "Hour"), STEPS["h"], joined="parts"),
            [[2024, 2024], [1, 1], [1, "1"], [22, 23]],
        ),
    ],
)
def test_several_columns_make_the_time(axis: TimeAxis, columns: list[list[Any]]) -> None:
    axis = TimeAxis.from_config(json.loads(json.dumps(axis.to_config())))
    past, ahead = axis.window_and_horizon(columns, 2, 2, "row 0")
    shown = np.concatenate([past, ahead]).astype("datetime64[m]").astype(str).tolist()
    assert shown == [*("2024-01-01T22:00", "2024-01-01T23:00", "2024-01-02T00:00", "2024-01-02T01:00")]


def test_wrong_cells_of_several_columns_are_named() -> None:
    clocks = TimeAxis(("day", "clock"), STEPS["h"], joined="clock")
    assert refused(clocks, ["2024-01-01"], ["noon"]).startswith(
        "row 0: 'clock' at step 0 is 'noon'; expected a time of"
    )
    parts = TimeAxis(("year", "month", "day"), STEPS["D"], joined="parts")
    assert refused(parts, [2024, 2024], [2, 2], [29, 30]) == (
        "row 0: received year 2024, month 2, day 30 at step 1; expected a date. Correct it."
    )


def test_without_a_common_step_nothing_comes_next() -> None:
    axis = TimeAxis(("date",))
    axis.check(axis.read(["2024-01-01", "2024-01-05"]))
    assert refused(axis, ["2024-01-01", "2024-01-05"]) == (
        "'date': the times of training have no common step; expected one to tell which times come next. Train on rows "
        "at even times."
    )


def test_months_keep_to_the_day_of_the_request() -> None:
    axis = TimeAxis(("date",), TimeStep("month", anchor=1))
    ends = ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert str(axis.window_and_horizon([ends], 3, 1, "row 0")[1][0])[:10] == "2024-04-30"
    own = TimeAxis(("date",), TimeStep("month", anchor=31))
    assert str(own.window_and_horizon([["2023-02-28"]], 1, 1, "row 0")[1][0])[:10] == "2023-03-31"


def test_fields_go_together() -> None:
    for wrong in (
        {"columns": ("a", "b")},
        {"columns": ("a",), "joined": "clock"},
        {"columns": ("a", "b"), "joined": "clock", "form": None},
    ):
        with pytest.raises(ArgumentError, match=r"^columns: received "):
            TimeAxis(**wrong)
    with pytest.raises(ArgumentError, match="unknown zone: received 'Berlin'; did you mean 'Europe/Berlin'"):
        TimeAxis(("a",), zone="Berlin")
    with pytest.raises(ArgumentError, match="unknown joined: received 'clocks'; did you mean 'clock'"):
        TimeAxis(("a", "b"), joined="clocks")


def test_a_server_needs_no_pandas_for_it() -> None:
    code = (
        "import sys; from rnnzoo.preprocessing.time_axis import TimeAxis, TimeStep\n"
        "TimeAxis(('date',), TimeStep('hour'), zone='Europe/Berlin').window_and_horizon([['2024-01-01 01:00']], 1, 1)\n"
        "assert not {'pandas', 'tensorflow'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
