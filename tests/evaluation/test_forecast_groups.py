"""Truth of ``rnnzoo.evaluation.forecast_scores``: each score against its formula, and against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from rnnzoo.evaluation.forecast_scores import Forecasts, score_forecasts, score_groups
from rnnzoo.evaluation.score_directions import direction_of

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def made(windows: int = 7, horizon: int = 5, targets: int = 2) -> Forecasts:
    rng = np.random.default_rng(0)
    truth = rng.normal(3, 5, (windows, horizon, targets))
    every = truth[..., None] + np.sort(rng.normal(0, 2, (*truth.shape, len(LEVELS))), axis=-1)
    return Forecasts(truth, every[..., 2], rng.uniform(1, 4, (windows, targets)), every, LEVELS)


def test_scores_are_those_of_scikit_learn_where_it_has_them() -> None:
    forecasts = made()
    found = score_forecasts(forecasts)
    truth, point = forecasts.truth.reshape(-1), forecasts.point.reshape(-1)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(truth, point))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, point))
    assert forecasts.quantiles is not None
    losses = []
    for number, level in enumerate(LEVELS):
        losses.append(
            metrics.mean_pinball_loss(truth, forecasts.quantiles[..., number].reshape(-1), alpha=level)
        )
        assert found[f"pinball_{level:g}"] == pytest.approx(losses[-1])
    assert found["pinball"] == pytest.approx(np.mean(losses))


def test_scores_are_their_formulas() -> None:
    forecasts = made()
    found = score_forecasts(forecasts)
    every = forecasts.quantiles
    assert every is not None
    assert forecasts.naive_errors is not None
    mase, smape, inside, width = [], [], [], []
    pinball: Any = 0.0
    size: Any = 0.0
    for place in np.ndindex(forecasts.truth.shape):
        truth, point = forecasts.truth[place], forecasts.point[place]
        mase.append(abs(truth - point) / forecasts.naive_errors[place[0], place[2]])
        smape.append(200 * abs(truth - point) / (abs(truth) + abs(point)))
        size += abs(truth)
        for number, level in enumerate(LEVELS):
            quantile = every[place][number]
            pinball += (
                level * (truth - quantile) if truth > quantile else (1 - level) * (quantile - truth)
            ) / 5
        inside.append(every[place][1] <= truth <= every[place][3])
        width.append(every[place][4] - every[place][0])
    assert found["mase"] == pytest.approx(np.mean(mase))
    assert found["smape"] == pytest.approx(np.mean(smape))
    assert found["weighted_quantile_loss"] == pytest.approx(2 * pinball / size)
    assert found["coverage_50"] == pytest.approx(np.mean(inside))
    assert found["interval_width_90"] == pytest.approx(np.mean(width))
    assert {"coverage_90", "interval_width_50"} <= set(found)


def test_groups_are_scored_as_if_they_were_all_there_is() -> None:
    forecasts = made()
    shape = forecasts.truth.shape
    steps = np.arange(shape[1])[None, :, None]
    windows = (np.arange(shape[0]) % 3)[:, None, None]
    for groups, count in ((steps, shape[1]), (windows, 3)):
        found = score_groups(forecasts, groups, count)
        for group in range(count):
            own = np.broadcast_to(groups == group, shape)
            kept = (own.any(axis=(1, 2)), own.any(axis=(0, 2)))
            part = Forecasts(
                forecasts.truth[np.ix_(*kept)],
                forecasts.point[np.ix_(*kept)],
                forecasts.naive_errors[kept[0]] if forecasts.naive_errors is not None else None,
                forecasts.quantiles[np.ix_(*kept)] if forecasts.quantiles is not None else None,
                LEVELS,
            )
            assert {name: values[group] for name, values in found.items()} == pytest.approx(
                score_forecasts(part)
            )


def test_zeros_and_series_that_never_change_have_scores_that_are_defined() -> None:
    zeros = np.zeros((2, 3, 1))
    found = score_forecasts(Forecasts(zeros, zeros, np.array([[0.0], [np.nan]]), zeros[..., None], (0.5,)))
    assert found == {"mae": 0.0, "rmse": 0.0, "smape": 0.0, "pinball": 0.0, "pinball_0.5": 0.0}
    # Of the two series the first alone has a MASE.
    half = score_forecasts(Forecasts(zeros, zeros + 1, np.array([[2.0], [0.0]])))
    assert half["mase"] == 0.5
    assert half["smape"] == 200.0
    # A group without a forecast.
    assert np.isnan(score_groups(Forecasts(zeros, zeros), np.zeros((1, 1, 1), int), 2)["mae"][1])


def test_less_of_each_error_is_better() -> None:
    assert [direction_of(name) for name in ("mase", "smape", "pinball", "weighted_quantile_loss")] == [-1] * 4
    assert direction_of("coverage_80") == 0
