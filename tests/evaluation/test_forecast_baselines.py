"""Truth of ``rnnzoo.evaluation.baselines.forecasts``: linear maps against their formula, and trees."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from baseline_data import series
from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.baselines.forecasts import NLINEAR, TREES
from rnnzoo.evaluation.baselines.ridge import RATIOS


def test_nlinear_is_its_closed_form() -> None:
    splits = series()
    scale = splits.get_decoding().scale

    def rows(split: Split) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert isinstance(split, WindowSplit)
        history, future = (values / scale for values in split.raw_targets())
        last = history[:, -1]
        x = np.concatenate([history[:, :-1, k] - last[:, [k]] for k in range(2)])
        y = np.concatenate([future[:, :, k] - last[:, [k]] for k in range(2)])
        return np.column_stack([x, np.ones(len(x))]), y, last

    x, y, _ = rows(splits.train)
    held_x, held_y, _ = rows(splits.validation)
    free = np.diag([1.0] * (x.shape[1] - 1) + [0.0])  # the intercept has no penalty
    size = x[:, :-1].var(axis=0).sum()
    maps = [np.linalg.solve(x.T @ x + ratio * size * free, x.T @ y) for ratio in RATIOS]
    best = min(maps, key=lambda weights: float(((held_x @ weights - held_y) ** 2).sum()))
    assert splits.test is not None
    test_x, _, last = rows(splits.test)
    ahead = (test_x @ best).reshape(2, len(last), 5).transpose(1, 2, 0)
    found = run_baselines(splits, splits.test)[NLINEAR]
    np.testing.assert_allclose(found, (ahead + last[:, None]) * scale, rtol=1e-7)


def shifted(split: Any, by: float) -> WindowSplit:
    """The same windows at another level of the first target."""
    first = split.table.targets[0]
    columns = {**split.table.columns, first: split.table.columns[first] + by}
    table = dataclasses.replace(split.table, columns=columns)
    return WindowSplit(table, split.starts, window=split.window, horizon=split.horizon)


@pytest.mark.parametrize("name", [NLINEAR, TREES])
def test_a_level_that_was_never_seen_moves_the_forecast_along(name: str) -> None:
    splits = series()
    assert splits.test is not None
    plain = run_baselines(splits, splits.test)[name]
    moved = run_baselines(splits, shifted(splits.test, 1000.0))[name]
    np.testing.assert_allclose(moved[..., 0], plain[..., 0] + 1000, rtol=1e-6)
    np.testing.assert_array_equal(moved[..., 1], plain[..., 1])


def test_trees_answer_the_same_twice_and_know_the_season() -> None:
    splits = series(600)
    assert splits.test is not None
    first, second = (run_baselines(splits, splits.test) for _ in range(2))
    for name, outputs in first.items():
        np.testing.assert_array_equal(outputs, second[name])
    assert isinstance(splits.test, WindowSplit)
    _, truth = splits.test.raw_targets()

    def error(name: str) -> float:
        return float((((first[name] - truth) / splits.get_decoding().scale) ** 2).mean())

    assert error(TREES) < 0.5 * error("persistence")


def test_a_window_of_one_step_has_no_lag_to_map() -> None:
    frame = pd.DataFrame({"x": np.arange(60.0) + np.random.default_rng(0).normal(size=60)})
    splits = series_splits(frame, target=["x"], window=1, horizon=2)
    found = run_baselines(splits, splits.validation)[NLINEAR]
    assert isinstance(splits.train, WindowSplit)
    assert isinstance(splits.validation, WindowSplit)
    history, future = splits.train.raw_targets()
    mean = (future - history).mean(axis=0)
    np.testing.assert_allclose(found, splits.validation.raw_targets()[0] + mean)
