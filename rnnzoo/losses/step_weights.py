"""Weights of steps, for losses that have a value for each target of a step."""

from __future__ import annotations

from typing import Any

from keras import ops


def for_each_target(y_true: Any, weights: Any) -> Any:
    """Returns the weights of steps with an axis for the targets of a step.

    Keras would lay weights ``(batch, horizon)`` along the last two axes of losses ``(batch, horizon, targets)``.

    Args:
        y_true: The truth ``(batch, ..., targets)``.
        weights: One for each step, ``(batch, ...)``, or as many as there are values; ``None`` for none.

    Example:
        >>> import numpy as np
        >>> for_each_target(np.zeros((2, 3, 4)), np.ones((2, 3), "float32")).shape
        TensorShape([2, 3, 1])
    """
    if weights is None:
        return None
    weights = ops.convert_to_tensor(weights)
    missing = len(y_true.shape) - len(weights.shape)
    return ops.reshape(weights, (*ops.shape(weights), *[1] * missing)) if missing > 0 else weights
