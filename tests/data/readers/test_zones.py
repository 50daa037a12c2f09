"""Truth of ``rnnzoo.data.readers.timestamps``: zones, against pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.time_steps import find_steps
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.errors import ArgumentError, DataError

AUTUMN = pd.date_range("2024-10-25", periods=200, freq="30min", tz="Europe/Berlin")
ADVICE = (
    "If the clock of the table is never changed, leave zone out (on the command line --zone), or name its offset, such "
    "as zone='+01:00'. Otherwise drop such rows, or write all times with their offset, such as 2024-10-27T02:00+01:00."
)


def read(cells: Any, **options: Any) -> Times:
    return read_times(pd.Series(cells, name="date"), **options)


def refused(cells: Any, **options: Any) -> str:
    with pytest.raises((ArgumentError, DataError)) as caught:
        read(cells, **options)
    return str(caught.value)


def is_autumn(times: Times) -> bool:
    return bool(
        (times.values == AUTUMN.tz_convert("UTC").tz_localize(None).as_unit("ns").to_numpy()).all()
        and (times.local == AUTUMN.tz_localize(None).as_unit("ns").to_numpy()).all()
    )


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M%z", "ready", "in a zone"]
)
def test_all_ways_to_write_times_of_a_zone_are_the_same(form: str) -> None:
    cells: Any = {"ready": AUTUMN.tz_localize(None), "in a zone": AUTUMN}.get(form, AUTUMN.strftime(form))
    times = read(cells, zone="Europe/Berlin")
    assert is_autumn(times)
    assert times.zone == "Europe/Berlin"
    assert find_steps(times).common == "30 minutes"
    assert not find_steps(times).holes.any()
    elsewhere = read(AUTUMN, zone="America/New_York")
    assert (elsewhere.values == times.values).all()
    assert (elsewhere.local == AUTUMN.tz_convert("America/New_York").tz_localize(None).to_numpy()).all()


def test_without_a_zone_times_are_what_they_say() -> None:
    assert read(AUTUMN[:40]).zone == "Europe/Berlin"
    assert is_autumn(read(AUTUMN))
    texts = [time.isoformat() for time in AUTUMN]
    assert is_autumn(read(texts))
    assert read(texts).zone == "mixed"
    assert read(texts[:40]).zone == "+02:00"
    assert read(AUTUMN.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")).zone == "UTC"
    assert read([text.replace(":00+0", ":00-0").removesuffix(":00") for text in texts[:40]]).zone == "-02:00"
    naive = read(AUTUMN.tz_localize(None)[:40])
    assert (naive.zone, naive.local is naive.values) == (None, True)


def test_an_hour_that_is_told_by_nothing_is_refused_with_ways_out() -> None:
    hours = pd.Series(pd.date_range("2024-10-26", periods=48, freq="h"))
    message = refused(hours, zone="Europe/Berlin")
    assert message == (
        "row 26: 'date' is 2024-10-27 02:00:00, which clocks show twice in Europe/Berlin, where they are set back, and "
        "neither the order of the rows nor their step tells which of both it is; expected both hours one after the "
        f"other, or times with an offset. {ADVICE}"
    )
    read(hours)
    read(hours, zone="+01:00")
    read(hours.drop(26), zone="Europe/Berlin")
    read(
        hours.dt.tz_localize("Europe/Berlin", ambiguous=True).map(pd.Timestamp.isoformat),
        zone="Europe/Berlin",
    )


def test_an_hour_that_the_zone_does_not_have_is_refused_with_its_line() -> None:
    hours = pd.Series(pd.date_range("2024-03-30", periods=48, freq="h"))
    message = refused(hours.set_axis(pd.RangeIndex(2, 50, name="line")), zone="Europe/Berlin")
    assert message == (
        "line 28: 'date' is 2024-03-31 02:00:00, which clocks never show in Europe/Berlin: they are set forward; "
        f"expected a time that exists. {ADVICE}"
    )
    read(hours)
    read(hours, zone="+01:00")
    read(hours.drop(26), zone="Europe/Berlin")


def test_offsets_are_in_all_rows_or_in_none() -> None:
    cells = ["2024-01-01T00:00+01:00", "2024-01-01T01:00+01:00", "2024-01-01T02:00"]
    assert refused(cells) == (
        "row 2: 'date' is '2024-01-01T02:00', without an offset from UTC, which other rows have; expected one in all "
        "rows, or in none. Correct it."
    )
    assert read([cell.removesuffix("+01:00") for cell in cells]).zone is None


def test_wrong_zones_are_refused() -> None:
    assert refused(AUTUMN.tz_localize(None), zone="Berlin").startswith(
        "unknown zone: received 'Berlin'; did you mean 'Europe/Berlin'?"
    )
    assert refused(np.arange(9), zone="Europe/Berlin") == (
        "zone: received 'Europe/Berlin' with 'date', which holds numbers; expected dates. Leave zone out."
    )


def test_series_are_told_apart_each_by_its_own_order() -> None:
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(3), len(AUTUMN)))
    place = np.empty(len(codes), int)
    for code in range(3):
        place[codes == code] = np.arange(len(AUTUMN))
    times = read(AUTUMN.tz_localize(None)[place], zone="Europe/Berlin", codes=codes)
    order = np.lexsort((times.values, codes))
    taken = times.take(order)
    assert is_autumn(taken.take(np.arange(len(AUTUMN))))
    assert not find_steps(taken, codes[order]).holes.any()
