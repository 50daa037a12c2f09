"""Truth of ``rnnzoo.preprocessing.series_levels`` and ``rnnzoo.preprocessing.covariates``: what requests become."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo.preprocessing.calendar import Calendar
from rnnzoo.preprocessing.covariates import Covariates
from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo.preprocessing.series_levels import SeriesLevels, WindowLevels
from rnnzoo.preprocessing.time_axis import TimeAxis
from rnnzoo.preprocessing.time_step import TimeStep
from rnnzoo.preprocessing.window_rows import is_request, read_row

LEVELS = SeriesLevels(["shop"], [["a"], ["b"]], [[10.0, 0.0], [1000.0, 5.0]], [[2.0, 1.0], [50.0, 2.0]])


def made(**changes: Any) -> WindowPreprocessing:
    covariates = Covariates(
        horizon=2,
        future=ScaledColumns(["price"], [0.0], [1.0], {"promo": ["no", "yes"]}),
        calendar=Calendar(("weekday",)),
        time=TimeAxis(("day",), TimeStep("day")),
        static=ScaledColumns(["size"], [3.0], [2.0], {"kind": ["x", "y"]}),
    )
    arguments: dict[str, Any] = {
        **{"numeric": ["sales"], "mean": [0.0], "scale": [1.0], "categories": {}, "window": 3},
        **{"covariates": covariates, "levels": LEVELS},
    }
    return WindowPreprocessing(**{**arguments, **changes})


def request(**changes: Any) -> dict[str, Any]:
    whole = {
        "series": "b",
        "past": {
            "sales": [0.0, 1000.0, 1050.0, 900.0],
            "price": [0.0, 5.0, 7.0, 9.0],
            "promo": ["no", "yes", "no", "no"],
            "day": ["2023-12-30", "2023-12-31", "2024-01-01", "2024-01-02"],
        },
        "future": {"price": [5.0, 3.0], "promo": ["yes", "no"]},
        "static": {"size": 5, "kind": "y"},
    }
    return {**whole, **changes}


def week(*days: int) -> np.ndarray:
    angle = np.array(days) * 2 * np.pi / 7
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def test_a_request_becomes_features_of_past_horizon_and_series() -> None:
    found = made().apply([request()])
    past = np.column_stack([[0, 1, -2], [0, 1, 2], [0, 1, 1], [1, 0, 0], week(6, 0, 1)])
    np.testing.assert_allclose(found["features"][0], past, atol=1e-6)
    ahead = np.column_stack([[0, -1], [0, 1], [1, 0], week(2, 3)])
    np.testing.assert_allclose(found["future"][0], ahead, atol=1e-6)
    np.testing.assert_allclose(found["static"][0], [1, 0, 1])
    frame = pd.DataFrame(request()["past"])
    np.testing.assert_array_equal(made().apply([request(past=frame)])["features"], found["features"])
    assert made().model_arguments == {"window": 3, "num_features": 6, "num_future": 5, "num_static": 3}


def test_answers_are_of_the_level_of_their_series_or_window() -> None:
    decoding = Decoding("forecasting", target_names=["sales"], mean=[500.0], scale=[100.0])
    outputs = np.array([[[0.0], [1.0]], [[0.0], [1.0]]])
    preprocessing = made()
    encoded = preprocessing.encode([request(), request(series="a")])
    mean, scale = preprocessing.level_of_rows(encoded) or (None, None)
    assert mean is not None
    assert scale is not None
    answers = decoding(decoding.rescaled(outputs, mean[:, :1], scale[:, :1]))
    values = [answer["values"]["sales"] for answer in answers]
    np.testing.assert_allclose(values, [[1000.0, 1050.0], [10.0, 12.0]], rtol=1e-12)
    by_window = made(levels=WindowLevels(1))
    level = by_window.level_of_rows(by_window.encode([request()]))
    assert level is not None
    np.testing.assert_allclose(level, [[[0.0]], [[2950 / 3]]])
    np.testing.assert_allclose(
        by_window.apply([request()])["features"][0, :, 0], np.array([1000, 1050, 900]) / (2950 / 3), rtol=1e-6
    )


def test_it_is_the_same_from_json() -> None:
    for preprocessing in (made(), made(levels=WindowLevels(1)), made(levels=None)):
        again = WindowPreprocessing.from_config(json.loads(json.dumps(preprocessing.to_config())))
        assert again.to_config() == preprocessing.to_config()
        for name, values in preprocessing.apply([request()]).items():
            np.testing.assert_array_equal(again.apply([request()])[name], values)


def test_missing_values_of_the_horizon_are_taken_from_the_last_of_the_past() -> None:
    row = request(future={"price": [None, 3.0], "promo": [None, None]})
    found = made(missing="ffill").apply([row])["future"][0]
    np.testing.assert_allclose(found[:, :3], [[2, 1, 0], [-1, 1, 0]])
    with pytest.raises(
        DataError, match=r"row 0: future: 'price' is missing at step 0; expected a value\. Fill it"
    ):
        made().apply([row])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"series": "c"},
            "row 0: series: received 'c', which was not there in training; expected one of a, b. Scale ",
        ),
        (
            {"series": None},
            "row 0: 'series' is missing; expected the shop of the window, by which it is scaled. Send",
        ),
        (
            {"series": ["a", "b"]},
            "row 0: series: received ['a', 'b']; expected the 'shop' that the window is of.",
        ),
        (
            {"future": None},
            "row 0: future: received none of 'price'; expected its values at the 2 steps ahead. Send",
        ),
        (
            {"future": {"price": [1.0], "promo": ["no"]}},
            "row 0: future: received 1 of 'price'; expected its values at",
        ),
        (
            {"static": {"size": 3}},
            "row 0: static: 'kind' is missing; expected its value for the series. Send",
        ),
        (
            {"static": {"size": "big", "kind": "x"}},
            "row 0: static: 'size' has the value 'big'; expected a number",
        ),
        (
            {"static": {"size": [3], "kind": "x"}},
            "row 0: static: 'size' is list; expected a single value for all st",
        ),
        ({"static": [3]}, "row 0: static: received list; expected a value by column, {column: value}."),
        (
            {"statics": {}},
            "row 0: received 'statics' beside 'past'; expected series, past, future, static. Leave it o",
        ),
        (
            {"past": {"sales": [1.0]}},
            "row 0: the column 'price' is missing; expected sales, price, promo, day.",
        ),
    ],
)
def test_requests_that_lack_something(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        made().apply([request(**changes)])
    assert str(caught.value).startswith(message)


def test_a_window_may_have_a_column_that_is_called_past() -> None:
    assert not is_request({"past": [1.0, 2.0], "load": [1.0, 2.0]})
    assert read_row({"past": [1.0, 2.0]}, 0, ["past"]).past == {"past": [1.0, 2.0]}
    assert is_request({"past": [{"load": 1.0}]})


def test_several_columns_name_a_series_by_list_or_mapping() -> None:
    levels = SeriesLevels(["shop", "item"], [["a", "1"], ["b", "2"]], [[0.0], [7.0]], [[1.0], [1.0]])
    for series in (["b", 2], ("b", "2"), {"item": 2, "shop": "b"}):
        assert levels.of(series)[0].tolist() == [7.0]
    for wrong in ("b", {"shop": "b"}, ["b", None], ["b", [2]]):
        with pytest.raises(DataError, match="expected a value for each of the columns shop, item, in a list"):
            levels.of(wrong)
    with pytest.raises(ArgumentError, match=r"levels: received 1 series, means \(2, 1\) and scales \(2, 1\)"):
        SeriesLevels(["shop"], [["a"]], [[0.0], [1.0]], [[1.0], [1.0]])
