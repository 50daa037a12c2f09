"""Truth of ``rnnzoo.data.readers.joined_times``: a date and a clock, or parts, in memory and from disk."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.file_tables import FileTable
from rnnzoo.data.readers.joined_times import read_joined_times, read_table_times
from rnnzoo.data.readers.mixed_series import refuse_mixed
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.errors import ArgumentError, DataError

INDEX = pd.date_range("2006-12-30 17:00", periods=60, freq="h")
FRAMES: dict[str, pd.DataFrame] = {
    "texts": pd.DataFrame({"Date": INDEX.strftime("%d/%m/%Y"), "Time": INDEX.strftime("%H:%M:%S")}),
    "half days": pd.DataFrame({"Date": INDEX.strftime("%d/%m/%Y"), "Time": INDEX.strftime("%I:%M %p")}),
    "hours": pd.DataFrame({"Date": INDEX.strftime("%Y-%m-%d"), "hr": INDEX.hour}),
    "hours to 24": pd.DataFrame(
        {
            "Date": (INDEX - pd.Timedelta("1h")).strftime("%Y-%m-%d"),
            "hr": (INDEX - pd.Timedelta("1h")).hour + 1,
        }
    ),
    "digits": pd.DataFrame({"Date": INDEX.strftime("%Y%m%d"), "Time": INDEX.strftime("%H:%M")}),
    "parts": pd.DataFrame({part: getattr(INDEX, part.lower()) for part in ("Year", "month", "DAY", "hour")}),
}


def shown(times: Any) -> list[str]:
    return [str(time)[:16] for time in times.values]


@pytest.mark.parametrize("kind", FRAMES)
def test_they_are_the_times_that_were_written(kind: str, tmp_path: Path) -> None:
    frame = FRAMES[kind]
    frame.to_csv(tmp_path / "t.csv", index=False)
    names = list(frame.columns)
    for table in (frame, read_frame(tmp_path / "t.csv"), FileTable(tmp_path / "t.csv", cells=14)):
        times = read_table_times(table, names)
        assert (times.values == INDEX.as_unit("ns").to_numpy()).all()
        assert (times.columns, times.joined) == (tuple(names), "parts" if kind == "parts" else "clock")
        assert times.shown_name == " and ".join(map(repr, names))
    assert (read_table_times(frame.assign(when=INDEX), ["when"]).values == times.values).all()


@pytest.mark.parametrize("disk", [False, True])
def test_a_format_may_be_of_both(disk: bool, tmp_path: Path) -> None:
    frame = FRAMES["texts"].assign(Date=INDEX.strftime("%m/%d/%Y"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = FileTable(tmp_path / "t.csv", cells=14) if disk else frame
    times = read_joined_times(table, ["Date", "Time"], time_format="%m/%d/%Y %H:%M:%S")
    assert (times.values == INDEX.as_unit("ns").to_numpy()).all()
    assert (times.joined, times.form) == ("text", "%m/%d/%Y %H:%M:%S")
    assert shown(read_joined_times(table, ["Date", "Time"], time_format="%m/%d/%Y")) == shown(times)
    with pytest.raises(
        DataError, match=r"'Date Time' is '12/30/2006 17:00:00'; expected the format '%d/%m/%Y %H:%M:%S'"
    ):
        read_joined_times(table, ["Date", "Time"], time_format="%d/%m/%Y %H:%M:%S")


def test_ready_dates_and_clocks_are_joined_too() -> None:
    days = INDEX.normalize()
    for clock in (INDEX.time, INDEX - days, [time.hour * 1.0 for time in INDEX]):
        times = read_joined_times(pd.DataFrame({"day": days, "clock": clock}), ["day", "clock"])
        assert (times.values == INDEX.as_unit("ns").to_numpy()).all()
    months = pd.DataFrame({"year": [2023, 2024], "month": [12, 1]})
    assert shown(read_joined_times(months, ["year", "month"])) == ["2023-12-01T00:00", "2024-01-01T00:00"]


def test_the_repeated_hour_is_told_by_the_zone() -> None:
    index = pd.date_range("2024-10-26 22:00", periods=8, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    frame = pd.DataFrame({"date": index.strftime("%Y-%m-%d"), "clock": index.strftime("%H:%M")})
    times = read_joined_times(frame, ["date", "clock"], zone="Europe/Berlin")
    assert (np.diff(times.values) == np.timedelta64(1, "h")).all()
    assert (np.diff(times.local.astype(np.int64)) == 0).sum() == 1


@pytest.mark.parametrize("kind", FRAMES)
def test_messages_about_them_are_code_that_sorts(kind: str) -> None:
    frame = FRAMES[kind].assign(sales=1.0)
    names = list(FRAMES[kind].columns)
    table = pd.concat([frame[30:], frame[:30], frame[10:12]], ignore_index=True)
    with pytest.raises(DataError) as caught:
        refuse_mixed(table, read_joined_times(table, names), target=["sales"], named=True)
    assert (
        "; expected times that rise. Drop the 2 rows that are copies of others, and sort the table:"
        in str(caught.value)
    )
    done: dict[str, Any] = {"table": table, "frame": table, "pandas": pd}
    exec(str(caught.value).partition("sort the table: ")[2], done)
    assert (read_joined_times(done["table"], names).values == INDEX.as_unit("ns").to_numpy()).all()


def refused(frame: pd.DataFrame, names: list[str], **options: Any) -> str:
    with pytest.raises((ArgumentError, DataError)) as caught:
        read_joined_times(frame, names, **options)
    return str(caught.value)


def test_what_makes_no_time_is_refused_with_its_row() -> None:
    texts = FRAMES["texts"].copy()
    texts.loc[3, "Time"] = "noon"
    assert refused(texts, ["Date", "Time"]) == (
        "row 3: 'Time' is 'noon'; expected a time of day such as '17:24' or '17:24:00', or hours from 0 to 24. "
        "Correct it."
    )
    parts = FRAMES["parts"].copy()
    parts.loc[2, "DAY"] = 32
    assert refused(parts, ["Year", "month", "DAY", "hour"]) == (
        "row 2: received Year 2006, month 12, DAY 32, hour 19; expected a date. Correct it."
    )
    frame = pd.DataFrame(
        {"date": INDEX, "clock": "12:00", "day": [1, 2] * 30, "zone": "2024-01-01T00:00+01:00"}
    )
    assert refused(frame, ["date", "clock"]) == (
        "row 0: 'date' is '2006-12-30 17:00:00', which has a time of day or a zone already; expected a date beside the "
        "clock 'clock'. Name 'date' alone as the time."
    )
    assert read_table_times(frame, ["date"]).joined == "one"  # as it says
    assert "which has a time of day or a zone already" in refused(frame, ["zone", "clock"])
    assert refused(frame, ["day", "clock"]) == (
        "'day': received numbers beside the clock 'clock'; expected dates. Write them as dates."
    )


def test_columns_that_do_not_belong_together_are_refused() -> None:
    texts = FRAMES["texts"]
    message = refused(texts, ["Time", "Date"])
    assert message == (
        "time: received 'Time', 'Date', of which 'Time' is no date; expected the date first. Pass "
        "time=['Date', 'Time'] (on the command line --time Date,Time)."
    )
    read_joined_times(texts, ["Date", "Time"])  # as it says
    assert refused(texts.assign(x=1), ["Date", "Time", "x"]) == (
        "time: received 'Date', 'Time', 'x'; expected one column, a date and a clock, or columns called year, month, "
        "day, hour, minute, second or the first of these. Join them in one column."
    )
    assert refused(FRAMES["parts"], ["Year", "month", "DAY"], time_format="%Y") == (
        "time_format: received '%Y' with columns of parts, 'Year', 'month', 'DAY'; expected none. Leave it out."
    )
    assert datetime.date(2006, 12, 30) == read_joined_times(
        FRAMES["parts"].iloc[:1], ["Year", "month", "DAY"]
    ).values[0].astype("datetime64[D]")
