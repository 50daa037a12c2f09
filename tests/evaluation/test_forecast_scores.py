"""Truth of ``rnnzoo.evaluation.scores``: distributions, and answers of models that forecast them."""

# mypy: disable-error-code="arg-type, attr-defined, union-attr"

from __future__ import annotations

import numpy as np
import pytest

from forecast_data import splits
from rnnzoo import (
    create_model,
    evaluate,
)
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, forecast_quantiles
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score


def test_crps_of_a_gaussian_is_the_integral_that_defines_it() -> None:
    from statistics import NormalDist

    grid = np.linspace(-40, 40, 400_001)
    for truth, mean, scale in ((0.3, 0.0, 1.0), (-4.0, 1.0, 2.5), (7.0, 7.0, 0.5)):
        below = np.array([NormalDist(mean, scale).cdf(x) for x in grid[::100]])
        distance = (below - (grid[::100] >= truth)) ** 2
        integral = np.trapezoid(distance, grid[::100])
        found = score("gaussian_forecasting", np.array([[[[mean, scale]]]]), np.array([[[truth]]]))["crps"]
        assert found == pytest.approx(integral, abs=0.012)


def test_scores_of_distributions_count_what_falls_inside() -> None:
    truth = np.arange(10.0).reshape(1, 10, 1)
    forecast = np.broadcast_to(np.array([2.0, 4.0, 6.0]), (1, 10, 1, 3))
    scores = score("quantile_forecasting", forecast, truth)
    assert scores["coverage"] == 0.5  # 2, 3, 4, 5 and 6
    assert scores["interval_width"] == 4.0
    assert scores["mae"] == np.abs(truth - 4.0).mean()
    # All that is asked of a Gaussian's quantiles is asked of these too.
    gaussian = score("gaussian_forecasting", np.broadcast_to([4.0, 1.0], (1, 10, 1, 2)), truth)
    as_quantiles = forecast_quantiles("gaussian_forecasting", np.array([4.0, 1.0]), DEFAULT_QUANTILES)
    same = score("quantile_forecasting", np.broadcast_to(as_quantiles, (1, 10, 1, 3)), truth)
    assert {name: gaussian[name] for name in same} == pytest.approx(same)
    assert gaussian["coverage"] == pytest.approx(0.3)  # 3, 4 and 5 within 1.28
    assert "weighted_quantile_loss" not in score("quantile_forecasting", forecast[:, :1], np.zeros((1, 1, 1)))
    with pytest.raises(DataError, match=r"received the shape \(1, 10, 1, 3\); expected 2 numbers last"):
        score("quantile_forecasting", forecast, truth, quantiles=(0.5, 0.9))


def test_baselines_answer_as_distributions() -> None:
    data = splits()
    _, future = data.test.raw_targets()
    for name, task in (
        ("forecaster-quantile-lstm", "quantile_forecasting"),
        ("forecaster-gaussian-gru", "gaussian_forecasting"),
    ):
        suited = data.for_model(create_model(name, units=2, **data.model_arguments))
        baselines = run_baselines(suited, suited.test)
        assert list(baselines) == [
            "persistence and its past errors",
            "seasonal naive and its past errors",
            "NLinear on each series' own lags and its past errors",
            "ridge regression on the same lags and its past errors",
            "gradient-boosted trees on the same lags and its past errors",
        ]
        for outputs in baselines.values():
            every = forecast_quantiles(task, outputs, DEFAULT_QUANTILES)
            assert every.shape == (*future.shape, 3)
            assert 0.55 < score(task, outputs, future)["coverage"] < 0.95
    persistence = run_baselines(
        data.for_model(create_model("forecaster-quantile-lstm", units=2, **data.model_arguments)), data.test
    )
    history, ahead = data.train.raw_targets()
    errors = ahead[:, 5, 1] - history[:, -1, 1]
    found = persistence["persistence and its past errors"][7, 5, 1]
    np.testing.assert_allclose(
        found, data.test.raw_targets()[0][7, -1, 1] + np.quantile(errors, DEFAULT_QUANTILES)
    )


def test_models_of_other_sizes_are_not_scored() -> None:
    data = splits()
    arguments = {**data.model_arguments, "horizon": data.model_arguments["horizon"] + 1}
    with pytest.raises(ArgumentError, match="the data ask for"):
        evaluate(create_model("forecaster-gru", units=4, **arguments), data)
