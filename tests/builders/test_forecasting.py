"""Truth of ``rnnzoo.builders.forecaster``.

Forecasts: levels of windows, decoders, segments, quantiles and Gaussians, from arithmetic to served answers.
"""

# mypy: disable-error-code="union-attr, index, arg-type, attr-defined"

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import hypothesis
import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from reference import gru_step
from rnnzoo import (
    Splits,
    TrainConfig,
    build_forecaster,
    build_segment_forecaster,
    create_model,
    evaluate,
    get_spec,
    list_models,
    load_dataset,
    load_model,
    train,
)
from rnnzoo.cli.export import export_run
from rnnzoo.cli.predict import _with_quantiles
from rnnzoo.data.readers.series import series_splits
from rnnzoo.decoding import Decoding, load_decoding, save_decoding
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, forecast_quantiles
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError, UnsupportedLayerError
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.scores import score
from rnnzoo.layers.distributions import GaussianParameters, MonotoneQuantiles
from rnnzoo.layers.window_normalization import WindowNormalization, WindowRestoration
from rnnzoo.losses.gaussian import GaussianNegativeLogLikelihood
from rnnzoo.losses.pinball import Pinball
from rnnzoo_export import OnnxPredictor, export_onnx, export_streaming_onnx, quantize_onnx, save_bundle

RNG = np.random.default_rng(0)
FORECASTERS = [name for name in list_models() if name.startswith("forecaster-")]


def waves(rows: int = 260) -> pd.DataFrame:
    """Two series with a season of eight steps, the second and louder one named first, and a category."""
    steps, noise = np.arange(rows), np.random.default_rng(1).normal(size=(2, rows))
    return pd.DataFrame(
        {
            "kind": np.where(steps % 3, "a", "b"),
            "loud": 100 + 30 * np.sin(steps * np.pi / 4) + 5 * noise[0],
            "quiet": np.cos(steps * np.pi / 4) + 0.1 * noise[1],
        }
    )


def splits(**options: Any) -> Splits:
    arguments: dict[str, Any] = {
        "target": ["quiet", "loud"],
        "categorical": ["kind"],
        "window": 16,
        "horizon": 8,
        "seasonality": 8,
    }
    return series_splits(waves(), **{**arguments, **options})


# --- Losses and scores -------------------------------------------------------------------------------------------


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


# --- Layers ------------------------------------------------------------------------------------------------------


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
    np.testing.assert_allclose(WindowRestoration()([answer, location, scale]), expected, rtol=1e-5)


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


# --- Architectures -----------------------------------------------------------------------------------------------


def test_the_recurrent_decoder_is_a_second_network_over_learned_steps() -> None:
    model = create_model(
        "forecaster-seq2seq-gru", num_features=3, horizon=5, num_targets=2, units=4, dropout=0.0
    )
    x = RNG.normal(size=(2, 7, 3)).astype(np.float32)
    weights = {layer.name: [w.astype(np.float64) for w in layer.get_weights()] for layer in model.layers}
    state = np.zeros((2, 4))
    for step in range(7):
        state, _ = gru_step(x[:, step], [state], weights["gru_1"])
    kernel, bias = weights["first_state_1"]
    state = np.tanh(state @ kernel + bias)
    answers = []
    for step in range(5):
        queries = np.repeat(weights["step_queries"][0][step : step + 1], 2, axis=0)
        state, _ = gru_step(queries, [state], weights["decoder"])
        kernel, bias = weights["projection"]
        answers.append(state @ kernel + bias)
    np.testing.assert_allclose(model(x), np.stack(answers, axis=1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("others", [0, 1])
def test_the_segment_forecaster_is_its_paper(others: int) -> None:
    """Lin 2023, figure 2, for each series on its own."""
    targets, window, horizon, length, width = 2, 12, 6, 3, 5
    model = build_segment_forecaster(
        num_features=targets + others,
        window=window,
        horizon=horizon,
        num_targets=targets,
        segment=length,
        units=width,
    )
    x = RNG.normal(size=(3, window, targets + others)).astype(np.float32)
    weights = {layer.name: [w.astype(np.float64) for w in layer.get_weights()] for layer in model.layers}
    segments, series = weights["segment_queries"]
    found = np.asarray(model(x))
    assert found.shape == (3, horizon, targets)
    for row, target in itertools.product(range(3), range(targets)):
        own, last = x[row, :, target] - x[row, -1, target], x[row, -1, target]
        state = np.zeros((1, width))
        for first in range(0, window, length):
            piece = [own[first : first + length], x[row, first : first + length, targets:].reshape(-1)]
            kernel, bias = weights["segment_projection"]
            step = np.maximum(np.concatenate(piece)[None] @ kernel + bias, 0)
            state, _ = gru_step(step, [state], weights["gru_1"])
        for number in range(horizon // length):
            query = np.concatenate([segments[0, number], series[target, 0]])[None]
            ahead, _ = gru_step(query, [state], weights["gru_1"])
            kernel, bias = weights["projection"]
            expected = (ahead @ kernel + bias)[0] + last
            np.testing.assert_allclose(
                found[row, number * length : (number + 1) * length, target], expected, rtol=1e-4, atol=1e-5
            )


@pytest.mark.parametrize(
    ("window", "horizon", "length"),
    [(96, 96, 48), (96, 720, 48), (72, 24, 24), (48, 96, 24), (7, 5, 1), (1, 1, 1)],
)
def test_segments_are_chosen_to_divide_both(window: int, horizon: int, length: int) -> None:
    model = build_segment_forecaster(num_features=1, window=window, horizon=horizon, units=2)
    assert model.get_layer("segment_projection").input.shape[1:] == (window // length, length)


@pytest.mark.parametrize(
    ("cell", "head"), [("simple_rnn", "gaussian"), ("lstm", "point"), ("gru", "quantile")]
)
def test_every_part_goes_with_every_other(cell: str, head: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {
        "num_features": 3,
        "horizon": 4,
        "num_targets": 2,
        "cell": cell,
        "head": head,
    }
    models = [
        build_forecaster(
            **arguments, units=(3, 4), decoder="recurrent", bidirectional=True, normalization="reversible"
        ),
        build_segment_forecaster(**arguments, window=8, units=(5, 3), normalization=None),
    ]
    x = RNG.normal(size=(2, 8, 3)).astype(np.float32)
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}.keras")
        answer = np.asarray(model(x))
        np.testing.assert_array_equal(load_model(tmp_path / f"{number}.keras")(x), answer)
        report = export_onnx(model, tmp_path / f"{number}.onnx", strict=True)
        assert report.loops == ()
        assert len(report.fused) == (3 if number == 0 else 4)


# --- Refusals ----------------------------------------------------------------------------------------------------


def refused(**arguments: Any) -> str:
    build = build_segment_forecaster if "window" in arguments else build_forecaster
    with pytest.raises(ArgumentError) as caught:
        build(**{"num_features": 2, "horizon": 4, "units": 3, **arguments})
    return str(caught.value)


def test_what_does_not_go_together_is_refused_in_words() -> None:
    fix = "Pass e.g. quantiles=(0.1, 0.5, 0.9)."
    assert refused(head="quantile", quantiles=(0.5, 0.1, 0.9)) == (
        f"quantiles: received (0.5, 0.1, 0.9); expected levels that rise. {fix}"
    )
    assert refused(head="quantile", quantiles=(0.1, 0.9)) == (
        "quantiles: received (0.1, 0.9); expected 0.5 among them, the median, which is the point forecast. "
        + fix
    )
    assert refused(head="quantile", quantiles=(0.5, 1)) == (
        f"quantiles[1]: received 1; expected a finite number above 0 and below 1. {fix}"
    )
    assert (
        refused(head="quantile", quantiles=0.5)
        == f"quantiles: received 0.5; expected two levels or more. {fix}"
    )
    assert refused(quantiles=(0.1, 0.5)) == (
        "quantiles: received (0.1, 0.5) with head='point'; expected them with head='quantile' only."
    )
    assert refused(head="quantiles").startswith(
        "unknown head: received 'quantiles'; did you mean 'quantile'?"
    )
    assert refused(decoder="recurent").startswith(
        "unknown decoder: received 'recurent'; did you mean 'recurrent'?"
    )
    assert refused(normalization="revin").startswith("unknown normalization: received 'revin'; ")
    assert refused(num_targets=3, normalization="last") == (
        "num_targets: received 3 with num_features=2; expected at most as many with normalization='last', for the "
        "first features are the targets' own past. Make them part of the features."
    )
    assert refused(window=12, segment=5) == (
        "segment: received 5 with window=12 and horizon=4; expected a divisor of both, one of 1, 2, 4. "
        "Pass segment=None to have one chosen, or change window or horizon."
    )
    assert refused(window=12, num_targets=3).startswith("num_targets: received 3 with num_features=2;")
    assert refused(window=12, dropout=1.0).startswith("dropout: received 1.0; ")


def test_a_window_that_is_normalized_is_no_stream(tmp_path: Path) -> None:
    model = build_forecaster(num_features=1, horizon=2, units=3, normalization="last")
    with pytest.raises(
        UnsupportedLayerError, match="'window_normalization': WindowNormalization needs the whole"
    ):
        export_streaming_onnx(model, tmp_path / "s.onnx")
    decoder = build_forecaster(num_features=1, horizon=2, units=3, decoder="recurrent")
    with pytest.raises(UnsupportedLayerError, match="'decoder': starts from a state that the model computes"):
        export_streaming_onnx(decoder, tmp_path / "s.onnx")


# --- From data to answers ----------------------------------------------------------------------------------------


def test_the_targets_are_the_first_features() -> None:
    data = splits()
    assert data.preprocessing.columns == ["quiet", "loud", "kind"]
    inputs, _, _ = data.rows("test").gather([0])
    past = data.decoding.in_original_units(inputs["features"][0, :, :2])
    np.testing.assert_allclose(past, data.test.raw_targets()[0][0], rtol=1e-4)


@pytest.mark.parametrize("name", FORECASTERS)
def test_data_say_all_that_a_builder_asks(name: str) -> None:
    data = splits()
    width = (4,) * len(get_spec(name).arguments["units"])
    model = create_model(name, units=width, **data.model_arguments)
    suited = data.for_model(model)
    assert suited.task == get_spec(name).task
    assert suited.decoding.task == suited.task
    assert suited.train is data.train


def test_a_model_says_how_its_answers_are_read() -> None:
    data = splits()
    levels = (0.05, 0.25, 0.5, 0.95)
    model = create_model("forecaster-quantile-lstm", quantiles=levels, units=3, **data.model_arguments)
    suited = data.for_model(model)
    assert suited.decoding.quantiles == levels
    assert suited.for_model(model).decoding.to_config() == suited.decoding.to_config()
    point = create_model("forecaster-gru", units=3, **data.model_arguments)
    assert suited.for_model(point).decoding.to_config() == data.decoding.to_config()
    scores = evaluate(model, data, part="validation")
    assert scores["loss"] > 0
    assert set(scores) >= {"mae", "pinball", "coverage"}
    with pytest.raises(
        ArgumentError, match=r"gives output of shape \(batch, 8, 2\); the data ask for \(batch, 8, 2, 3\)"
    ):
        train(point, data, task="quantile_forecasting", progress=False)
    with pytest.raises(UnknownNameError, match="unknown task: received 'quantile'; did you mean"):
        train(model, data, task="quantile", progress=False)


def test_a_model_of_your_own_learns_quantiles() -> None:
    data = splits()
    inputs = keras.Input((16, data.preprocessing.num_features), name="x")
    x = keras.layers.Dense(8 * 2 * 3, name="dense")(keras.layers.Flatten(name="flat")(inputs))
    model = keras.Model(inputs, keras.layers.Reshape((8, 2, 3), name="answer")(x))
    config = TrainConfig(epochs=3, learning_rate=0.01, tensorboard=False)
    result = train(model, data, task="quantile_forecasting", config=config, progress=False)
    assert result.metrics["test"]["coverage"] > 0.1
    assert data.for_model(model, task="quantile_forecasting").decoding.quantiles == DEFAULT_QUANTILES


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


@pytest.mark.parametrize(
    ("name", "task"),
    [pytest.param("quantile-lstm", "quantile", marks=pytest.mark.slow), ("gaussian-gru", "gaussian")],
)
def test_a_run_becomes_a_bundle_that_answers_in_original_units(name: str, task: str, tmp_path: Path) -> None:
    data = splits()
    keras.utils.set_random_seed(2)
    model = create_model(f"forecaster-{name}", normalization="reversible", units=8, **data.model_arguments)
    config = TrainConfig(epochs=12, learning_rate=0.02, tensorboard=False)
    result = train(model, data, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["pinball"] < 5
    assert result.metrics["test"]["coverage"] > 0.4
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["task"] == f"{task}_forecasting"
    assert {path.name for path in (tmp_path / "run" / "plots").iterdir()} == {
        "learning_curves.png",
        "forecasts.png",
        "errors_by_step.png",
    }
    bundle = export_run(tmp_path / "run", tmp_path / "bundle", overwrite=False, also=["raw"])
    (answer,) = OnnxPredictor(bundle).predict([data.test.raw[3]])
    output = np.asarray(model(data.rows("test").gather([3])[0]["features"]), np.float64)[0]
    for place, (series, mean, scale) in enumerate(
        zip(["quiet", "loud"], data.decoding.mean, data.decoding.scale, strict=True)
    ):
        levels = forecast_quantiles(f"{task}_forecasting", output[:, place], DEFAULT_QUANTILES) * scale + mean
        assert list(answer["quantiles"][series]) == ["0.1", "0.5", "0.9"]
        np.testing.assert_allclose(list(answer["quantiles"][series].values()), levels.T, rtol=1e-4)
        np.testing.assert_allclose(answer["values"][series], levels[:, 1], rtol=1e-4)
        if task == "gaussian":
            np.testing.assert_allclose(answer["scale"][series], output[:, place, 1] * scale, rtol=1e-4)
    columns = _with_quantiles(answer)
    assert list(columns) == [
        f"{series} {level}" for series in ("quiet", "loud") for level in ("0.1", "0.5", "0.9")
    ]
    assert_raw_file(tmp_path / "bundle" / "raw.onnx", data, answer, task)


def assert_raw_file(path: Path, data: Splits, answer: dict[str, Any], task: str) -> None:
    """The file alone, from columns to original units."""
    import onnxruntime

    row = data.test.raw[3]
    inputs = {
        name: np.array([values], object if name == "kind" else np.float64) for name, values in row.items()
    }
    (found,) = onnxruntime.InferenceSession(path).run(None, inputs)
    expected = np.array([answer["values"]["quiet"], answer["values"]["loud"]]).T
    np.testing.assert_allclose(found[0, ..., 1 if task == "quantile" else 0], expected, rtol=1e-9)
    if task == "gaussian":
        scales = np.array([answer["scale"]["quiet"], answer["scale"]["loud"]]).T
        np.testing.assert_allclose(found[0, ..., 1], scales, rtol=1e-9)


def test_a_bundle_saved_by_hand_takes_the_decoding_of_its_model(tmp_path: Path) -> None:
    data = splits()
    model = create_model("forecaster-quantile-lstm", units=3, **data.model_arguments)
    with pytest.raises(ArgumentError) as caught:
        save_bundle(model, tmp_path / "b", preprocessing=data.preprocessing, decoding=data.decoding)
    assert str(caught.value) == (
        "decoding: received one for forecasting; the model's output 'quantiles' is for quantile_forecasting. "
        "Pass splits.for_model(model).decoding, and its task."
    )
    suited = data.for_model(model)
    with pytest.raises(ArgumentError, match="task: received one for forecasting"):
        save_bundle(model, tmp_path / "b", decoding=suited.decoding, task="forecasting")
    other = create_model("forecaster-quantile-lstm", units=24, quantiles=(0.5, 0.9), **data.model_arguments)
    with pytest.raises(ArgumentError, match=r"is not \(batch, horizon, 2, 3\)"):
        export_onnx(other, tmp_path / "o.onnx", series=data.preprocessing, decoding=suited.decoding)
    bundle = save_bundle(
        other, tmp_path / "b", decoding=data.for_model(other).decoding, task="quantile_forecasting"
    )
    x = data.rows("test").gather([0])[0]["features"]
    predictor = OnnxPredictor(bundle)
    (answer,) = predictor.decode(predictor.run({"features": x}), [16])
    assert list(answer["quantiles"]["loud"]) == ["0.5", "0.9"]
    report = quantize_onnx(
        tmp_path / "b" / "model.onnx",
        tmp_path / "q.onnx",
        method="float16",
        data=data.validation,
        task="quantile_forecasting",
        quantiles=(0.5, 0.9),
        max_drop=5,
    )
    assert report.metric == "pinball"


def test_decodings_of_distributions_are_stored(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"target_names": ["a"], "mean": [10.0], "scale": [2.0]}
    quantile = Decoding("quantile_forecasting", quantiles=[0.5, 0.75], **arguments)
    assert quantile(np.array([[[[0.0, 1.0]], [[1.0, 1.0]]]])) == [
        {"values": {"a": [10.0, 12.0]}, "quantiles": {"a": {"0.5": [10.0, 12.0], "0.75": [12.0, 12.0]}}}
    ]
    save_decoding(quantile, tmp_path / "d.json")
    assert load_decoding(tmp_path / "d.json").to_config() == quantile.to_config()
    gaussian = Decoding("gaussian_forecasting", **arguments)
    (answer,) = gaussian(np.array([[[[1.0, 0.5]]]]))
    assert (answer["values"], answer["scale"]) == ({"a": [12.0]}, {"a": [1.0]})
    assert answer["quantiles"]["a"]["0.9"][0] == pytest.approx(12 + 1.2815515655)
    with pytest.raises(
        ArgumentError, match="expected them for quantile_forecasting and gaussian_forecasting only"
    ):
        Decoding("forecasting", quantiles=[0.5, 0.6], **arguments)


def test_models_of_other_sizes_are_not_scored() -> None:
    data = splits()
    arguments = {**data.model_arguments, "horizon": data.model_arguments["horizon"] + 1}
    with pytest.raises(ArgumentError, match="the data ask for"):
        evaluate(create_model("forecaster-gru", units=4, **arguments), data)


# --- Named sets --------------------------------------------------------------------------------------------------


def test_named_series_have_options() -> None:
    with pytest.raises(
        UnknownNameError, match="unknown option of data set 'etth1': received 'windov'; did you"
    ):
        load_dataset("etth1", windov=3)
    with pytest.raises(ArgumentError, match="window: received for data set 'digits', which takes no options"):
        load_dataset("digits", window=3)
    with pytest.raises(
        ArgumentError, match=r"test_fraction: received 0.3 for the data set 'etth1', which has a split"
    ):
        load_dataset("etth1", test_fraction=0.3)


def test_the_transformer_is_split_as_in_publications(real_data: Path) -> None:
    if not (real_data / "ett").is_dir():
        pytest.skip("RNNZOO_DATA holds no ett")
    data = load_dataset("etth1")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [8449, 2785, 2785]
    history, future = data.test.raw_targets()
    assert history.shape == (2785, 96, 7)
    scaled = ((history[:, -1:] - future) / data.decoding.scale) ** 2
    # Zeng 2022, table 2: 1.295 for repeating the last value.
    assert scaled.mean() == pytest.approx(1.295, abs=0.001)
    assert len(load_dataset("etth1", window=48, horizon=720).test) == 2161


def test_dust_is_read_with_its_gaps_filled(real_data: Path) -> None:
    if not (real_data / "beijing_pm25").is_dir():
        pytest.skip("RNNZOO_DATA holds no beijing_pm25")
    data = load_dataset("beijing_pm25", window=48, horizon=12)
    assert data.model_arguments == {"window": 48, "num_features": 35, "horizon": 12, "num_targets": 1}
    assert data.preprocessing.columns[0] == "pm2.5"
