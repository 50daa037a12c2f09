"""Truth of ``rnnzoo.data.readers.timestamps``: one format reads a column, and what it cannot read is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnzoo import read_series
from rnnzoo.data.readers.joined_times import read_joined_times
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.data.readers.timestamps import read_times
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import WindowPreprocessing
from series_tables import WINDOW, hourly, panel, read, refused

pytestmark = pytest.mark.usefixtures("in_own_folder")


@pytest.mark.parametrize("clock", ["hour", "time"])
def test_a_date_and_a_clock_are_one_time(clock: str) -> None:
    hours = hourly()["date"].dt.hour if clock == "hour" else hourly()["date"].dt.strftime("%H:%M")
    table = hourly().assign(**{"date": hourly()["date"].dt.date, clock: hours})
    message = refused(table, time="date", ignore=[clock])
    advice = f"{clock!r} seems to hold the time of day. Name both: time=['date', {clock!r}] (on the command line --time"
    assert f"{advice} date,{clock})." in message
    times = read_joined_times(read_frame("t.csv"), ["date", clock])
    assert (times.values == hourly()["date"].to_numpy()).all()
    indexed = table.set_index(pd.DatetimeIndex(table["date"])).drop(columns="date")
    with pytest.raises(
        DataError, match=r"Make a column of the index, frame = frame\.reset_index\(\), and name both as"
    ):
        read_series(indexed, target="sales", ignore=[clock], **WINDOW)
    frame = indexed.reset_index()
    assert (read_joined_times(frame, ["date", clock]).values == times.values).all()
    assert (
        read(table, ignore=["date"], categorical=[clock]).description["steps"] == 500
    )  # a good table without time


@pytest.mark.parametrize("written", ["%Y%m%d", "%d/%m/%Y", "%B %d, %Y", "seconds", "milliseconds", "numbers"])
def test_dates_that_are_not_named_are_found_however_they_are_written(written: str) -> None:
    seconds = (panel()["date"] - pd.Timestamp("1970-01-01")).dt.total_seconds().astype(int)
    whole = {"seconds": seconds, "milliseconds": seconds * 1000, "numbers": panel()["date"].dt.day_of_year}
    dates = whole[written] if written in whole else panel()["date"].dt.strftime(written)
    table = panel().assign(date=dates)
    if written == "numbers":  # whose meaning nobody knows, unless they are named as the time
        assert read(table, ignore=["date"]).description["steps"] == 300
        assert "holds several series" in refused(table, time="date")
    else:
        assert "holds several series" in refused(table, ignore=["date"])


def test_other_columns_of_dates_do_not_matter_where_one_rises() -> None:
    rng = np.random.default_rng(0)
    other = panel("date")["date"].to_numpy()[:100]
    table = panel(shops=1).assign(delivered=other, kind=rng.choice(["a", "b"], 100)).drop(columns="shop")
    assert read(table, ignore=["date", "delivered", "kind"]).description["steps"] == 100


@pytest.mark.parametrize(
    "form",
    [
        *(
            "%d/%m/%Y",
            "%m/%d/%Y",
            "%d.%m.%Y",
            "%d-%m-%Y",
            "%Y/%m/%d",
            "%Y-%m-%d",
            "%Y%m%d",
            "%d %b %Y",
            "%B %d, %Y",
        ),
        *("%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y, %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"),
        *("%d.%m.%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S+02:00"),
    ],
)
def test_one_format_reads_the_whole_column(form: str) -> None:
    days = pd.date_range("2024-01-01 06:00", periods=60)
    dates = read_times(pd.Series(days.strftime(form), name="when")).local
    whole = days if "%H" in form or "%I" in form else days.normalize()
    np.testing.assert_array_equal(dates, whole.to_numpy())


def test_dates_of_two_readings_are_refused_with_both() -> None:
    table = panel(shops=1, days=12).assign(date=lambda t: t["date"].dt.strftime("%d/%m/%Y"))
    message = refused(table, time="date", window=2, horizon=1)
    assert message == (
        "'date': every row can be read as '%d/%m/%Y' (day first: 2 January 2024) and as '%m/%d/%Y' (month first: 1 "
        "February 2024), '02/01/2024' in line 3 for one; expected dates of one reading. Say which is right: "
        "time_format='%d/%m/%Y' or time_format='%m/%d/%Y' (on the command line --time-format '%d/%m/%Y' or "
        "--time-format '%m/%d/%Y')."
    )
    splits = read(table, time="date", window=2, horizon=1, time_format="%d/%m/%Y")
    assert splits.description["pieces"] == 1
    hours = hourly(48).assign(date=lambda t: (t["date"] + pd.Timedelta(days=4)).dt.strftime("%d.%m.%Y %H:%M"))
    assert "(day first: 5 January 2024) and as '%m.%d.%Y %H:%M' (month first: 1 May 2024)" in refused(
        hours, time="date"
    )
    # One later row decides.
    assert read(hourly(300).assign(date=lambda t: t["date"].dt.strftime("%d.%m.%Y %H:%M")), time="date")


def test_a_row_of_another_format_is_named() -> None:
    dates = pd.date_range("2024-01-01", periods=60).strftime("%d/%m/%Y").tolist()
    table = pd.DataFrame({"date": [*dates[:40], "2024-02-10", *dates[41:]], "sales": range(60)})
    assert refused(table, time="date") == (
        "line 42: 'date' is '2024-02-10'; expected the format '%d/%m/%Y' of the rows before. Correct it: all rows need "
        "one format."
    )
    assert (
        "line 42: 'date' is '2024-02-10'; expected the format '%d/%m/%Y' that time_format names"
        in refused(table, time="date", time_format="%d/%m/%Y")
    )
    assert refused(table.assign(date="yesterday"), time="date") == (
        "line 2: 'date' is 'yesterday'; expected a timestamp or a number. Correct it, or say how it is to be read, "
        "such as time_format='%d.%m.%Y %H:%M' (on the command line --time-format '%d.%m.%Y %H:%M')."
    )
    empty = hourly(60).astype({"date": object})
    empty.loc[7, "date"] = ""
    assert "line 9: 'date' is ''; expected the format 'ISO8601' of the rows before" in refused(
        empty, time="date"
    )


def test_a_number_that_is_none_is_named() -> None:
    for bad in ("", "x", "inf"):
        table = hourly(60).assign(date=[*map(str, range(40)), bad, *map(str, range(41, 60))])
        assert refused(table, time="date") == (
            f"line 42: 'date' is {bad!r}; expected a number, as in the rows before. Correct or drop the row."
        )


def test_arguments_that_need_the_time() -> None:
    table = hourly()
    assert refused(table, ignore=["date"], gaps="break") == (
        "gaps: received 'break' without time; expected the column of times. Pass time= (on the command line "
        "--time) too."
    )
    assert "time_format: received '%Y' without time" in refused(table, ignore=["date"], time_format="%Y")
    assert (
        "unknown gaps: received 'fil'; did you mean 'fill'? expected one of break, error, fill, refuse"
        in refused(table, time="date", gaps="fil")
    )
    for form in ("mixed", "%Q", 3):
        assert f"time_format: received {form!r}" in refused(table, time="date", time_format=form)


@pytest.mark.parametrize("header", ["", "Unnamed: 0", "Unnamed: 0.1", " "])
def test_a_nameless_column_of_row_numbers_is_refused_by_name(header: str) -> None:
    frame = hourly().drop(columns="date")
    message = refused(frame.reset_index(names=header))
    beside = "" if header else """, with others --ignore '"",other'"""
    assert message == (
        f"column 1: received no name ({header!r}) and row numbers, from 0 to 499; expected features with names. Write "
        f"the table with index=False, or leave the column out: ignore=[{header!r}] (on the command "
        f"line --ignore {header!r}{beside})."
    )
    assert read(frame.reset_index(names=header), ignore=[header]).get_preprocessing(
        WindowPreprocessing
    ).numeric == ["sales"]
    assert read(frame).get_preprocessing(WindowPreprocessing).numeric == ["sales"]
    shuffled = frame.sample(frac=1, random_state=0)
    assert "received no name" in refused(shuffled.reset_index(names=header))
    assert "from 10 to 499" in refused(frame.iloc[10:].reset_index(names=header))


@pytest.mark.parametrize("others", ["2024-01-01", "2024-01-01 00:00:00.123456789"])
def test_years_that_nanoseconds_do_not_reach_are_named(others: str) -> None:
    for cells, line in (([others, "3000-01-01"], 1), (["3000-01-01", "3000-01-02"], 0)):
        with pytest.raises(DataError) as caught:
            read_times(pd.Series(cells, name="when"))
        assert str(caught.value) == (
            f"row {line}: 'when' is '3000-01-01'; expected a time of the years 1678 to 2261. Number the rows in place "
            "of dates."
        )
