"""Truth of ``rnnzoo.data.readers.time_axes``: requests are read as the table was; the horizon is the table's own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.joined_times import read_table_times
from rnnzoo.data.readers.time_axes import refuse_calendar, time_axis
from rnnzoo.data.readers.time_steps import find_steps
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.errors import DataError
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.time_axis import TimeAxis

ROWS = 80


def dates(freq: str, start: str = "2024-02-13", zone: str | None = None) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=ROWS, freq=freq, tz=zone)


def texts(index: pd.DatetimeIndex, form: str) -> Any:
    return index.strftime(form)


TABLES: dict[str, dict[str, Any]] = {
    **{
        freq: {"t": dates(freq)}
        for freq in ("h", "15min", "D", "W", "B", "MS", "ME", "QE", "BME", "BMS", "YS", "YE")
    },
    "days in a zone": {"t": dates("D", "2024-03-20", "Europe/Berlin")},
    "hours in a zone": {"t": dates("h", "2024-03-29", "Europe/Berlin")},
    "hours of UTC": {"t": texts(dates("h", zone="UTC"), "%Y-%m-%dT%H:%M:%SZ")},
    "an offset": {"t": texts(dates("h", zone="UTC+02:00"), "%d.%m.%Y %H:%M%z")},
    "changing offsets, days": {"t": [time.isoformat() for time in dates("D", "2024-03-20", "Europe/Berlin")]},
    "a format": {"t": texts(dates("h"), "%d.%m.%Y %H:%M")},
    "digits": {"t": texts(dates("D"), "%Y%m%d")},
    "numbers": {"t": np.arange(ROWS) * 0.25},
    "date and clock": {"d": texts(dates("h"), "%d/%m/%Y"), "c": texts(dates("h"), "%H:%M")},
    "date and hours": {"d": texts(dates("h"), "%Y-%m-%d"), "c": dates("h").hour},
    "both in a format": {"d": texts(dates("h"), "%m/%d/%Y"), "c": texts(dates("h"), "%I:%M %p")},
    "parts": {name: getattr(dates("h"), name) for name in ("year", "month", "day", "hour")},
}


def learned(table: dict[str, Any], rows: int, **options: Any) -> tuple[pd.DataFrame, Times, TimeAxis]:
    frame = pd.DataFrame(table)
    seen = read_table_times(frame[:rows], list(frame.columns), **options)
    axis = time_axis(seen, find_steps(seen))
    return (
        frame,
        read_table_times(frame, list(frame.columns), **options),
        TimeAxis.from_config(json.loads(json.dumps(axis.to_config()))),
    )


@pytest.mark.parametrize("kind", TABLES)
def test_the_horizon_is_what_the_table_has_next(kind: str) -> None:
    options = {"time_format": "%m/%d/%Y %I:%M %p"} if kind == "both in a format" else {}
    frame, times, axis = learned(TABLES[kind], 60, **options)
    for end in (5, 30, 60):
        sent = [frame[name][:end].tolist() for name in frame.columns]
        past, ahead = axis.window_and_horizon(sent, 5, 20, "row 0")
        assert (past == times.local[end - 5 : end]).all()
        again = axis.read_columns(axis.cells(axis.read_columns([cells[:end] for cells in sent])))
        assert (again.instants == times.values[:end]).all()
        if axis.are_dates:
            assert (ahead == times.local[end : end + 20]).all()
        else:
            np.testing.assert_allclose(ahead, times.local[end : end + 20])


def test_naive_clocks_of_a_zone_go_through_the_change() -> None:
    clocks = pd.date_range("2024-10-25", periods=ROWS, freq="h", tz="Europe/Berlin").strftime(
        "%Y-%m-%d %H:%M"
    )
    frame, times, axis = learned({"t": clocks}, 40, zone="Europe/Berlin")
    assert axis.zone == "Europe/Berlin"
    _, ahead = axis.window_and_horizon([frame["t"][:40].tolist()], 10, 40, "row 0")
    assert (ahead == times.local[40:]).all()
    assert (np.diff(times.local.astype(np.int64)) == 0).sum() == 1


def test_columns_and_zones_are_kept() -> None:
    def axis_of(column: Any, **options: Any) -> TimeAxis:
        times = read_times(pd.Series(column, name="when"), **options)
        return time_axis(times, find_steps(times))

    assert axis_of(dates("h", zone="America/New_York")).zone == "America/New_York"
    assert axis_of(dates("h", zone="America/New_York"), zone="UTC").zone == "UTC"
    assert axis_of(dates("h", zone="UTC")).zone == "UTC"
    assert axis_of(dates("h")).zone is None
    assert axis_of(TABLES["changing offsets, days"]["t"]).zone == "mixed"
    assert axis_of(TABLES["an offset"]["t"]).zone == "+02:00"
    index = read_times(dates("h").to_series())
    assert time_axis(index, find_steps(index)).columns == ("None",) or index.name is None
    uneven = read_times(pd.Series(np.cumsum(np.random.default_rng(0).exponential(size=90)), name="t"))
    assert time_axis(uneven, find_steps(uneven)).step is None


def test_a_calendar_needs_dates_and_a_zone_that_is_known() -> None:
    def check(column: Any, *fields: str, **options: Any) -> None:
        times = read_times(pd.Series(column, name="when"), **options)
        refuse_calendar(times, find_steps(times), Calendar(fields))

    with pytest.raises(DataError) as caught:
        check(np.arange(9.0), "hour")
    assert str(caught.value) == (
        "calendar: received 'hour', but 'when' holds numbers; expected dates. Write the times as dates, or leave the "
        "calendar out."
    )
    check(np.arange(9.0))
    hours = [time.isoformat() for time in dates("h", "2024-03-30", "Europe/Berlin")]
    with pytest.raises(DataError) as caught:
        check(hours, "hour")
    assert str(caught.value) == (
        "calendar: the offsets of 'when' from UTC change from row to row, and which those of the horizon are is not "
        "known; expected the zone. Pass zone=, such as zone='Europe/Berlin' (on the command line --zone)."
    )
    check(hours, "hour", zone="Europe/Berlin")
    check(TABLES["changing offsets, days"]["t"], "weekday")
