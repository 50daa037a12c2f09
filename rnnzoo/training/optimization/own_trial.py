"""A loss and metrics of a user tried on one batch, so that their mistakes come to light before the first epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from rnnzoo.data.split import Batch
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, one_line
from rnnzoo.keras_models.feeding import feed
from rnnzoo.training.own_objects import own_name

#: Rows to choose from, so that no other axis is as long: what is laid along the wrong one would not be seen.
_ROWS = 7


def try_own(model: keras.Model, splits: Splits, loss: Any | None, metrics: Sequence[Any]) -> None:
    """Computes an own loss and own metrics of one batch.

    Args:
        model: The model, which may be untrained.
        splits: The data.
        loss: The Keras loss; ``None`` for none of the user's.
        metrics: The Keras metrics.

    Raises:
        ArgumentError: If one fails, or does not give what training needs; the message says the shapes.
    """
    import tensorflow as tf

    inputs, truth, weights = _batch(model, splits)
    with tf.GradientTape() as tape:
        outputs = model(feed(model, inputs), training=False)
        targets = tf.convert_to_tensor(truth)
        shapes = f"targets {tuple(targets.shape)} and outputs {tuple(outputs.shape)}"
        value = None if loss is None else _loss_of(loss, targets, outputs, weights, shapes)
    if loss is not None:
        gradients = tape.gradient(value, model.trainable_variables)
        if all(gradient is None for gradient in gradients):
            raise ArgumentError(
                f"loss: {loss.name} has no gradient for any weight of {model.name!r}; expected one. Compute it of "
                "y_pred with keras.ops, without argmax, rounding or NumPy."
            )
    for metric in metrics:
        _try_metric(metric, targets, outputs, weights, shapes)


def _batch(model: keras.Model, splits: Splits) -> Batch:
    inputs, targets, weights = splits.train.first(_ROWS)
    outputs = model(feed(model, inputs), training=False)
    others = {*targets.shape[1:], *outputs.shape[1:]}
    most = len(targets)
    rows = next((rows for rows in range(min(3, most), most + 1) if rows not in others), most)
    cut = {name: np.asarray(value)[:rows] for name, value in inputs.items()}
    return cut, targets[:rows], None if weights is None else weights[:rows]


def _loss_of(loss: Any, targets: Any, outputs: Any, weights: Any, shapes: str) -> Any:
    try:
        value = loss(targets, outputs, sample_weight=weights)
        each = _values(loss, targets, outputs)
    except Exception as error:
        raise ArgumentError(
            f"loss: {loss.name} raised {type(error).__name__} ({one_line(error)[:300]}) for {shapes}; expected a loss "
            "for each row. Correct it, or choose one for these shapes."
        ) from error
    if tuple(value.shape) != ():
        raise ArgumentError(
            f"loss: {loss.name} returned shape {tuple(value.shape)} for {shapes}; expected one number for a batch. "
            "Leave its reduction at 'sum_over_batch_size'."
        )
    if each is not None:
        _check_values(loss, tuple(each.shape), tuple(targets.shape), weights, shapes)
    if not np.isfinite(float(value)):
        raise ArgumentError(
            f"loss: {loss.name} is {float(value)} of one batch, {shapes}; expected a finite number. Correct it: "
            "outputs are logits, or values, of any size."
        )
    return value


def _values(loss: Any, targets: Any, outputs: Any) -> Any:
    """Returns the loss of each row or step, where that is what a loss is the mean of."""
    if type(loss).__call__ is not keras.losses.Loss.__call__:
        return None
    return keras.ops.convert_to_tensor(loss.call(targets, outputs))


def _check_values(
    loss: Any, each: tuple[int, ...], targets: tuple[int, ...], weights: np.ndarray | None, shapes: str
) -> None:
    if each and each != targets[: len(each)]:
        raise ArgumentError(
            f"loss: {loss.name} gives values of shape {each} for {shapes}; expected one for each row, {targets[:1]}, "
            f"or for each of the targets, {targets}. Axes were laid against each other that do not belong together: "
            "correct it."
        )
    if weights is not None and len(each) < weights.ndim:
        raise ArgumentError(
            f"loss: {loss.name} gives {'one number for all rows' if not each else f'values of shape {each}'} for "
            f"{shapes}; expected {weights.shape}, one for each weight: rows or steps of these data count differently, "
            "padded ones not at all. Return a loss for each of them."
        )
    if weights is not None and len(each) > weights.ndim and set(each[weights.ndim :]) != {1}:
        raise ArgumentError(
            f"loss: {loss.name} gives values of shape {each} for {shapes}; expected {weights.shape}, one for each "
            "weight of the data. Return their mean over the last axis."
        )


def _try_metric(metric: Any, targets: Any, outputs: Any, weights: Any, shapes: str) -> None:
    try:
        metric.update_state(targets, outputs, sample_weight=weights)
        found = np.asarray(metric.result())
        metric.reset_state()
    except Exception as error:
        raise ArgumentError(
            f"metrics: {metric.name} raised {type(error).__name__} ({one_line(error)[:300]}) for {shapes}; expected a "
            f"metric of these. Correct it, or choose another than {own_name(metric)}."
        ) from error
    if found.shape != ():
        raise ArgumentError(
            f"metrics: {metric.name} gives shape {found.shape} for {shapes}; expected one number. Average it, such as "
            "with average='macro'."
        )
