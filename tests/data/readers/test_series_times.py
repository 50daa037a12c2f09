"""Truth of ``rnnzoo.data.readers.series``: zones, joined columns and filled holes, from the table to the request."""

# mypy: disable-error-code="arg-type, attr-defined, index, union-attr"

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_series
from series_tables import WINDOW, hourly, read, refused

pytestmark = pytest.mark.usefixtures("in_own_folder")


def clocks(zone: str | None = None) -> pd.DataFrame:
    index = pd.date_range("2024-10-20", periods=500, freq="h", tz="Europe/Berlin")
    return hourly().assign(date=index if zone else index.tz_localize(None))


def test_a_zone_may_be_named_or_be_in_the_column() -> None:
    message = refused(clocks(), time="date")
    named = re.search(r"zone='(.*?)' fits all rows", message)
    assert named is not None
    for frame, zone in (
        (clocks(), named[1]),
        (clocks("own"), None),
        (clocks().astype({"date": str}), named[1]),
    ):
        splits = read_series(frame, target="sales", time="date", zone=zone, calendar=["hour"], **WINDOW)
        assert (splits.description["step"], splits.description["pieces"]) == ("1 hour", 1)
        inputs, targets, _ = splits.rows("train").gather(np.arange(len(splits.rows("train"))))
        hour = np.arctan2(inputs["future"][..., 0], inputs["future"][..., 1]) / (2 * np.pi) * 24
        wall = clocks()["date"].dt.hour.to_numpy()
        first = splits.rows("train").raw_targets()[1][:, 0, 0].astype(int)  # each row holds its number
        expected = wall[first[:, None] + np.arange(targets.shape[1])]
        assert (np.round(hour).astype(int) % 24 == expected).all()
        assert (np.diff(expected, axis=1) == 0).any()  # 02:00 comes twice


def test_a_panel_that_repeats_an_hour_is_told_its_zone() -> None:
    frame = pd.concat([clocks().assign(shop=shop) for shop in ("a", "b")]).sort_values("date", kind="stable")
    message = refused(frame, time="date", series="shop")
    assert "as where clocks are set back (2024-10-27 02:00:00 to 2024-10-27 02:00:00)" in message
    assert "zone='Europe/Berlin' fits all rows (on the command line --zone Europe/Berlin)." in message
    splits = read(frame, time="date", series="shop", zone="Europe/Berlin")
    assert (splits.description["pieces"], splits.description["step"]) == (2, "1 hour")


def joined() -> pd.DataFrame:
    index = hourly()["date"]
    return hourly().assign(date=index.dt.strftime("%d/%m/%Y"), clock=index.dt.strftime("%H:%M:%S"))


def test_advice_to_name_date_and_clock_works() -> None:
    frame = joined().astype({"clock": str})
    message = refused(frame, time="date", ignore=["clock"])
    assert "Name both: time=['date', 'clock'] (on the command line --time date,clock)." in message
    splits = read(frame, time=["date", "clock"], calendar=["hour", "weekday"])
    assert (splits.description["step"], splits.description["pieces"]) == ("1 hour", 1)
    assert splits.model_arguments["num_features"] == 1 + 4


def request(splits: Splits, frame: pd.DataFrame, rows: slice, names: list[str]) -> Any:
    past = {name: frame[name][rows].tolist() for name in (*names, "sales")}
    return splits.get_preprocessing().encode([{"past": past}])[0]


@pytest.mark.parametrize("kind", ["one", "joined"])
def test_a_request_has_the_calendar_of_the_table(kind: str) -> None:
    frame = joined() if kind == "joined" else hourly().astype({"date": str})
    names = ["date", "clock"] if kind == "joined" else ["date"]
    splits = read(frame, time=names, calendar=["hour", "day"])
    inputs, _, _ = splits.rows("test").gather(np.array([0]))
    first = int(splits.rows("test").raw_targets()[0][0, 0, 0])
    encoded = request(splits, frame, slice(first, first + 7), names)
    np.testing.assert_allclose(encoded.features, inputs["features"][0], atol=1e-6)
    np.testing.assert_allclose(encoded.future, inputs["future"][0], atol=1e-6)
    again = splits.get_preprocessing().encode([splits.rows("test").raw[0]])[0]
    np.testing.assert_allclose(again.future, inputs["future"][0], atol=1e-6)


def test_rows_are_put_in_where_holes_are_filled() -> None:
    gone = [100, 101, 250]
    table = hourly().drop(gone)
    splits = read(table, time="date", gaps="fill", missing="ffill", calendar=["hour"])
    whole = read(hourly(), time="date", calendar=["hour"])
    assert splits.description["steps"] == 500
    assert splits.description["rows"] == whole.description["rows"]
    values, expected = (part.rows("train").raw_targets() for part in (splits, whole))
    filled = np.arange(500.0)
    filled[gone] = [99, 99, 249]
    assert (values[0][..., 0] == filled[expected[0][..., 0].astype(int)]).all()
    hours = [part.rows("train").gather(np.arange(300))[0]["future"] for part in (splits, whole)]
    np.testing.assert_array_equal(*hours)
    again = splits.get_preprocessing().encode([splits.rows("train").raw[98]])[0]
    np.testing.assert_allclose(again.future, hours[0][98], atol=1e-6)
