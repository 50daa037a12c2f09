"""Truth of ``rnnzoo.builders.forecaster`` and ``rnnzoo.builders.segment_forecaster``."""

# mypy: disable-error-code="union-attr"

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from forecast_data import splits
from reference import gru_step
from rnnzoo import (
    TrainConfig,
    build_forecaster,
    build_segment_forecaster,
    create_model,
    evaluate,
    get_spec,
    list_models,
    load_model,
    train,
)
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES
from rnnzoo.errors import ArgumentError, UnknownNameError, UnsupportedLayerError
from rnnzoo_export import export_onnx, export_streaming_onnx

RNG = np.random.default_rng(0)
FORECASTERS = [name for name in list_models() if name.startswith("forecaster-")]


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
