"""Truth of ``rnnzoo.layers.window_normalization``, ``rnnzoo.layers.distributions``, ``rnnzoo.layers.covariates``."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from rnnzoo import (
    build_forecaster,
)
from rnnzoo.layers.covariates import RepeatOverSteps
from rnnzoo.layers.distributions import GaussianParameters, MonotoneQuantiles
from rnnzoo.layers.window_normalization import WindowNormalization, WindowRestoration

RNG = np.random.default_rng(0)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
    numbers=st.lists(st.floats(-1e4, 1e4, width=32), min_size=5, max_size=5),
    scale=st.floats(2**-10, 2**10, width=32),
    location=st.floats(-1e5, 1e5, width=32),
)
def test_quantiles_never_cross(numbers: list[float], scale: float, location: float) -> None:
    layer = MonotoneQuantiles((0.01, 0.25, 0.5, 0.75, 0.99))
    free = np.array(numbers, np.float32).reshape(1, 1, 1, 5)
    made = layer(free)
    restored = WindowRestoration()(
        [made, np.full((1, 1, 1), location, np.float32), np.full((1, 1, 1), scale)]
    )
    for quantiles in (made.numpy(), restored.numpy()):
        assert (np.diff(quantiles) >= 0).all()
    steps = np.logaddexp(0, free[0, 0, 0].astype(np.float64))
    median = free[0, 0, 0, 2]
    expected = median + np.array([-steps[1] - steps[0], -steps[1], 0, steps[3], steps[3] + steps[4]])
    np.testing.assert_allclose(made.numpy()[0, 0, 0], expected, rtol=1e-5, atol=1e-2)


def test_a_scale_has_a_floor() -> None:
    free = np.array([[[1.0, -1e4], [2.0, 0.5]]], np.float32)
    made = GaussianParameters(floor=0.01)(free).numpy()
    np.testing.assert_allclose(made, [[[1.0, 0.01], [2.0, np.logaddexp(0, 0.5) + 0.01]]], rtol=1e-6)


def test_reversible_normalization_is_its_formula_and_is_undone_exactly() -> None:
    x = RNG.normal(loc=50, scale=9, size=(4, 12, 3)).astype(np.float32)
    layer = WindowNormalization(2)
    layer.build((None, None, 3))
    factor, shift = np.array([2.0, 0.25]), np.array([-0.5, 3.0])
    layer.set_weights([np.log(factor), shift])
    found, location, scale = (np.asarray(part) for part in layer(x))
    past = x[..., :2].astype(np.float64)
    mean, deviation = past.mean(1, keepdims=True), np.sqrt(past.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(
        found[..., :2], (past - mean) / deviation * factor + shift, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_array_equal(found[..., 2:], x[..., 2:])
    back = WindowRestoration()([found[..., :2], location, scale])
    np.testing.assert_allclose(back, past, rtol=1e-5)
    # The formula of Kim 2022 for the way back, from any number that a network may give.
    answer = RNG.normal(size=(4, 5, 2)).astype(np.float32)
    expected = (answer - shift) / factor * deviation + mean
    # Around 50, numbers of 32 bits lie 4e-6 apart.
    np.testing.assert_allclose(WindowRestoration()([answer, location, scale]), expected, rtol=1e-5, atol=1e-5)


def test_the_last_value_is_subtracted_and_added() -> None:
    x = RNG.normal(size=(2, 6, 2)).astype(np.float32)
    found, location, scale = WindowNormalization(1, "last")(x)
    np.testing.assert_array_equal(found[..., 0], x[..., 0] - x[:, -1:, 0])
    back = WindowRestoration()([found[..., :1], location, scale])
    np.testing.assert_allclose(back, x[..., :1], atol=1e-6)


def test_mean_and_scale_are_restored_each_in_its_way() -> None:
    forecast = np.array([[[[2.0, 0.5]]]], np.float32)
    one = np.ones((1, 1, 1), np.float32)
    restored = WindowRestoration(spread_last=True)([forecast, 10 * one, 4 * one])
    np.testing.assert_array_equal(restored, [[[[18.0, 2.0]]]])


@pytest.mark.parametrize("normalization", ["reversible", "last"])
@pytest.mark.parametrize("head", ["point", "quantile", "gaussian"])
def test_a_shifted_window_is_answered_with_shifted_forecasts(normalization: str, head: str) -> None:
    model = build_forecaster(
        num_features=2, horizon=3, num_targets=2, units=4, head=head, normalization=normalization
    )
    x = RNG.normal(size=(3, 8, 2)).astype(np.float32)
    one, other = (np.asarray(model(window)) for window in (x, x + np.array([64.0, -16.0], np.float32)))
    shift = np.array([64.0, -16.0]) if head == "point" else np.array([[64.0], [-16.0]])
    if head == "gaussian":
        shift = shift * np.array([1.0, 0.0])
    np.testing.assert_allclose(other, one + shift, atol=1e-3)
    if normalization == "reversible":
        factor = 8.0 * np.ones(2) if head == "point" else 8.0 * np.ones((2, 1))
        np.testing.assert_allclose(model(8 * x), factor * one, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("normalization", ["reversible", "last"])
def test_windows_that_do_not_move_are_answered_and_learned_from(normalization: str) -> None:
    import tensorflow as tf

    model = build_forecaster(num_features=1, horizon=2, units=3, normalization=normalization)
    x = np.full((2, 5, 1), 1e4, np.float32)
    with tf.GradientTape() as tape:
        answer = model(x)
        loss = tf.reduce_sum(answer)
    assert np.isfinite(answer).all()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, model.trainable_variables))


def test_a_vector_is_repeated_at_each_step_of_any_number() -> None:
    values = RNG.normal(size=(3, 2)).astype(np.float32)
    for steps in (1, 4):
        repeated = RepeatOverSteps()(values, np.zeros((3, steps, 7), np.float32))
        np.testing.assert_array_equal(repeated, np.repeat(values[:, None], steps, axis=1))
