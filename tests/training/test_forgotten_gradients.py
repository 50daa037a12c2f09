"""Truth of ``rnnzoo.training.written_gradients.forgotten_gradients``: what was traced in a training goes with it."""

from __future__ import annotations

import gc
import weakref

import pytest
import tensorflow as tf

from rnnzoo import TrainConfig, create_model, load_dataset, train
from rnnzoo.training.written_gradients.forgotten_gradients import _table, forgetting_gradients


def trace() -> weakref.ref[tf.Graph]:
    @tf.custom_gradient
    def doubled(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return 2 * x, lambda upstream: 2 * upstream

    @tf.function
    def gradient(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = doubled(x)
        return tape.gradient(y, x)

    assert float(gradient(tf.constant(3.0))) == 2.0
    return weakref.ref(gradient.get_concrete_function(tf.constant(3.0)).graph)


def test_graphs_are_let_go() -> None:
    before = set(_table())
    kept = trace()
    gc.collect()
    assert kept() is not None, "TensorFlow lets graphs go itself: this module is not needed any more"
    with forgetting_gradients():
        gone = trace()
    gc.collect()
    assert gone() is None
    for name in set(_table()) - before:
        del _table()[name]


def fail() -> None:
    trace()
    raise ValueError("of its own")


def test_a_block_that_fails_lets_go_too() -> None:
    before = set(_table())
    with pytest.raises(ValueError, match="of its own"), forgetting_gradients():
        fail()
    assert set(_table()) == before


def test_a_training_leaves_nothing() -> None:
    splits = load_dataset("digits")
    model = create_model("series-classifier-gru", units=(4,), **splits.model_arguments)
    before = set(_table())
    config = TrainConfig(epochs=1, batch_size=512)
    train(model, splits, config=config, progress=False, baseline_seconds=0)
    assert set(_table()) == before
    again = train(
        model, splits, config=config, progress=False, baseline_seconds=0
    )  # the same model may go on
    assert len(again.history) == 1
    assert set(_table()) == before
    inputs, targets, _ = splits.rows("train").gather(range(64))
    model.fit(inputs["features"], targets, verbose=0)  # by Keras alone too
