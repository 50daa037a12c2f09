"""Truth of ``rnnzoo.backtesting.origin_runs``: nothing behind an origin changes what is forecast at it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import BacktestResult, RollingOrigin, TrainConfig, backtest
from rnnzoo.backtesting.origin_runs import BacktestRun
from rnnzoo.backtesting.rolling_origin import FoundRows, OriginParts
from rnnzoo.backtesting.trained_model import TrainedModel
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.splits import Splits
from rolling_data import READING, mean_model, panel


def changed_behind(frame: pd.DataFrame, origin: Any, seed: int) -> pd.DataFrame:
    """The same table with other values in all rows behind an origin."""
    rng = np.random.default_rng(seed)
    later = (frame["time"] > origin).to_numpy()
    other = frame.copy()
    for name in ("sales", "price"):
        drawn = rng.normal(size=len(frame)) * 10.0 ** rng.integers(-6, 7, size=len(frame))
        other[name] = np.where(later, drawn, frame[name])
    return other


def read(frame: pd.DataFrame, plan: RollingOrigin, number: int, **options: Any) -> tuple[Splits, FoundRows]:
    found = FoundRows()
    parts = OriginParts(plan=plan, horizon=4, number=number if plan.refit else None, found=found)
    return read_series(frame, fractions=parts, **{**READING, **options}), found


def seen(splits: Splits, found: FoundRows, number: int) -> list[np.ndarray]:
    """All that model and baselines see before they forecast at an origin."""
    arrays: list[np.ndarray] = []
    for split in (splits.train, splits.validation):
        assert isinstance(split, WindowSplit)
        inputs, targets, _ = split.gather(np.arange(len(split)))
        arrays += [*inputs.values(), targets, *split.raw_targets()]
    assert isinstance(splits.test, WindowSplit)
    rows = found.windows_at(splits.test, number)
    inputs, _, _ = splits.test.gather(rows)
    decoding = splits.test.decoding_of_rows(splits.get_decoding(), rows)
    return [*arrays, *inputs.values(), splits.test.raw_targets(rows)[0], decoding.mean, decoding.scale]


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    number=st.integers(0, 2),
    refit=st.booleans(),
    scaling=st.sampled_from(["all", "series", "window"]),
    missing=st.sampled_from(["error", "ffill", "drop"]),
)
def test_all_that_is_seen_at_an_origin_is_from_before_it(
    seed: int, number: int, refit: bool, scaling: str, missing: str
) -> None:
    frame = panel(seed)
    if missing != "error":
        frame.loc[frame.sample(4, random_state=seed).index, "price"] = np.nan
    plan = RollingOrigin(origins=3, stride=3, refit=refit)
    splits, found = read(frame, plan, number, scaling=scaling, missing=missing)
    other = changed_behind(frame, found.ends[number], seed)
    # Without a value, behind the origin too, a row is missing; which rows are there is no value of theirs.
    other = other.where(frame.notna(), np.nan)
    again, found_again = read(other, plan, number, scaling=scaling, missing=missing)
    if refit or number == 0:
        assert again.get_preprocessing().to_config() == splits.get_preprocessing().to_config()
    for before, after in zip(seen(splits, found, number), seen(again, found_again, number), strict=True):
        np.testing.assert_array_equal(before, after)


def run(frame: pd.DataFrame, **options: Any) -> BacktestResult:
    config = TrainConfig(epochs=1, learning_rate=0.01)
    given: dict[str, Any] = {"origins": 2, "progress": False, "baseline_seconds": 0, **READING, **options}
    return backtest(mean_model, frame, config=config, **given)


@pytest.mark.parametrize("refit", [pytest.param(True, marks=pytest.mark.slow), False])
def test_forecasts_do_not_change_with_what_comes_later(refit: bool) -> None:
    frame = panel()
    first = run(frame, refit=refit)
    origin = first.forecasts["origin"].iloc[0]
    second = run(changed_behind(frame, pd.Timestamp(origin), 1), refit=refit)
    same = first.forecasts["origin"] == origin
    assert same.any()
    columns = ["origin", "series", "time", "step", "target", "forecast"]
    pd.testing.assert_frame_equal(first.forecasts[same][columns], second.forecasts[same][columns])
    # And the truth has changed, by which the scores are others.
    assert not np.allclose(first.forecasts["truth"], second.forecasts["truth"])
    # A change before the origin is seen.
    moved = frame.assign(sales=np.where(frame["time"] <= origin, 2 * frame["sales"], frame["sales"]))
    third = run(moved, refit=refit)
    assert not np.allclose(first.forecasts["forecast"], third.forecasts["forecast"])


@pytest.mark.slow
def test_baselines_do_not_change_with_what_comes_later() -> None:
    frame = panel()

    def answers(table: pd.DataFrame) -> dict[str, np.ndarray]:
        model = TrainedModel(mean_model, config=TrainConfig(epochs=1))
        plan = RollingOrigin(origins=1)
        made = BacktestRun(model, table, plan, READING, baseline_seconds=60, progress=False)
        made.prepare()
        (found,) = made.forecasts(None)
        assert not found.skipped
        return {name: method.point for name, method in found.baselines.items()}

    first, second = (
        answers(table)
        for table in (frame, changed_behind(frame, frame["time"].max() - pd.Timedelta("4h"), 2))
    )
    assert len(first) == 5
    for name, point in first.items():
        np.testing.assert_array_equal(second[name], point, err_msg=name)
