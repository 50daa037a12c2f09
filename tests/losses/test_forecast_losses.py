"""Truth of ``rnnzoo.losses.pinball`` and ``rnnzoo.losses.gaussian``."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rnnzoo.evaluation.scores import score
from rnnzoo.losses.gaussian import GaussianNegativeLogLikelihood
from rnnzoo.losses.pinball import Pinball

RNG = np.random.default_rng(0)


def test_pinball_is_its_formula() -> None:
    levels = (0.05, 0.5, 0.8)
    truth, forecast = RNG.normal(size=(4, 5, 2)), RNG.normal(size=(4, 5, 2, 3))
    total = 0.0
    for place in itertools.product(range(4), range(5), range(2), range(3)):
        level, error = levels[place[-1]], truth[place[:-1]] - forecast[place]
        total += level * error if error > 0 else (1 - level) * -error
    mean = total / truth.size / 3
    assert float(Pinball(levels)(truth, forecast)) == pytest.approx(mean, rel=1e-6)
    scores = score("quantile_forecasting", np.sort(forecast), truth, quantiles=levels)
    again = float(Pinball(levels)(truth, np.sort(forecast)))
    assert scores["pinball"] == pytest.approx(again, rel=1e-6)
    assert scores["weighted_quantile_loss"] == pytest.approx(2 * again / np.abs(truth).mean(), rel=1e-6)


def test_the_best_constant_for_pinball_is_the_quantile() -> None:
    values, levels = RNG.exponential(size=999), (0.1, 0.5, 0.95)
    best = np.quantile(values, levels)

    def loss(quantiles: np.ndarray) -> float:
        return float(Pinball(levels)(values[:, None], np.broadcast_to(quantiles, (999, 1, 3))))

    for k, step in itertools.product(range(3), (-0.05, 0.05)):
        assert loss(best + step * np.eye(3)[k]) > loss(best)


def test_gaussian_likelihood_is_its_formula() -> None:
    truth, mean = RNG.normal(size=(2, 3, 4, 2))
    scale = RNG.uniform(0.1, 3, size=mean.shape)
    density = np.exp(-((truth - mean) ** 2) / (2 * scale**2)) / np.sqrt(2 * np.pi * scale**2)
    found = float(GaussianNegativeLogLikelihood()(truth, np.stack([mean, scale], -1)))
    assert found == pytest.approx(-np.log(density).mean(), rel=1e-5)
    assert score("gaussian_forecasting", np.stack([mean, scale], -1), truth)["nll"] == pytest.approx(
        found, rel=1e-5
    )
