"""Truth of ``rnnzoo.data.readers.static_columns`` and ``rnnzoo.data.readers.series_fit``: what whole series tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_series
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing import WindowPreprocessing


def panel(days: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    dates = pd.date_range("2024-01-01", periods=days)
    shops = [
        pd.DataFrame({"shop": shop, "day": dates, "size": size, "kind": kind}) for shop, size, kind in SHOPS
    ]
    frame = pd.concat(shops, ignore_index=True)
    return frame.assign(sales=rng.normal(100, 10, len(frame)), price=rng.normal(size=len(frame)))


SHOPS = (("north", 2, "a"), ("south", 4, "b"), ("west", 6, "a"))
COLUMNS: dict[str, Any] = {"target": "sales", "time": "day", "series": "shop"}


def read(frame: pd.DataFrame, **options: Any) -> Splits:
    return read_series(frame, window=5, horizon=2, **{**COLUMNS, **options})


def test_numbers_are_scaled_and_texts_are_indicators() -> None:
    splits = read(panel(), static=["size", "kind", "shop"])
    inputs = splits.rows("train").gather([0])[0]
    np.testing.assert_allclose(inputs["static"], [[-np.sqrt(1.5), 1, 0, 1, 0, 0]], rtol=1e-6)
    covariates = splits.get_preprocessing(WindowPreprocessing).covariates
    assert covariates is not None
    assert covariates.static.categories == {"kind": ["a", "b"], "shop": ["north", "south", "west"]}
    assert splits.model_arguments["num_static"] == 6
    assert splits.description["static"] == ["size", "kind", "shop"]
    named = read(panel(), static="size", categorical="size", ignore="kind")
    assert named.model_arguments["num_static"] == 3


def test_a_value_of_a_series_may_stand_in_some_of_its_rows() -> None:
    frame = panel()
    frame["size"] = frame["size"].where(frame.index % 7 == 0)
    whole = read(panel(), static=["size"], ignore="kind")
    assert read(frame, static=["size"], ignore="kind").model_arguments == whole.model_arguments
    frame.loc[frame["shop"] == "west", "size"] = np.nan
    with pytest.raises(DataError) as caught:
        read(frame, static=["size"], ignore="kind")
    assert str(caught.value) == (
        "static: 'size' is missing in all rows of the series 'west'; expected a value. Write it, or leave the column "
        "out of static."
    )


def test_a_column_that_changes_is_not_static() -> None:
    frame = panel()
    frame.loc[100, "kind"] = "c"
    with pytest.raises(DataError) as caught:
        read(frame, static=["kind"])
    message = str(caught.value)
    assert message == (
        "row 100: 'kind' is 'c' for the series 'south', and 'b' before; expected one value for all rows of a series. "
        "Correct it, or leave the column out of static: it is then a feature of each step."
    )
    assert read(frame, categorical="kind").model_arguments["num_features"] == 6


def test_series_without_training_rows_are_left_out_where_they_cannot_be_scaled() -> None:
    late = panel().query("shop == 'west'").head(20).assign(shop="new")
    late["day"] += pd.Timedelta(days=58)
    frame = pd.concat([panel(), late], ignore_index=True)
    with pytest.warns(
        UserWarning, match=r"^series: 1 of 4 are left out, such as 'new': no training row has their"
    ):
        splits = read(frame, scaling="series", static=["size", "kind"])
    assert splits.description["series_left_out"] == 1
    assert splits.test is not None
    assert {row["series"] for row in splits.test.raw or ()} <= {"north", "south", "west"}
    for scaling in ("all", "window"):
        splits = read(frame, scaling=scaling, static=["size", "kind"])
        assert "new" in {row["series"] for row in splits.test.raw or ()}  # type: ignore[union-attr]
    with pytest.warns(UserWarning, match="left out"):
        splits = read(frame, static=["size", "kind", "shop"])
    assert "new" not in {row["series"] for row in splits.test.raw or ()}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"time": None},
            "series: received 'shop' without time; expected the column of times, for the parts are cut",
        ),
        (
            {"series": (), "static": "size"},
            "static: received 'size' without series; expected the column that names",
        ),
        (
            {"series": (), "scaling": "series"},
            "scaling: received 'series' without series; expected the column that",
        ),
        (
            {"future": "sales"},
            "target: received 'sales', which names series, is static or known ahead; expected a num",
        ),
        (
            {"static": "size", "future": "size"},
            "static: received 'size', which is ignored, the time or named as the o",
        ),
        ({"calendar": "hours"}, "unknown calendar field: received 'hours'; did you mean 'hour'?"),
        (
            {"gaps": "fill"},
            "gaps: received 'fill' with missing='error'; expected missing='ffill' or 'drop', for rows",
        ),
    ],
)
def test_columns_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ArgumentError, DataError)) as caught:
        read(panel(), ignore="kind", **options)
    assert str(caught.value).startswith(message)


def test_rows_of_one_time_and_series_are_refused() -> None:
    frame = pd.concat([panel(), panel().iloc[[3, 70]]], ignore_index=True)
    with pytest.raises(DataError) as caught:
        read(frame, ignore="kind")
    assert str(caught.value) == (
        "row 180: 'day' is 2024-01-04 00:00:00 for the series 'north' as in row 3, and so have 1 more; expected each "
        "time once for a series. Name all columns that tell series apart in series, or drop such rows."
    )
    frame.loc[180:, "shop"] = ""
    with pytest.raises(DataError, match="row 180: 'shop' is missing; expected the name of the series"):
        read(frame, ignore="kind")
