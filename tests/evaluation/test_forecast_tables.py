"""Truth of ``rnnzoo.evaluation.details.forecast_tables``: errors as pandas groups them, coverage as it is counted."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from rnnzoo.evaluation.details.forecast_tables import coverage, errors_by_series, errors_by_step

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(50, 4, 2))
FORECAST = TRUTH + RNG.normal(0.2, 1.0, size=(50, 4, 2))
NAMES = ["load", "price"]
SERIES = np.array(["shop 10", "shop 2", "a"])[RNG.integers(0, 3, 50)]


def test_errors_at_each_step() -> None:
    rows = errors_by_step(FORECAST, TRUTH, NAMES)
    assert [(row["step"], row["target"]) for row in rows] == [(s, n) for s in range(1, 5) for n in NAMES]
    for row in rows:
        true, forecast = (
            values[:, row["step"] - 1, NAMES.index(row["target"])] for values in (TRUTH, FORECAST)
        )
        assert row["mae"] == pytest.approx(metrics.mean_absolute_error(true, forecast))
        assert row["rmse"] == pytest.approx(metrics.root_mean_squared_error(true, forecast))
        assert row["bias"] == pytest.approx(forecast.mean() - true.mean())
    assert list(rows[0]) == ["step", "target", "mae", "rmse", "bias"]


def test_errors_of_each_series() -> None:
    rows = errors_by_series(FORECAST, TRUTH, NAMES, SERIES)
    assert list(rows[0]) == ["series", "target", "windows", "mae", "rmse", "bias"]
    assert [row["mae"] for row in rows] == sorted((row["mae"] for row in rows), reverse=True)
    frame = pd.DataFrame(
        {
            "series": np.repeat(SERIES, 8),
            "target": np.tile(NAMES, 200),
            "error": (FORECAST - TRUTH).reshape(-1),
        }
    )
    groups = frame.groupby(["series", "target"])["error"]
    expected = {
        key: (len(errors) // 4, errors.abs().mean(), (errors**2).mean() ** 0.5, errors.mean())
        for key, errors in groups
    }
    assert len(rows) == len(expected) == 6
    for row in rows:
        found = row["windows"], row["mae"], row["rmse"], row["bias"]
        assert found == pytest.approx(expected[row["series"], row["target"]])


def test_ten_thousand_series_are_grouped_at_once() -> None:
    names = [f"series {number}" for number in range(10_000)]
    rows = errors_by_series(np.ones((10_000, 1, 1)), np.zeros((10_000, 1, 1)), ["x"], names)
    assert {row["series"] for row in rows} == set(names)
    assert {row["mae"] for row in rows} == {1.0}


def test_coverage_of_intervals() -> None:
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    truth = np.random.default_rng(1).normal(size=(2000, 3, 2)) * [1.0, 10.0]
    deviations = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles = np.array([1.0, 10.0])[:, None] * deviations + np.zeros((2000, 3, 2, 5))
    rows = coverage(quantiles, truth, levels, NAMES)
    assert [(row["level"], row["lower"], row["upper"], row["target"]) for row in rows] == [
        (level, lower, upper, name)
        for level, lower, upper in ((0.5, 0.25, 0.75), (0.9, 0.05, 0.95))
        for name in NAMES
    ]
    for row in rows:
        place = NAMES.index(row["target"])
        lower, upper = (quantiles[0, 0, place, levels.index(row[end])] for end in ("lower", "upper"))
        inside = (truth[..., place] >= lower) & (truth[..., place] <= upper)
        assert row["coverage"] == inside.mean()
        assert row["coverage"] == pytest.approx(row["level"], abs=0.02)
        assert row["width"] == pytest.approx(upper - lower)


def test_an_even_number_of_levels_has_no_middle() -> None:
    quantiles = np.tile([0.0, 1.0], (3, 1, 1, 1))
    (row,) = coverage(quantiles, np.array([[[0.5]], [[1.0]], [[2.0]]]), (0.25, 0.75), ["x"])
    assert row == {
        "level": 0.5,
        "lower": 0.25,
        "upper": 0.75,
        "target": "x",
        "coverage": pytest.approx(2 / 3),
        "width": 1.0,
    }
