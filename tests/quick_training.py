"""Training of tiny models on toy problems, with no more than that takes."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


def quick_training(
    model: keras.Model, inputs: list[np.ndarray], targets: np.ndarray, *, batch_size: int
) -> Callable[[int], float]:
    """Returns a function that trains a compiled model for so many epochs and returns its loss after them.

    ``fit`` takes three times as long to trace a step, and as long again to run one of this size.
    """
    model.optimizer.build(model.trainable_variables)
    tensors, answers = [tf.constant(values) for values in inputs], tf.constant(targets)
    rng = np.random.default_rng(7)

    def loss(inputs: list[tf.Tensor], targets: tf.Tensor, training: bool) -> tf.Tensor:
        outputs = model(inputs if len(inputs) > 1 else inputs[0], training=training)
        return model.compute_loss(inputs, targets, outputs)

    @tf.function(reduce_retracing=True)
    def step(inputs: list[tf.Tensor], targets: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            value = loss(inputs, targets, training=True)
        model.optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)

    whole_loss = tf.function(loss)

    def run(epochs: int) -> float:
        for _ in range(epochs):
            order = rng.permutation(len(targets))
            for start in range(0, len(order), batch_size):
                chosen = order[start : start + batch_size]
                step([tf.gather(values, chosen) for values in tensors], tf.gather(answers, chosen))
        return float(whole_loss(tensors, answers, training=False))

    return run
