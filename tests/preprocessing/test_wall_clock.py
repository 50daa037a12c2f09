"""Truth of ``rnnzoo.preprocessing.wall_clock``: zones against pandas, and the repeated hour told by order and step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing.wall_clock import check_zone, nearest_instants, to_instants, to_wall

ZONES = (
    *(
        "Europe/Berlin",
        "America/New_York",
        "Asia/Tokyo",
        "America/Havana",
        "Africa/Casablanca",
        "Antarctica/Troll",
    ),
    *("Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Europe/Dublin", "UTC"),
)  # half an hour, two hours, a day left out, at midnight, winter time that is set back


def times(zone: str, start: str, rows: int, freq: str) -> tuple[np.ndarray, np.ndarray]:
    """Instants, and what the clock shows, as pandas has them."""
    instants = pd.date_range(start, periods=rows, freq=freq, tz="UTC")
    return tuple(index.tz_localize(None).to_numpy() for index in (instants, instants.tz_convert(zone)))  # type: ignore[return-value]


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_of_some_years_is_as_in_pandas(zone: str) -> None:
    instants, wall = times(zone, "2010-01-01", 2 * 365 * 48, "30min")
    assert (to_wall(instants, zone) == wall).all()
    assert (to_instants(wall, zone, place=str) == instants).all()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(["5min", "15min", "1h", "7min"]),
    st.datetimes(pd.Timestamp(1990, 1, 1), pd.Timestamp(2035, 1, 1)),
)
def test_any_rows_without_holes_are_told_apart_by_their_order(
    zone: str, freq: str, start: pd.Timestamp
) -> None:
    instants, wall = times(zone, str(pd.Timestamp(start).floor(freq) - pd.Timedelta("10h")), 300, freq)
    assert (to_wall(instants, zone) == wall).all()
    assert (to_instants(wall, zone, place=str) == instants).all()


def test_offsets_are_zones_too() -> None:
    wall = np.array(["2024-07-01T12:00"], "datetime64[s]")
    assert to_instants(wall, "+05:30", place=str).astype(str).tolist() == ["2024-07-01T06:30:00"]
    assert to_wall(wall, "-03:00").astype(str).tolist() == ["2024-07-01T09:00:00"]
    assert to_wall(wall[:0], "Europe/Berlin").shape == (0,)


def berlin(*clocks: str) -> np.ndarray:
    return np.array([f"2024-10-27T{clock}" for clock in clocks], "datetime64[s]")


def told(wall: np.ndarray, zone: str = "Europe/Berlin") -> list[str]:
    return [str(time)[11:16] for time in to_instants(wall, zone, place=str)]


def test_the_step_tells_where_the_order_does_not() -> None:
    assert told(berlin("02:30", "03:00", "03:30")) == [
        "01:30",
        "02:00",
        "02:30",
    ]  # the rows begin in the second hour
    assert told(berlin("01:00", "01:30", "02:00", "02:30")) == [
        "23:00",
        "23:30",
        "00:00",
        "00:30",
    ]  # or end in the first
    assert told(berlin("00:00", "02:00", "03:00", "05:00")) == [
        "22:00",
        "00:00",
        "02:00",
        "04:00",
    ]  # two hours each
    daily = np.arange("2024-10-20T02:30", "2024-11-05T02:30", np.timedelta64(1, "D"), dtype="datetime64[m]")
    assert told(daily) == ["00:30"] * 8 + ["01:30"] * 8
    assert told(berlin("01:45", "02:00", "02:15", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"))[
        3:5
    ] == [*("00:45", "01:00")]  # a row of the first hour is lost


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        to_instants(
            berlin("00:00", "01:00", "02:00", "03:00"), "Europe/Berlin", place=lambda row: f"line {row}"
        )
    assert str(caught.value) == (
        "line 2 is 2024-10-27 02:00:00, which clocks show twice in Europe/Berlin, where they are set back, and neither "
        "the order of the rows nor their step tells which of both it is; expected both hours one after the other, or "
        "times with an offset. Correct it."
    )
    for clocks in (("02:00", "02:30", "02:00", "02:30", "02:00"), ("02:00", "02:30"), ("02:00",)):
        with pytest.raises(DataError, match="clocks show twice"):
            told(berlin(*clocks))


def test_an_hour_that_is_left_out_is_refused() -> None:
    spring = np.array(["2024-03-31T01:30", "2024-03-31T02:00", "2024-03-31T03:00"], "datetime64[s]")
    with pytest.raises(DataError) as caught:
        to_instants(spring, "Europe/Berlin", place=lambda row: f"line {row}", fix="Drop it.")
    assert str(caught.value) == (
        "line 1 is 2024-03-31 02:00:00, which clocks never show in Europe/Berlin: they are set forward; expected a "
        "time that exists. Drop it."
    )
    assert to_wall(nearest_instants(spring, "Europe/Berlin"), "Europe/Berlin")[1] == spring[2]
    assert told(spring[[0, 2]]) == ["00:30", "01:00"]


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_several_series_are_told_apart_series_by_series(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instants, wall = times("Europe/Berlin", "2024-10-26", 60, "30min")
    groups = rng.permutation(np.repeat(np.arange(4), 60))  # rows of series mixed, each in its order
    row = np.empty(240, int)
    for group in range(4):
        row[groups == group] = np.arange(60)
    assert (to_instants(wall[row], "Europe/Berlin", place=str, groups=groups) == instants[row]).all()
    first_hour = (instants[row] >= np.datetime64("2024-10-27T00")) & (
        instants[row] < np.datetime64("2024-10-27T01")
    )
    kept = ~(first_hour & (groups == 2))
    names = groups[kept].astype(str)
    with pytest.raises(DataError, match=r"^2 is 2024-10-27 02:00:00, which clocks show twice"):
        to_instants(wall[row][kept], "Europe/Berlin", place=names.__getitem__, groups=groups[kept])


def test_names_of_zones_are_checked() -> None:
    assert [check_zone(zone) for zone in ("Europe/Berlin", "UTC", "+01:00", "-0330")] == [
        *("Europe/Berlin", "UTC", "+01:00", "-03:30")
    ]
    for zone, near in (
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
    ):
        with pytest.raises(UnknownNameError, match=f"unknown zone: received '{zone}'; did you mean '{near}'"):
            check_zone(zone)
    with pytest.raises(UnknownNameError, match="unknown zone: received 'Europe'; did you mean"):
        check_zone("Europe")
    with pytest.raises(ArgumentError, match="zone: received 2; expected a name such as 'Europe/Berlin'"):
        check_zone(2)


def test_a_machine_without_zones_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(ArgumentError, match=r"this machine knows no zones\. Run: pip install tzdata"):
        check_zone("Europe/Nowhere")
