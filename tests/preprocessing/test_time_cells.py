"""Truth of ``rnnzoo.preprocessing.time_cells``: texts, clocks and parts against pandas."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.errors import DataError
from rnnzoo.preprocessing.time_cells import ISO, PARTS, read_clocks, read_dates, read_parts

ISO_TEXTS = (
    *(
        "2024-1-5",
        "2024-01",
        "2024",
        "20240105",
        "2024-01-05 3:00",
        "2024-01-05T03:00:00.123456789",
        "2024/01/05",
    ),
    *(
        "2024-01-05T0300",
        "20240105T030000",
        "2024-01-05 03:00 Z",
        "2024-01-05 03:00+01",
        "2024-01-05 03:00 +0100",
    ),
    *("2024-01-05 03:00:07-00:30", "2024.01.05", "2024 01 05", "1999-12-31 23:59:59", "2261-12-31 23:00"),
)
FORMATS = {
    "%d.%m.%Y %H:%M": "05.01.2020 13:00",
    "%d/%m/%Y %I:%M %p": "31/12/2020 01:30 PM",
    "%Y%m%d": "20240105",
    "%b %d, %Y": "Jan 5, 2020",
    "%Y-%m-%d %H:%M:%S.%f": "2020-01-05 03:04:05.123456",
    "%Y-%m-%d %H:%M%z": "2020-01-05 03:04+0530",
}


def utc(text: str, form: str) -> np.datetime64:
    return pd.to_datetime(text, format=form, utc=True).tz_localize(None).to_datetime64()


@pytest.mark.parametrize(
    ("text", "form"), [*((text, ISO) for text in ISO_TEXTS), *((t, f) for f, t in FORMATS.items())]
)
def test_texts_are_read_as_pandas_reads_them(text: str, form: str) -> None:
    wall, offsets = read_dates([f" {text} "], form, str)
    assert (wall.dtype, offsets.dtype) == ("datetime64[ns]", "timedelta64[s]")
    known = offsets if not np.isnat(offsets[0]) else np.zeros(1, "timedelta64[s]")
    assert (wall - known)[0] == utc(text, form)
    assert np.isnat(offsets[0]) == (pd.to_datetime(text, format=form).tzinfo is None)


def test_ready_dates_are_read_as_they_are() -> None:
    berlin = pd.Timestamp("2024-07-05 03:00:00.123456789", tz="Europe/Berlin")
    cells = [
        *(berlin, berlin.tz_localize(None), berlin.to_pydatetime(warn=False), datetime.date(2024, 7, 5)),
        *(np.datetime64("2024-07-05T03", "h"), 20240705),
    ]
    for cell, form in zip(cells, [ISO] * 5 + ["%Y%m%d"], strict=True):
        wall, offsets = read_dates([cell], form, str)
        assert str(wall[0]).startswith("2024-07-05")
        assert offsets.tolist() == [datetime.timedelta(hours=2) if getattr(cell, "tzinfo", None) else None]
    assert read_dates(cells[:1], ISO, str)[0][0] == berlin.tz_localize(None).to_datetime64()


@pytest.mark.parametrize(
    "cell",
    [
        "x",
        "",
        None,
        pd.NaT,
        float("nan"),
        True,
        "2024-13-01",
        "2023-02-29",
        "3000-01-01",
        "1500-01-01",
        np.datetime64("NaT", "s"),
    ],
)
def test_what_is_no_date_is_refused(cell: Any) -> None:
    with pytest.raises(DataError) as caught:
        read_dates(["2024-01-01", cell], ISO, lambda step: f"row 0: 'date' at step {step}")
    assert str(caught.value) == (
        f"row 0: 'date' at step 1 is {cell!r}; expected a date such as '2024-01-31 13:00', as in training. Correct it."
    )


def test_the_format_is_said() -> None:
    with pytest.raises(
        DataError, match=r"^0 is '2024-01-01'; expected a date of the format '%d\.%m\.%Y', as in training\."
    ):
        read_dates(["2024-01-01"], "%d.%m.%Y", str)


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        *(
            ("17:24:00", "17:24:00"),
            ("5:24 PM", "17:24:00"),
            ("12:00 am", "00:00:00"),
            ("24:00", "1 days"),
            ("7", "07:00:00"),
        ),
        *(
            (17.5, "17:30:00"),
            (24, "1 days"),
            (datetime.time(3, 4, 5), "03:04:05"),
            (pd.Timedelta("90min"), "01:30:00"),
        ),
        *((np.timedelta64(90, "m"), "01:30:00"), ("3:04:05.25", "03:04:05.25"), (np.int64(5), "05:00:00")),
    ],
)
def test_clocks_are_read(cell: Any, clock: str) -> None:
    assert read_clocks([cell], str)[0] == pd.Timedelta(clock).to_timedelta64()


@pytest.mark.parametrize(
    "cell", ["24:30", "17:60", "1:02:61", "13:00 pm", "x", None, -1, 25, True, float("nan"), "1724"]
)
def test_what_is_no_time_of_day_is_refused(cell: Any) -> None:
    with pytest.raises(DataError) as caught:
        read_clocks([cell], lambda step: f"line {step}")
    assert str(caught.value) == (
        f"line 0 is {cell!r}; expected a time of day such as '17:24' or '17:24:00', or hours from 0 to 24. Correct it."
    )


def test_parts_are_read_as_pandas_reads_them() -> None:
    index = pd.date_range("2019-12-30 22:10:05", periods=700, freq="5h")
    columns = {name: getattr(index, name).to_numpy() for name in PARTS}
    for names in (PARTS, PARTS[:3], PARTS[:4], PARTS[::-1], ("month", "year")):
        times, wrong = read_parts([columns[name] for name in names], names)
        frame = pd.DataFrame({name: columns[name] for name in names}).assign(
            **({} if "day" in names else {"day": 1})
        )
        assert (times == pd.to_datetime(frame).to_numpy()).all()
        assert not wrong.any()


def test_parts_that_are_none_are_found() -> None:
    dates = np.array(
        [
            [2023, 2, 29],
            [2024, 4, 31],
            [2024, 13, 1],
            [2024, 0, 1],
            [2024, 1, 0],
            [2024, 1.5, 1],
            [1500, 1, 1],
        ]
    )
    times, wrong = read_parts([*dates.T], PARTS[:3])
    assert wrong.all()
    hours = np.array([0, 24, 25, -1, 23.5, np.nan])
    times, wrong = read_parts([np.full(6, 2024), np.full(6, 1), np.full(6, 31), hours], PARTS[:4])
    assert wrong.tolist() == [False, False, True, True, False, True]
    assert times[[1, 4]].astype("datetime64[m]").astype(str).tolist() == [
        "2024-02-01T00:00",
        "2024-01-31T23:30",
    ]
