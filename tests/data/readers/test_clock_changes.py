"""Truth of ``rnnzoo.data.readers.clock_changes``: the zone that is named makes the rows rise."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.clock_changes import refuse_repeated_hour
from rnnzoo.data.readers.time_steps import find_steps
from rnnzoo.data.readers.timestamps import read_times
from rnnzoo.errors import DataError
from series_tables import hourly, refused


def autumn(zone: str, freq: str = "h") -> pd.DataFrame:
    start = "2024-04-01" if zone == "Australia/Lord_Howe" else "2023-09-01"
    index = pd.date_range(start, periods=6000, freq=freq, tz=zone)
    return hourly(6000).assign(date=index.tz_localize(None))


@pytest.mark.parametrize(
    ("zone", "freq", "named"),
    [
        *(("Europe/Berlin", "h", "Europe/Berlin"), ("Europe/Paris", "15min", "Europe/Berlin")),
        *(("America/Chicago", "h", "America/New_York"), ("Asia/Beirut", "h", "Asia/Beirut")),
        ("Australia/Lord_Howe", "10min", "Australia/LHI"),
    ],
)
@pytest.mark.usefixtures("in_own_folder")
def test_the_zone_that_is_named_can_be_used(zone: str, freq: str, named: str) -> None:
    table = autumn(zone, freq)
    message = refused(table, time="date")
    assert re.search(
        r"^line \d+: 'date' is not later than in the row before, as where clocks are set back \(.* to .*\); expected "
        r"times that rise, or their zone\. Say of which zone they are: zone='.*' fits all rows "
        r"\(on the command line --zone .*\)\.$",
        message,
    )
    assert f"zone='{named}'" in message
    times = read_times(table["date"], zone=named)
    assert not find_steps(times).holes.any()
    assert (np.diff(times.values.astype(np.int64)) > 0).all()


def test_series_of_a_panel_have_their_own_hours() -> None:
    date = autumn("Europe/Berlin")["date"]
    cells = pd.concat([date, date], ignore_index=True)
    codes = np.repeat([0, 1], len(date))
    for places in (np.arange(len(cells)), np.arange(len(cells)).reshape(2, -1).T.ravel()):
        times = read_times(cells[places])
        with pytest.raises(DataError, match="zone='Europe/Berlin' fits all rows"):
            refuse_repeated_hour(times, pd.RangeIndex(len(cells)), codes[places])
        fixed = read_times(cells[places], zone="Europe/Berlin", codes=codes[places])
        refuse_repeated_hour(fixed, pd.RangeIndex(len(cells)), codes[places])


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2023-09-01", periods=3000, freq="h"),
        pd.date_range("2023-09-01", periods=3000, freq="h").repeat(2),
        pd.date_range("2023-09-01", periods=3000, freq="h").insert(5, pd.Timestamp("2023-09-01 04:00")),
        pd.date_range("2023-09-01", periods=3000, freq="h", tz="UTC")[::-1],
        np.arange(9.0)[::-1],
        pd.date_range("2023-01-01", periods=100).repeat(2),
    ],
)
def test_other_times_that_do_not_rise_are_left_to_others(column: object) -> None:
    times = read_times(pd.Series(column))
    assert refuse_repeated_hour(times, pd.RangeIndex(len(times.values))) is None  # type: ignore[func-returns-value]
