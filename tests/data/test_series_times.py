"""Truth of ``rnnzoo.data.readers.timestamps``.

Times of a series: one format, one series, no window across a hole; advice that works as it is written.
"""

# mypy: disable-error-code="union-attr, attr-defined, arg-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from rnnzoo import Splits, read_table
from rnnzoo.cli.app import app
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.time_steps import find_steps
from rnnzoo.data.readers.timestamps import read_times
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.baselines import run_baselines

WINDOW: dict[str, Any] = {"window": 7, "horizon": 3}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def panel(order: str = "shop", shops: int = 3, days: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    dates = pd.date_range("2024-01-01", periods=days)
    rows = [(shop, date, rng.normal() + shop) for shop in range(shops) for date in dates]
    frame = pd.DataFrame(rows, columns=["shop", "date", "sales"])
    if order == "neither":
        return frame.sample(frac=1, random_state=0)
    return frame.sort_values(["shop", "date"] if order == "shop" else ["date", "shop"])


def hourly(rows: int = 500) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=rows, freq="h")
    return pd.DataFrame({"date": dates, "sales": np.arange(float(rows))})


def read(frame: pd.DataFrame, **options: Any) -> Splits:
    frame.to_csv("t.csv", index=False)
    return read_table("t.csv", target="sales", **{**WINDOW, **options})


def refused(frame: pd.DataFrame, **options: Any) -> str:
    with pytest.raises((DataError, ArgumentError)) as caught:
        read(frame, **options)
    return str(caught.value)


def followed(message: str, frame: pd.DataFrame | None = None) -> dict[str, Any]:
    """Runs the code that a message ends with, as it is written."""
    _, start, code = message.partition("table = ")
    names: dict[str, Any] = {"pandas": pd, "frame": frame}
    exec(start + code, names)
    return names


READ = "table = pandas.read_csv('t.csv', dtype=str, keep_default_na=False); "


@pytest.mark.parametrize("order", ["shop", "date", "neither"])
@pytest.mark.parametrize("known", [{"time": "date"}, {"ignore": ["date"]}])
def test_a_table_of_several_series_is_refused_and_names_the_column(order: str, known: dict[str, Any]) -> None:
    message = refused(panel(order), categorical=["shop"], **known)
    assert "'shop' has each time once at most: the table holds several series; expected one. " in message
    assert ("Sort" in message, "duplicates" in message) == (False, False)
    if order == "shop":
        assert message == (
            "line 102: 'date' is earlier than the line before, and every value of 'shop' has each time once at most: "
            f"the table holds several series; expected one. Keep the rows of one: {READ}"
            "one = table[table['shop'] == '0']; one.to_csv('one.csv', index=False)"
        )
    followed(message)
    splits = read_table("one.csv", target="sales", **WINDOW, categorical=["shop"], **known)
    assert splits.description["rows"] == {"train": 61, "validation": 13, "test": 13}
    shop = splits.preprocessing.categories["shop"][0]
    expected = panel().query(f"shop == {shop}")["sales"].to_numpy()
    np.testing.assert_allclose(splits.train.raw_targets()[0][0, :, 0], expected[:7])
    assert np.diff(splits.train.starts).tolist() == [1] * 60


def test_two_columns_may_name_the_series_together() -> None:
    table = pd.concat([panel().assign(item=item) for item in ("a", "b")])
    message = refused(table.sort_values(["date", "shop", "item"]), time="date", ignore=["item"])
    assert (
        "line 3: 'date' repeats the time of the line before, and every value of 'item' and 'shop'" in message
    )
    followed(message)
    assert (
        read_table("one.csv", target="sales", time="date", ignore=["item"], **WINDOW).description["steps"]
        == 100
    )


def test_series_without_a_name_are_told_by_times_that_start_anew() -> None:
    for known in ({"time": "date"}, {"ignore": ["date"]}):
        message = refused(panel().drop(columns="shop"), **known)
        assert (
            "starts anew 3 times in all: the table holds several series, and no column says which" in message
        )
        followed(message)
        assert read_table("one.csv", target="sales", **known, **WINDOW).description["steps"] == 100


def test_frames_of_several_series_are_refused_by_column_index_and_levels() -> None:
    def message(frame: pd.DataFrame, **options: Any) -> str:
        with pytest.raises(DataError) as caught:
            series_splits(frame, target=["sales"], **WINDOW, **options)
        return str(caught.value)

    one = followed(message(panel("date"), time="date"), panel("date"))["one"]
    assert series_splits(one, target=["sales"], time="date", **WINDOW).description["steps"] == 100
    by_date = panel("date").set_index("date")
    found = message(by_date)
    assert found.startswith(
        "line 2024-01-01 00:00:00: the index repeats the time of the line before, and every"
    )
    one = followed(found, by_date)["one"]
    assert series_splits(one, target=["sales"], **WINDOW).description["pieces"] == 1
    by_both = panel().set_index(["shop", "date"])
    found = message(by_both)
    assert found == (
        "frame: received an index of the levels 'shop', 'date'; expected one series, a row for each step. Keep the "
        "rows of one: frame.xs(0, level='shop')"
    )
    one = eval(found.rpartition(": ")[2], {"frame": by_both})
    assert series_splits(one, target=["sales"], **WINDOW).description["steps"] == 100


def test_dates_in_columns_of_their_own_tell_several_series_too() -> None:
    dates = panel()["date"].dt
    table = panel().drop(columns="date").assign(Year=dates.year, Month=dates.month, Day=dates.day)
    assert "'Year, Month, Day' is earlier than the line before, and every value of 'shop'" in refused(table)
    assert read(table[table["shop"] == 0]).description["steps"] == 100


def test_a_single_series_out_of_order_is_sorted() -> None:
    table = hourly(60).assign(date=lambda t: t["date"].dt.strftime("%d/%m/%Y %H:%M")).iloc[::-1]
    table["date"] = [str(date).replace("01/01", "20/01") for date in table["date"]]
    message = refused(table.iloc[[*range(30, 60), *range(30)]], time="date")
    assert message.startswith(
        "line 3: 'date' is earlier than the line before; expected times that rise. Sort the table: "
    )
    followed(message)
    with pytest.raises(DataError, match="received 1 hole in steps of 1 hour, 396 rows missing"):
        read_table("one.csv", target="sales", time="date", **WINDOW)
    year = panel(shops=1, days=730).assign(year=lambda t: t["date"].dt.year).drop(columns="shop")
    message = refused(year.sort_values(["year", "date"], ascending=[False, True]), time="date")
    assert "Sort the table" in message  # the years of one series are not several
    followed(message)
    assert read_table("one.csv", target="sales", time="date", **WINDOW).description["steps"] == 730


@pytest.mark.parametrize("how", ["copies", "copies at the end", "other values", "other values at the end"])
def test_a_single_series_with_rows_twice_keeps_one_of_each(how: str) -> None:
    more = hourly(100).iloc[[3, 70]].assign(sales=lambda t: t["sales"] + (0 if "copies" in how else 0.5))
    table = pd.concat([hourly(100), more])
    if "end" not in how:
        table = table.sort_values("date", kind="stable")
    message = refused(table, time="date")
    expected = (
        "Drop the 2 rows that are copies of others"
        if "copies" in how
        else "Keep one row for each time, of which 2 have several"
    )
    assert f"expected times that rise. {expected}" in message
    assert (", and sort the table: " in message) == (how == "other values at the end")
    followed(message)
    splits = read_table("one.csv", target="sales", time="date", **WINDOW)
    assert splits.description["steps"] == 100


@pytest.mark.parametrize("clock", ["hour", "time"])
def test_a_date_and_a_clock_are_one_time(clock: str) -> None:
    hours = hourly()["date"].dt.hour if clock == "hour" else hourly()["date"].dt.strftime("%H:%M")
    table = hourly().assign(**{"date": hourly()["date"].dt.date, clock: hours})
    message = refused(table, time="date", ignore=[clock])
    assert (
        f"{clock!r} seems to hold the time of day. Join both in one column, and name 'joined' as" in message
    )
    followed(message)
    joined = read_table("one.csv", target="sales", time="joined", **WINDOW)
    assert (joined.description["steps"], joined.description["pieces"]) == (500, 1)
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


# Holes.

LOST = [10, 50, 51, 200]


def test_holes_are_counted_and_placed() -> None:
    assert refused(hourly().drop(LOST), time="date") == (
        "'date': received 3 holes in steps of 1 hour, 4 rows missing: after line 11 (2024-01-01 09:00:00 to 2024-01-01 "
        "11:00:00); after line 50 (2024-01-03 01:00:00 to 2024-01-03 04:00:00); after line 198 (2024-01-09 07:00:00 to "
        "2024-01-09 09:00:00); expected even steps, for a model takes every row for one. Pass gaps='break', and no "
        "window crosses a hole."
    )
    days = hourly().query("10 <= date.dt.hour <= 20")
    assert "received 20 holes in steps of 1 hour, 260 rows missing: " in refused(days, time="date")
    assert " and 17 more; expected even steps" in refused(days, time="date")
    numbers = hourly().assign(date=np.arange(500) * 0.1).drop(LOST)
    assert "received 3 holes in steps of 0.1, 4 rows missing: after line 11 (0.9 to 1.1);" in refused(
        numbers, time="date"
    )
    extra = pd.concat([hourly(), pd.DataFrame({"date": [pd.Timestamp("2024-01-03 04:30")], "sales": [0.0]})])
    assert "received 2 uneven steps where most are 1 hour: after line 54" in refused(
        extra.sort_values("date"), time="date"
    )


@pytest.mark.parametrize("gone", [LOST, [*range(100, 110), 355, 420], [350], [425], [342, 343, 430]])
def test_windows_never_cross_a_hole_in_any_part(gone: list[int]) -> None:
    table = hourly().drop(gone)
    splits = read(table, time="date", gaps="break")
    rows = len(table)
    first_test = rows - round(rows * 0.15)
    first_validation = first_test - round(rows * 0.15)
    bounds = {
        "train": (0, first_validation),
        "validation": (first_validation, first_test),
        "test": (first_test, rows),
    }
    hours = table["sales"].to_numpy()  # each row holds its own hour
    for name, (first, end) in bounds.items():
        past, future = getattr(splits, name).raw_targets()
        together = np.concatenate([past, future], axis=1)[:, :, 0]
        assert (np.diff(together, axis=1) == 1).all()
        # And none that could be had is left out.
        targets = range(max(first, 7), end - 3 + 1)
        whole = [row for row in targets if hours[row + 2] - hours[row - 7] == 9]
        assert [int(hours[row]) for row in whole] == future[:, 0, 0].astype(int).tolist()
    assert splits.description["gaps"] == "break"
    assert splits.description["pieces"] == 1 + int((np.diff(hours) > 1).sum())
    answers = run_baselines(splits, splits.test)
    assert {len(answer) for answer in answers.values()} == {len(splits.test)}


def test_opening_hours_are_forecast_within_their_day() -> None:
    splits = read(hourly().query("10 <= date.dt.hour <= 20"), time="date", gaps="break")
    past, future = splits.train.raw_targets()
    assert (np.diff(np.concatenate([past, future], axis=1), axis=1) == 1).all()
    assert splits.description["rows"] == {"train": 28, "validation": 5, "test": 5}
    with pytest.raises(
        DataError, match=r"no whole window; expected at least 14 rows without gaps \(window 11, hor"
    ):
        read(hourly().query("10 <= date.dt.hour <= 20"), time="date", gaps="break", window=11)


def test_missing_values_are_not_filled_from_the_other_side_of_a_hole() -> None:
    table = hourly().astype({"sales": object})
    table.loc[[0, 100, 102, 103], "sales"] = None
    splits = read(table.drop([98, 99]), time="date", gaps="break", missing="ffill")
    past, future = splits.train.raw_targets()
    first = np.concatenate([past, future], axis=1)[:, 0, 0]
    assert 101 in first  # 102 and 103 are filled from it
    assert not {0, 97, 100} & set(first)  # hour 100 comes after a hole, and hour 0 after nothing
    assert splits.description["steps"] == 497


STEPS: dict[str, tuple[Any, str, int]] = {
    "months begin": (pd.date_range("2000", periods=60, freq="MS"), "1 month", 0),
    "months end": (pd.date_range("2000", periods=60, freq="ME"), "1 month", 0),
    "last business days": (pd.date_range("2000", periods=60, freq="BME"), "1 month", 0),
    "quarters": (pd.date_range("2000", periods=60, freq="QS"), "3 months", 0),
    "years": (pd.date_range("1960", periods=60, freq="YS"), "12 months", 0),
    "half months": (pd.date_range("2000", periods=60, freq="SMS"), "14 days", 0),
    "weeks": (pd.date_range("2000", periods=60, freq="W"), "7 days", 0),
    "business days": (pd.date_range("2000", periods=60, freq="B"), "1 business day", 0),
    "a holiday": (pd.date_range("2000", periods=60, freq="B").delete(8), "1 business day", 1),
    "a month is lost": (pd.date_range("2000", periods=60, freq="ME").delete(8), "1 month", 1),
    "hours in a zone": (pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin"), "1 hour", 0),
    "days in a zone": (pd.date_range("2024-03-20", periods=60, freq="D", tz="Europe/Berlin"), "1 day", 0),
    "a clock on the wall": (
        pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin").tz_localize(None),
        "1 hour",
        1,
    ),
    "jitter": (
        pd.Timestamp("2024")
        + pd.to_timedelta(np.arange(60) * 60 + np.random.default_rng(0).normal(size=60), "s"),
        "60.1407 seconds",
        0,
    ),
    "years as numbers": (np.arange(1960, 2020), "1", 0),
    "days as digits": (pd.date_range("2024-01-20", periods=60).strftime("%Y%m%d").astype(int), "1 day", 0),
    "months as digits": (pd.date_range("2000", periods=60, freq="MS").strftime("%Y%m"), "1 month", 0),
    "one row": (["2024-01-01"], "", 0),
}


@pytest.mark.parametrize("kind", STEPS)
def test_what_is_even_by_the_calendar_has_no_holes(kind: str) -> None:
    column, common, holes = STEPS[kind]
    steps = find_steps(read_times(pd.Series(column, name="when")))
    assert (steps.common, int(steps.holes.sum())) == (common, holes)
    as_text = find_steps(read_times(pd.Series([str(time) for time in column], name="when")))
    assert (as_text.common, int(as_text.holes.sum())) == (common, holes)


def test_times_without_a_common_step_are_refused_with_a_way_out() -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(size=100))
    table = hourly(100).assign(date=times)
    for gaps in ("error", "break"):
        message = refused(table, time="date", gaps=gaps)
        assert message == (
            "'date': received steps of many lengths, of which 20% are near 0.966725, the commonest; expected a common "
            "step. Ignore 'date' (ignore=['date']) in place of naming it as the time, and each row counts as a step, "
            "or bring the rows to even times."
        )
    assert read(table, ignore=["date"]).description["steps"] == 100
    frame = table.set_index(pd.DatetimeIndex(pd.to_datetime(times, unit="D"))).drop(columns="date")
    with pytest.raises(
        DataError, match=r"Call frame\.reset_index\(drop=True\) first, and each row counts as a step"
    ):
        series_splits(frame, target=["sales"], **WINDOW)
    series_splits(frame.reset_index(drop=True), target=["sales"], **WINDOW)


def test_an_index_of_dates_is_the_time() -> None:
    frame = hourly().set_index("date")
    assert series_splits(frame, target=["sales"], **WINDOW).description["pieces"] == 1
    with pytest.raises(DataError, match=r"^the index: received 3 holes in steps of 1 hour, 4 rows missing"):
        series_splits(frame.drop(frame.index[LOST]), target=["sales"], **WINDOW)
    months = hourly(40).set_index(pd.period_range("2000-01", periods=40, freq="M"))
    assert series_splits(months, target=["sales"], ignore=["date"], **WINDOW).description["pieces"] == 1


# Dates.


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
        "February 2024), '02/01/2024' for one; expected dates of one reading. Say which is right: "
        "time_format='%d/%m/%Y' or time_format='%m/%d/%Y'."
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
        "line 42: 'date' is '2024-02-10'; expected the format '%d/%m/%Y' of the rows before. Mend it: all rows need "
        "one format."
    )
    assert (
        "line 42: 'date' is '2024-02-10'; expected the format '%d/%m/%Y' that time_format names"
        in refused(table, time="date", time_format="%d/%m/%Y")
    )
    assert refused(table.assign(date="yesterday"), time="date") == (
        "line 2: 'date' is 'yesterday'; expected a timestamp or a number. Mend it, or say how it is to be read, such "
        "as time_format='%d.%m.%Y %H:%M'."
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
            f"line 42: 'date' is {bad!r}; expected a number, as in the rows before. Mend or drop the row."
        )


def test_arguments_that_need_the_time() -> None:
    table = hourly()
    assert refused(table, ignore=["date"], gaps="break") == (
        "gaps: received 'break' without time; expected the column of times. Pass time= too."
    )
    assert "time_format: received '%Y' without time" in refused(table, ignore=["date"], time_format="%Y")
    assert "unknown gaps: received 'fill'; expected one of break, error" in refused(
        table, time="date", gaps="fill"
    )
    for form in ("mixed", "%Q", 3):
        assert f"time_format: received {form!r}" in refused(table, time="date", time_format=form)


# Row numbers.


@pytest.mark.parametrize("header", ["", "Unnamed: 0", "Unnamed: 0.1", " "])
def test_a_nameless_column_of_row_numbers_is_refused_by_name(header: str) -> None:
    frame = hourly().drop(columns="date")
    message = refused(frame.reset_index(names=header))
    assert message == (
        f"column 1: received no name ({header!r}) and row numbers, from 0 to 499; expected features with names. Write "
        f"the table with index=False, or leave the column out: ignore=[{header!r}]."
    )
    assert read(frame.reset_index(names=header), ignore=[header]).preprocessing.numeric == ["sales"]
    assert read(frame).preprocessing.numeric == ["sales"]
    shuffled = frame.sample(frac=1, random_state=0)
    assert "received no name" in refused(shuffled.reset_index(names=header))
    assert "from 10 to 499" in refused(frame.iloc[10:].reset_index(names=header))


# The command.


def test_the_command_takes_the_same_options() -> None:
    table = hourly(200).assign(date=lambda t: t["date"].dt.strftime("%d.%m.%Y %H:%M")).drop([150, 160])
    table.reset_index(names="").to_csv("t.csv", index=False)
    options = DataOptions(
        data="t.csv",
        target="sales",
        window=7,
        horizon=3,
        time="date",
        time_format="%d.%m.%Y %H:%M",
        gaps="break",
        ignore="",
    )
    assert options.load().description["pieces"] == 3
    assert DataOptions.from_dict(options.to_dict()).load().description["pieces"] == 3
    ran = CliRunner().invoke(
        app,
        [
            *(
                "train",
                "forecaster-lstm",
                "--data",
                "t.csv",
                "--target",
                "sales",
                "--window",
                "7",
                "--horizon",
                "3",
            ),
            *("--time", "date", "--time-format", "%d.%m.%Y %H:%M", "--gaps", "break", "--ignore", ""),
            *("--epochs", "1", "--set", "units=4", "--out", "run"),
        ],
    )
    assert ran.exit_code == 0, ran.output
    assert "times  3 pieces; no window crosses a hole between them" in ran.output
    with pytest.raises(ArgumentError, match="--gaps: received 'break' with --text, which is for texts"):
        DataOptions(data="t.csv", text="a", label="b", gaps="break").load()
