"""Truth of ``rnnzoo.preprocessing.calendar``: fields against pandas, holidays against dates written down by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.preprocessing.calendar import Calendar

CYCLES = ("minute", "hour", "weekday", "day", "month")
PANDAS = {"weekday": "day_of_week"}
# Of 2024, from the laws of the states.
GERMANY = ("01-01", "03-29", "04-01", "05-01", "05-09", "05-20", "10-03", "12-25", "12-26")
BAVARIA = (*GERMANY, "01-06", "05-30", "11-01")
ALL_OF_2024 = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2200, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_fields_are_those_of_pandas(times: list[object], unit: str) -> None:
    local = np.array(times, f"datetime64[{unit}]")
    found = Calendar(CYCLES).field_values(local)
    expected = pd.DatetimeIndex(local)
    for name in CYCLES:
        assert found[name].dtype == np.int64
        assert found[name].tolist() == getattr(expected, PANDAS.get(name, name)).tolist(), name


@pytest.mark.parametrize(("field", "holidays"), [("holiday:DE", GERMANY), ("holiday:DE-BY", BAVARIA)])
def test_holidays_are_those_of_the_law(field: str, holidays: tuple[str, ...]) -> None:
    found = Calendar((field,)).field_values(ALL_OF_2024)[field]
    assert [str(day)[5:] for day in ALL_OF_2024[found == 1]] == sorted(holidays)
    assert set(found.tolist()) == {0, 1}


def test_holidays_last_all_day_and_times_may_come_in_any_order() -> None:
    local = np.array(["2024-10-04T00:00", "2024-10-03T23:59", "2023-12-25T08:00"], "datetime64[s]")
    assert Calendar(["holiday:DE"]).field_values(local)["holiday:DE"].tolist() == [0, 1, 1]


def test_features_are_places_on_a_circle() -> None:
    calendar = Calendar(CYCLES)
    assert calendar.width == 10
    for name, first, count in zip(CYCLES, (0, 0, 0, 1, 1), (60, 24, 7, 31, 12), strict=True):
        table = calendar.table(name)
        assert (table.dtype, table.shape) == (np.float32, (first + count, 2))
        assert np.isnan(table[:first]).all()
        assert not np.isnan(table[first:]).any()
        place = 2 * np.pi * np.arange(count) / count
        np.testing.assert_allclose(table[first:, 0], np.sin(place), atol=1e-7)
        np.testing.assert_allclose(table[first:, 1], np.cos(place), atol=1e-7)
        around = np.linalg.norm(table[first:] - np.roll(table[first:], 1, axis=0), axis=1)
        np.testing.assert_allclose(
            around, around[0], atol=1e-6
        )  # the last is as near to the first as to the one before


def test_an_hour_of_the_week_has_an_indicator_of_its_own() -> None:
    calendar = Calendar(("hour_of_week", "hour"))
    local = np.arange("2024-01-01T00", "2024-01-15T00", dtype="datetime64[h]")  # from a Monday on
    numbers = calendar.field_values(local)["hour_of_week"]
    assert numbers.tolist() == 2 * list(range(168))
    assert (calendar.width, calendar.field_width("hour_of_week")) == (170, 168)
    np.testing.assert_array_equal(calendar.features(local)[:, :168], np.eye(168, dtype=np.float32)[numbers])
    with pytest.raises(DataError, match="'hour_of_week' is 168 at step 0; expected a number from 0 to 167"):
        calendar.number_features({"hour_of_week": [168], "hour": [0]})


def test_features_follow_the_order_of_the_fields() -> None:
    calendar = Calendar(("holiday:US", "hour"))
    local = np.array(["2024-07-04T06:00", "2024-07-05T12:00"], "datetime64[m]")
    features = calendar.features(local)
    assert (features.dtype, calendar.width) == (np.float32, 3)
    np.testing.assert_allclose(features, [[1, 1, 0], [0, 0, -1]], atol=1e-6)
    assert Calendar().features(local).shape == (2, 0)
    assert Calendar(("hour",)).features(local[:0]).shape == (0, 2)


def test_it_is_the_same_when_made_again() -> None:
    calendar = Calendar(("hour", "holiday:DE-BY"))
    again = Calendar.from_config(json.loads(json.dumps(calendar.to_config())))
    assert (again, hash(again)) == (calendar, hash(calendar))
    assert again != Calendar(("hour",))
    assert Calendar("hour") == Calendar(["hour"])


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("hours", "unknown calendar field: received 'hours'; did you mean 'hour'? expected one of day,"),
        ("week", "unknown calendar field: received 'week'; did you mean 'weekday'?"),
        (3, "calendar: received 3; expected the name of a field, such as 'hour'."),
        (
            "holiday:DE-by",
            "calendar: received 'holiday:DE-by'; did you mean 'holiday:DE-BY'? expected one of",
        ),
        (
            "holiday:AF-X",
            "calendar: received 'holiday:AF-X'; expected 'holiday:AF': no parts of that",
        ),
        (
            "holiday:XX",
            "calendar: received 'holiday:XX'; expected the code of a country in two",
        ),
    ],
)
def test_wrong_fields_are_refused(field: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Calendar((field,))
    assert str(caught.value).startswith(message)


def test_a_field_comes_once() -> None:
    with pytest.raises(ArgumentError, match="calendar: received 'hour' twice; expected each field once"):
        Calendar(("hour", "month", "hour"))


@pytest.mark.parametrize("wrong", ["holiday", "holidays", "Holiday:DE", "holiday:", "holiday-DE"])
def test_a_holiday_needs_its_country(wrong: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Calendar((wrong,))
    assert str(caught.value) == (
        f"calendar: received {wrong!r}; expected the country too, for example 'holiday:DE', or a part of one, "
        "'holiday:DE-BY'. Codes are those of ISO 3166."
    )
    assert Calendar(("holiday:DE", "holiday:DE-BY")).width == 2  # as the message says


@pytest.mark.parametrize(
    ("written", "code"),
    [("de", "DE"), ("Germany", "DE"), ("DEU", "DE"), ("United States", "US"), ("UK", "GB")],
)
def test_countries_in_other_words_are_known(written: str, code: str) -> None:
    with pytest.raises(ArgumentError, match=f"did you mean 'holiday:{code}'"):
        Calendar((f"holiday:{written}",))
    assert Calendar((f"holiday:{code}",)).width == 1


def test_years_without_known_holidays_are_refused() -> None:
    days = np.array(["1985-01-01", "2024-01-01"], "datetime64[D]")
    with pytest.raises(DataError) as caught:
        Calendar(("holiday:DE",)).field_values(days)
    # Which years are known is up to the installed package.
    assert re.sub("199[01] to 2[0-9]{3}", "199X to 2YYY", str(caught.value)) == (
        "calendar: received a time of the year 1985 for 'holiday:DE'; expected the years 199X to 2YYY, whose holidays "
        "the installed package holidays knows. Leave 'holiday:DE' out, or the rows of other years."
    )
    Calendar(("hour",)).field_values(days)
    Calendar(("holiday:DE",)).field_values(days[1:])


def test_only_dates_have_fields() -> None:
    with pytest.raises(DataError, match="calendar: received times of the type float64; expected dates"):
        Calendar(("hour",)).field_values(np.arange(3.0))
    with pytest.raises(DataError, match="calendar: the time of step 1 is missing; expected a date"):
        Calendar(("hour",)).field_values(np.array(["2024-01-01", "NaT"], "datetime64[s]"))
    with pytest.raises(
        UnknownNameError, match="unknown calendar field: received 'day'; expected one of hour"
    ):
        Calendar(("hour",)).table("day")


def test_holidays_are_imported_only_where_they_are_asked_for() -> None:
    code = (
        "import sys, numpy as np; from rnnzoo.preprocessing.calendar import Calendar\n"
        "Calendar(('hour', 'month')).features(np.array(['2024-01-01'], 'datetime64[s]'))\n"
        "assert not {'holidays', 'pandas', 'tensorflow'} & set(sys.modules), sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
