"""Truth of ``rnnzoo.data.readers.series_requests``: a table of several series becomes a request for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_series
from rnnzoo.data.readers.series_requests import SeriesRequest, needs_requests, read_requests
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.errors import DataError, UnknownNameError
from rnnzoo.preprocessing import WindowPreprocessing

WINDOW, HORIZON = 6, 3
SHOPS = {"a": 40, "b": 60, "ö": 50}


def shops(rows: int | None = None, **columns: Any) -> pd.DataFrame:
    """Sales of three shops by hour, sorted by time, so that shops are mixed."""
    parts = []
    for number, (shop, count) in enumerate(SHOPS.items()):
        steps = np.arange(rows or count)
        hours = pd.date_range("2024-03-01", periods=len(steps), freq="h")
        parts.append(
            pd.DataFrame(
                {
                    "shop": shop,
                    "hour": hours,
                    "sales": 100.0 * (number + 1) + steps % 24,
                    "price": 5 + number + (steps % 5) / 10,
                    "offer": np.where(steps % 3, "no", "yes"),
                    "size": 300 * (number + 1),
                }
            )
        )
    frame = pd.concat(parts).sort_values("hour", kind="stable", ignore_index=True)
    return frame.assign(**columns)


def trained(**options: Any) -> Splits:
    arguments: dict[str, Any] = {
        "target": "sales",
        "series": "shop",
        "time": "hour",
        "categorical": ["offer"],
        "window": WINDOW,
        "horizon": HORIZON,
    }
    return read_series(shops(), **{**arguments, **options})


EVERYTHING: dict[str, Any] = {
    "future": ["price", "offer"],
    "static": ["size"],
    "calendar": ("hour",),
    "scaling": "series",
}


def read(
    frame: pd.DataFrame, splits: Splits, ahead: pd.DataFrame | None = None, folder: Path = Path()
) -> list[SeriesRequest]:
    """What is read of files with these rows."""
    frame.to_csv(folder / "new.csv", index=False)
    if ahead is not None:
        ahead.to_csv(folder / "ahead.csv", index=False)
    return read_requests(
        read_frame(folder / "new.csv"),
        splits.get_preprocessing(WindowPreprocessing),
        ["sales"],
        None if ahead is None else read_frame(folder / "ahead.csv"),
    )


def open_ended(steps: int = HORIZON, rows: int = 20) -> pd.DataFrame:
    """The table, with empty sales at the last steps of each shop."""
    frame = shops(rows)
    last = frame.groupby("shop").cumcount() >= rows - steps
    return frame.assign(sales=frame["sales"].where(~last))


def written(times: pd.Series[Any]) -> list[str]:
    """Times as answers have them."""
    return [time.isoformat() for time in times]


@pytest.fixture(autouse=True)
def _in_own_folder(in_own_folder: None) -> None:
    """Files lie in a folder of the test's own."""


def test_every_series_is_asked_with_its_own_rows() -> None:
    splits = trained(**EVERYTHING)
    found = read(open_ended(), splits)
    assert [one.series for one in found] == ["a", "b", "ö"]
    for one in found:
        own = shops(20).query("shop == @one.series")
        past, ahead = own[:-HORIZON], own[-HORIZON:]
        request = dict(one.request)
        assert request.pop("series") == one.series
        assert request.pop("static") == {"size": own["size"].iloc[0]}
        assert request.pop("future") == {"price": ahead["price"].tolist(), "offer": ahead["offer"].tolist()}
        expected = {name: past[name].tolist() for name in ("sales", "price", "offer")}
        assert request.pop("past") == {**expected, "hour": past["hour"].astype(str).tolist()}
        assert request == {}
        assert one.times == written(ahead["hour"])
    made = splits.get_preprocessing(WindowPreprocessing)
    assert len(made.encode_rows([one.request for one in found])) == 3


def test_the_rows_ahead_may_stand_in_a_table_of_their_own_and_be_more() -> None:
    splits = trained(**EVERYTHING)
    whole = shops(24)
    step = whole.groupby("shop").cumcount()
    ahead = whole[step >= 17].drop(columns=["sales", "size"])
    apart = read(whole[step < 17], splits, ahead)
    assert [(one.request, one.times) for one in apart] == [
        (one.request, one.times) for one in read(open_ended(), splits)
    ]
    assert read(open_ended(7, rows=24), splits) == apart


def test_a_panel_without_anything_known_ahead_is_read_up_to_its_last_row() -> None:
    found = read(shops(20).drop(columns="size"), trained(ignore=["size"]))
    assert [one.series for one in found] == ["a", "b", "ö"]
    assert [list(one.request) for one in found] == [["series", "past"]] * 3
    assert {len(one.request["past"]["sales"]) for one in found} == {20}
    assert found[0].times == ["2024-03-01T20:00:00", "2024-03-01T21:00:00", "2024-03-01T22:00:00"]


def test_one_series_with_a_calendar_has_no_name() -> None:
    frame = shops().query("shop == 'b'").drop(columns=["shop", "offer", "size"])
    splits = read_series(
        frame, target="sales", time="hour", calendar="hour", window=WINDOW, horizon=HORIZON, future="price"
    )
    assert needs_requests(splits.preprocessing)
    (one,) = read(frame.assign(sales=frame["sales"].where(frame.index < frame.index[-3])), splits)
    assert one.series is None
    assert one.times == written(frame["hour"][-3:])
    assert "series" not in one.request


def test_several_columns_name_a_series() -> None:
    frame = shops().assign(article="tea")
    splits = read_series(
        frame,
        target="sales",
        series=["shop", "article"],
        time="hour",
        window=WINDOW,
        horizon=HORIZON,
        categorical="offer",
        scaling="series",
    )
    found = read(frame, splits)
    assert [one.series for one in found] == [["a", "tea"], ["b", "tea"], ["ö", "tea"]]


def test_times_of_numbers_are_told_ahead() -> None:
    frame = shops().assign(hour=shops().groupby("shop").cumcount() * 2.0)
    splits = read_series(
        frame,
        target="sales",
        series="shop",
        time="hour",
        window=WINDOW,
        horizon=HORIZON,
        categorical="offer",
    )
    assert read(frame, splits)[0].times == [80.0, 82.0, 84.0]


def test_windows_alone_need_no_requests() -> None:
    plain = WindowPreprocessing(numeric=["a"], mean=[0.0], scale=[1.0], categories={}, window=3)
    assert not needs_requests(plain)
    assert not needs_requests(None)
    assert needs_requests(trained(ignore=["size"]).preprocessing)


def last_rows(steps: int) -> pd.DataFrame:
    """The rows of each shop behind the first 20."""
    frame = shops(20 + steps)
    return frame.loc[frame.groupby("shop").cumcount() >= 20]


def refused(frame: pd.DataFrame, ahead: pd.DataFrame | None = None, **options: Any) -> str:
    splits = trained(**{**EVERYTHING, **options})
    with pytest.raises((DataError, UnknownNameError)) as caught:
        read(frame, splits, ahead)
    return str(caught.value)


def test_what_a_table_lacks_is_said_with_the_way_out() -> None:
    frame = open_ended()
    assert refused(frame.rename(columns={"price": "prize"})) == (
        "unknown column of new.csv: received 'price'; did you mean 'prize'? expected one of hour, offer, prize, sales, "
        "shop, size."
    )
    assert refused(open_ended(2)) == (
        "new.csv: series 'a': received 2 rows with empty targets at its end; expected the 3 steps ahead, of which the "
        "model reads 'price' and 'offer'. Add them behind the past with nothing in 'sales', or give them as --future "
        "FILE."
    )
    past = shops(20)
    ahead = last_rows(2)
    assert refused(past, ahead) == (
        "ahead.csv: series 'a': received 2 rows; expected the 3 steps ahead, of which the model reads 'price' and "
        "'offer'. Add them."
    )
    ahead = last_rows(3)
    assert refused(past, pd.concat([ahead, ahead.assign(shop="c")])) == (
        "ahead.csv: series 'c': has no past in new.csv; expected series of that table. Correct its name, or leave its "
        "rows out."
    )
    assert refused(frame.assign(shop=frame["shop"].where(frame.index != 4))) == (
        "new.csv: line 6: 'shop' is missing; expected the name of the series. Correct it, or leave such rows out."
    )
    assert refused(frame.assign(size=frame["size"].where(frame.index != 4, 7))) == (
        "new.csv: series 'b': 'size' is 600.0 and 7.0; expected one value for all rows of a series. Correct it."
    )


def test_holes_and_times_that_fall_back_are_refused() -> None:
    frame = open_ended()
    hole = frame.drop(frame.query("shop == 'b'").index[4])
    assert refused(hole) == (
        "new.csv: series 'b': the times of steps 3 and 4 are 2024-03-01 03:00:00 and 2024-03-01 05:00:00; expected "
        "steps of 1 hour, as in training. Send the 1 row between too."
    )
    # A hole between the past and the steps ahead counts too.
    own = frame.query("shop == 'a'").index
    assert refused(frame.drop(own[-HORIZON - 1])).startswith(
        "new.csv: series 'a': the times of steps 15 and 16 are "
    )
    back = frame.sort_values("hour", ascending=False, kind="stable")
    assert "is not later than the one before" in refused(back.assign(sales=1.0), open_ended())


def test_a_series_that_was_not_there_in_training_is_refused_before_its_rows_are_counted() -> None:
    past, ahead = (frame.assign(shop=frame["shop"].replace("a", "c")) for frame in (shops(20), last_rows(1)))
    message = refused(past, ahead)
    assert message.startswith(
        "new.csv: series: received 'c', which was not there in training; expected one of "
    )
