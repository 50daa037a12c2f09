"""Truth of ``rnnzoo.data.readers.mixed_series``: one series a table; advice that works as it is written."""

# mypy: disable-error-code="attr-defined"

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import read_table
from rnnzoo.data.readers.series import series_splits
from rnnzoo.errors import DataError
from rnnzoo.preprocessing import WindowPreprocessing
from series_tables import WINDOW, followed, hourly, panel, read, refused

pytestmark = pytest.mark.usefixtures("in_own_folder")


READ = "table = pandas.read_csv('t.csv', dtype=str, keep_default_na=False); "


@pytest.mark.parametrize("order", ["shop", "date", "neither"])
@pytest.mark.parametrize("known", [{"time": "date"}, {"ignore": ["date"]}])
def test_a_table_of_several_series_is_refused_and_names_the_column(order: str, known: dict[str, Any]) -> None:
    message = refused(panel(order), categorical=["shop"], **known)
    assert (
        "'shop' has each time once at most: the table holds several series; expected one, or the col"
        in message
    )
    assert ("Sort" in message, "duplicates" in message) == (False, False)
    if order == "shop":
        assert message == (
            "line 102: 'date' is earlier than the line before, and every value of 'shop' has each time once at most: "
            "the table holds several series; expected one, or the column that names them. Pass time='date' and "
            "series=['shop'] (on the command line --time date --series shop), to train one model for all. Or keep the "
            f"rows of one: {READ}one = table[table['shop'] == '0']; one.to_csv('one.csv', index=False)"
        )
    splits = read_table("t.csv", target="sales", **WINDOW, time="date", series=["shop"])
    assert splits.description["num_series"] == 3
    assert splits.description["rows"] == {"train": 183, "validation": 39, "test": 39}
    followed(message)
    splits = read_table("one.csv", target="sales", **WINDOW, categorical=["shop"], **known)
    assert splits.description["rows"] == {"train": 61, "validation": 13, "test": 13}
    shop = splits.get_preprocessing(WindowPreprocessing).categories["shop"][0]
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
        "row of date 2024-01-01 00:00:00: the index repeats the time of the row before, and every"
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
