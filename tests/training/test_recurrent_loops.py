"""Truth of ``rnnzoo.training.written_gradients.recurrent_loops``.

Loops with a written gradient: the numbers of Keras's own, whatever the mask, and models left as they were.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo import build_classifier
from rnnzoo.keras_models.carried_states import CarriedStates
from rnnzoo.training.written_gradients.recurrent_loops import runs, written_gradients

ROWS, STEPS, FEATURES, UNITS = 4, 7, 3, 5
# Same numbers but for the order of sums of some dozen float32 terms.
TOLERANCE: dict[str, Any] = {"rtol": 2e-5, "atol": 2e-6}
VALID: dict[str, Any] = {
    "none": None,
    "padded": [7, 4, 1, 6],
    "holes": np.array(
        [[0, 1, 0, 1, 1, 0, 1], [1, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 1, 0, 0]]
    ),
}
pytestmark = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="with a GPU all layers keep Keras's loop"
)


def valid_steps(name: str) -> Any:
    lengths = VALID[name]
    if isinstance(lengths, list):
        return tf.constant(np.arange(STEPS) < np.array(lengths)[:, None])
    return None if lengths is None else tf.constant(lengths.astype(bool))


def random(*shape: int, seed: int = 0) -> Any:
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def answers(
    layer: Any, mask: Any, states: list[Any] | None, *, training: bool = True, graph: bool
) -> list[np.ndarray]:
    """Outputs and last states, and the gradients of all that they hang on."""
    x = random(ROWS, STEPS, FEATURES, seed=1)
    weights = [variable.value for variable in layer.trainable_variables]

    def run() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, *(states or [])])
            found = layer(x, mask=mask, initial_state=states, training=training)
            loss = sum(
                tf.reduce_sum(one * random(*one.shape, seed=place))
                for place, one in enumerate(found, start=2)
            )
        return [*found, *tape.gradient(loss, [x, *weights, *(states or [])])]

    return [tf.convert_to_tensor(value).numpy() for value in (tf.function(run) if graph else run)()]


def make(kind: Any, **arguments: Any) -> Any:
    keras.utils.set_random_seed(0)
    layer = kind(UNITS, return_state=True, bias_initializer="glorot_uniform", **arguments)
    layer.build((ROWS, STEPS, FEATURES))
    return layer


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("backwards", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_answers_and_gradients_are_those_of_keras(
    kind: Any, name: str, sequences: bool, backwards: bool
) -> None:
    layer = make(kind, return_sequences=sequences, go_backwards=backwards)
    mask = valid_steps(name)
    given = [random(ROWS, UNITS, seed=20 + i) for i in range(2 if kind is layers.LSTM else 1)]
    for states, zeros in itertools.product((None, given), (False, True)):
        layer.zero_output_for_mask = zeros
        expected = answers(layer, mask, states, graph=False)
        graph = bool(states) and zeros  # a graph takes ten times as long to make as the steps to run
        with written_gradients(layer_model(layer)):
            assert "inner_loop" in vars(layer)
            found = answers(layer, mask, states, graph=graph)
            inferred = answers(layer, mask, states, training=False, graph=graph)
        assert "inner_loop" not in vars(layer)
        for ours, theirs, again in zip(found, expected, inferred, strict=True):
            np.testing.assert_allclose(ours, theirs, **TOLERANCE)
            np.testing.assert_allclose(again, theirs, **TOLERANCE)


def layer_model(layer: Any) -> Any:
    class Holder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

    return Holder()


def gradients(model: keras.Model, inputs: Any) -> list[np.ndarray]:
    weights = [variable.value for variable in model.trainable_variables]

    @tf.function
    def run() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(inputs, training=True)))
        return [loss, *tape.gradient(loss, weights)]

    return [tf.convert_to_tensor(value).numpy() for value in run()]


@pytest.mark.parametrize("cell", ["lstm", "gru", pytest.param("simple_rnn", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"bidirectional": True}, {"pooling": "mean"}, {"skip": "residual", "units": (6, 6, 6)}],
    ids=["last", "bidirectional", "mean", "residual"],
)
def test_whole_models(cell: str, arguments: dict[str, Any]) -> None:
    keras.utils.set_random_seed(0)
    model = build_classifier(
        num_classes=3, vocabulary_size=11, cell=cell, **{"units": (6, 4), "embedding_size": 4, **arguments}
    )
    tokens = tf.constant([[3, 4, 5, 6, 7], [8, 9, 10, 0, 0], [0, 0, 0, 0, 0]])
    expected = gradients(model, tokens)
    config = model.get_config()
    with written_gradients(model):
        found = gradients(model, tokens)
        assert model.get_config() == config
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def test_weight_drop_drops_the_same_weights() -> None:
    def run(context: Any) -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        model = build_classifier(num_classes=2, num_features=3, units=6, regularization={"weight_drop": 0.5})
        with context(model):
            return gradients(model, random(ROWS, STEPS, 3))

    expected, found = (run(context) for context in (lambda _: contextlib.nullcontext(), written_gradients))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


def test_carried_states_go_on_through_these_loops_too() -> None:
    layer = layers.LSTM(UNITS)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    x = random(ROWS, STEPS, FEATURES)
    whole = model(x).numpy()
    with written_gradients(model):
        ours = layer.inner_loop
        states = CarriedStates(model)
        with states.attached():
            states.reset(ROWS)
            model(x[:, :3], training=True)
            found = model(x[:, 3:], training=True).numpy()
        assert layer.inner_loop is ours
    assert "inner_loop" not in vars(layer)
    np.testing.assert_allclose(found, whole, **TOLERANCE)


OTHERS = {
    "recurrent dropout": lambda: layers.LSTM(4, recurrent_dropout=0.1),
    "dropout": lambda: layers.GRU(4, dropout=0.1),
    "activation": lambda: layers.SimpleRNN(4, activation="relu"),
    "gate": lambda: layers.LSTM(4, recurrent_activation="hard_sigmoid"),
    "no bias": lambda: layers.GRU(4, use_bias=False),
    "reset before": lambda: layers.GRU(4, reset_after=False),
    "unrolled": lambda: layers.LSTM(4, unroll=True),
    "a cell": lambda: layers.RNN(layers.LSTMCell(4)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_layers_keep_their_loop(name: str) -> None:
    layer = OTHERS[name]()
    assert not runs(layer)
    with written_gradients(layer_model(layer)):
        assert "inner_loop" not in vars(layer)


def test_half_precision_keeps_the_loop_of_keras() -> None:
    layer = layers.LSTM(UNITS, dtype="mixed_bfloat16")
    x = random(ROWS, STEPS, FEATURES)
    expected = layer(x).numpy()
    with written_gradients(layer_model(layer)):
        np.testing.assert_array_equal(layer(x, training=True).numpy(), expected)


def test_the_loop_is_taken_away_after_an_error() -> None:
    layer = layers.LSTM(4)
    with pytest.raises(KeyboardInterrupt), written_gradients(layer_model(layer)):
        raise KeyboardInterrupt
    assert "inner_loop" not in vars(layer)
