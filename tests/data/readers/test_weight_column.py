"""Truth of ``rnnzoo.data.readers.weight_column``: how much each row of a table of series counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import Columns, Splits, read_series
from rnnzoo.errors import ArgumentError, DataError

WINDOW, HORIZON = 4, 3


def panel(seed: int = 0, rows: int = 60, series: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-01-01", periods=rows)
    parts = [
        pd.DataFrame(
            {
                "shop": f"shop {number}",
                "day": days,
                "sales": 10 * number + rng.normal(size=rows),
                "price": rng.normal(size=rows),
                "share": rng.integers(0, 4, size=rows) / 2,
            }
        )
        for number in range(series)
    ]
    return pd.concat(parts).sample(frac=1, random_state=seed, ignore_index=True)


def read(source: Any, **options: Any) -> Splits:
    known = {
        "target": "sales",
        "series": "shop",
        "time": "day",
        "weight": "share",
        "window": WINDOW,
        "horizon": HORIZON,
    }
    return read_series(source, **{**known, **options})


def every_weight(splits: Splits, name: str) -> np.ndarray:
    part = splits.rows(name)
    weights = part.gather(range(len(part)))[2]
    assert weights is not None
    assert weights.dtype == np.float32
    return weights


def cut_by_pandas(frame: pd.DataFrame, splits: Splits, name: str) -> np.ndarray:
    """The weights of each window, looked up by its series and the times of its horizon."""
    known = frame.set_index(["shop", "day"])["share"]
    found = []
    for row in splits.rows(name).raw or ():
        last = pd.Timestamp(row["past"]["day"][-1])
        days = pd.date_range(last, periods=HORIZON + 1)[1:]
        found.append([known.get((row["series"], day), 0.0) for day in days])
    return np.array(found)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), absent=st.integers(0, 12), gaps=st.sampled_from(["break", "fill"]))
def test_weights_are_those_that_pandas_finds_by_series_and_time(seed: int, absent: int, gaps: str) -> None:
    frame = panel(seed)[absent:]  # of rows in any order
    splits = read(frame, gaps=gaps, missing="ffill", calendar="weekday", scaling="window")
    for name in ("train", "validation", "test"):
        truth = cut_by_pandas(frame, splits, name)
        np.testing.assert_allclose(every_weight(splits, name), truth / truth.mean(), rtol=1e-6)
        np.testing.assert_array_equal(splits.rows(name).raw_weights(), truth)  # type: ignore[attr-defined]


def test_weights_stay_with_their_rows_where_the_first_rows_are_dropped() -> None:
    values = np.r_[[np.nan] * 3, np.arange(57.0)]
    frame = pd.DataFrame({"load": values, "share": np.arange(1.0, 61)})
    splits = read_series(frame, target="load", weight="share", window=2, horizon=1, missing="ffill")
    part = splits.rows("train")
    # The load of a row is its number less 3, its weight its number plus 1.
    np.testing.assert_array_equal(part.raw_weights(), part.raw_targets()[1][..., 0] + 4)  # type: ignore[attr-defined]


def test_the_raw_times_too_where_the_first_rows_are_dropped() -> None:
    frame = pd.DataFrame({"hour": pd.date_range("2025-01-01", periods=60, freq="h"), "load": np.arange(60.0)})
    frame.loc[:4, "load"] = np.nan
    options: Any = {"calendar": "hour", "missing": "ffill", "window": 2, "horizon": 1}
    splits = read_series(frame, target="load", time="hour", **options)
    first: Any = (splits.train.raw or [])[0]
    assert first["past"] == {"load": [5.0, 6.0], "hour": ["2025-01-01T05:00:00", "2025-01-01T06:00:00"]}


def test_a_table_on_disk_has_the_same(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    panel().to_csv(path, index=False)
    in_memory, on_disk = read(path), read(path, from_disk=True)
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(every_weight(in_memory, name), every_weight(on_disk, name))
    assert on_disk.description["weight"] == "share"
    assert on_disk.description["weighted"] == ["test", "train", "validation"]


def test_the_column_is_a_feature_only_where_it_is_named_as_one() -> None:
    frame = panel()
    plain, also = read(frame), read(frame, future="share")
    assert plain.model_arguments["num_features"] == 2
    assert "share" not in (plain.train.raw or [])[0]["past"]
    assert also.model_arguments["num_features"] == 3
    assert also.model_arguments["num_future"] == 1
    as_target = read(frame, target=("sales", "share"))
    assert as_target.model_arguments["num_targets"] == 2
    np.testing.assert_array_equal(every_weight(plain, "test"), every_weight(also, "test"))
    np.testing.assert_array_equal(every_weight(plain, "test"), every_weight(as_target, "test"))
    assert read(frame, weight=None, ignore="share").train.example()[2] is None


@pytest.mark.parametrize("scaling", ["all", "series"])
def test_rows_of_weight_0_are_in_no_statistic(scaling: str) -> None:
    frame = panel()
    broken = frame.copy()
    broken["sales"] = np.where(frame["share"] == 0, 1e6, frame["sales"])
    kept, found = read(frame, scaling=scaling), read(broken, scaling=scaling)
    assert kept.preprocessing is not None
    assert found.preprocessing is not None
    assert kept.preprocessing.to_config() == found.preprocessing.to_config()
    day = frame["day"] < pd.Timestamp("2025-02-12")
    learned = frame[(frame["share"] > 0) & day]
    assert kept.get_decoding().to_config()["mean"] == pytest.approx([learned["sales"].mean()])


def test_a_series_that_weighs_nothing_in_training_has_its_level_all_the_same() -> None:
    frame = panel()
    closed = (frame["shop"] == "shop 1") & (frame["day"] < pd.Timestamp("2025-02-12"))
    frame.loc[closed, "share"] = 0.0
    splits = read(frame, scaling="series")
    outputs, truth, weights = splits.rows("test").gather(range(len(splits.rows("test"))))
    assert set(splits.test.series or ()) == {"shop 0", "shop 1", "shop 2"}  # type: ignore[union-attr]
    assert np.abs(truth).max() < 6
    assert weights is not None
    assert weights.mean() == pytest.approx(1.0)
    assert np.isfinite(outputs["features"]).all()


@pytest.mark.parametrize("cell", ["-1", "", "inf", "much"])
def test_a_weight_that_is_none_is_refused_with_file_line_and_column(cell: str, tmp_path: Path) -> None:
    frame = panel().astype({"share": object})
    frame.loc[7, "share"] = cell
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    for from_disk in (False, True):
        with pytest.raises(
            DataError, match=r"sales\.csv: line 9: the weight 'share' is .*; expected a finite"
        ):
            read(path, from_disk=from_disk)
    with pytest.raises(DataError, match=r"^row 7: the weight 'share' is"):
        read(frame)


@pytest.mark.parametrize(
    ("part", "first", "last"), [("train", 0, 42), ("validation", 42, 51), ("test", 51, 60)]
)
def test_a_part_that_weighs_nothing_is_refused(part: str, first: int, last: int, tmp_path: Path) -> None:
    frame = panel()
    frame["share"] += 1.0
    days = pd.date_range("2025-01-01", periods=60)
    frame.loc[frame["day"].isin(days[first:last]), "share"] = 0.0
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(
        DataError, match=rf"sales\.csv: the weight 'share' is 0 in all rows that the {part} part"
    ):
        read(path)


def test_names_that_do_not_go_together_are_refused() -> None:
    for options in ({"ignore": "share"}, {"weight": "day"}, {"weight": "shop"}):
        with pytest.raises(
            ArgumentError, match=r"weight: received .*, which is ignored, the time or names series"
        ):
            read(panel(), **options)
    with pytest.raises(ArgumentError, match="unknown column: received 'shares'; did you mean 'share'"):
        read(panel(), weight="shares")
    with pytest.raises(ArgumentError, match="weight: received 3; expected the name of a column"):
        Columns(target="sales", weight=3)  # type: ignore[arg-type]
