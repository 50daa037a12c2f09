"""Truth of ``rnnzoo.evaluation.baselines.forecasts``: baselines where rows of a table of series have weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_series
from rnnzoo.decoding import Decoding
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.baselines.ridge import BatchedRidge
from rnnzoo.evaluation.rows_of_windows import naive_errors
from rnnzoo.tasks import get_task


def panel(*, closed: float = 0.0) -> pd.DataFrame:
    """Three series, of which the last counts nowhere and is moved up by ``closed``."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=90)
    frames = []
    for number in range(3):
        values = 10 + np.sin(np.arange(90) * np.pi / 3) + 0.3 * rng.normal(size=90)
        share = rng.integers(1, 4, size=90) if number < 2 else np.zeros(90)
        frames.append(pd.DataFrame({"shop": f"shop {number}", "day": days, "sales": values, "share": share}))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(sales=frame["sales"] + closed * np.cos(np.arange(270)) * (frame["shop"] == "shop 2"))


def read(frame: pd.DataFrame, *, task: str = "forecasting", **options: Any) -> Splits:
    known: Any = {
        "target": "sales",
        "series": "shop",
        "time": "day",
        "weight": "share",
        "window": 8,
        "horizon": 4,
    }
    splits = read_series(frame, **{**known, "seasonality": 6, **options})
    config = {**splits.get_decoding().for_task(task).to_config(), "quantiles": get_task(task).quantiles}
    return dataclasses.replace(splits, task=task, decoding=Decoding.from_config(config))


@pytest.mark.parametrize("task", ["forecasting", "quantile_forecasting", "gaussian_forecasting"])
def test_what_weighs_nothing_changes_no_baseline(task: str) -> None:
    kept, moved = read(panel(), task=task), read(panel(closed=1e3), task=task)
    counted = np.asarray(kept.test.series) != "shop 2"  # type: ignore[union-attr]
    plain, found = (run_baselines(splits, splits.test) for splits in (kept, moved))  # type: ignore[arg-type]
    assert len(plain) == 5
    for name, outputs in plain.items():
        np.testing.assert_allclose(outputs[counted], found[name][counted], rtol=1e-6, err_msg=name)
    scales = [naive_errors(splits.train, season=6)[:2] for splits in (kept, moved)]  # type: ignore[arg-type]
    np.testing.assert_array_equal(scales[0], scales[1])


def test_a_step_of_weight_2_scales_mase_like_two() -> None:
    frame = panel()[:90].assign(share=lambda f: np.r_[np.zeros(10), f["share"][10:]])
    splits = read(frame, test_fraction=0.15, gaps="refuse")
    seen = frame[: 90 - 28]  # the rows before validation
    change = np.abs(seen["sales"].to_numpy()[6:] - seen["sales"].to_numpy()[:-6])
    weights = seen["share"].to_numpy()[6:] * (seen["share"].to_numpy()[:-6] > 0)
    found = naive_errors(splits.train, season=6)  # type: ignore[arg-type]
    assert found[0, 0] == pytest.approx(np.average(change, weights=weights))


def test_a_row_of_weight_2_is_two_to_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(20, 3)), rng.normal(size=(20, 2)), rng.integers(0, 3, size=20)
    twice = np.repeat(np.arange(20), weights)
    weighed = BatchedRidge().fit([(x[:9], y[:9], weights[:9]), (x[9:], y[9:], weights[9:])])
    repeated = BatchedRidge().fit([(x[twice], y[twice])])
    np.testing.assert_allclose(weighed.coefficients, repeated.coefficients, rtol=1e-9)
    np.testing.assert_allclose(weighed.intercept, repeated.intercept, rtol=1e-9)
    held = [(x, y, weights)], [(x[twice], y[twice])]
    chosen = [BatchedRidge().fit_chosen(rows, rows).alpha for rows in held]
    assert chosen[0] == pytest.approx(chosen[1])
