"""Truth of ``rnnzoo_tuning.forgotten_gradients``: what was traced in a trial goes with it."""

from __future__ import annotations

import gc
import weakref

import pytest
import tensorflow as tf

from rnnzoo_tuning.forgotten_gradients import _table, forgetting_gradients


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
