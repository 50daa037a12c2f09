"""A function of a user as a Keras loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class FunctionLoss(keras.losses.Loss):
    """The mean of a function of truth and predictions, weighted where rows or steps have weights.

    Unlike Keras's own wrapper it leaves the axes of both as they are.

    Args:
        function: ``function(y_true, y_pred)``, a loss for each row, or for each step, or for each value of a step, of
            which the mean is taken: rows and steps have weights, values of a step do not.
        name: Its name; ``None`` for that of the function.

    Example:
        >>> import numpy as np
        >>> float(FunctionLoss(lambda y_true, y_pred: (y_true - y_pred)[:, 0])(np.ones((2, 1)), np.zeros((2, 1))))
        1.0
    """

    def __init__(
        self, function: Callable[[Any, Any], Any], name: str | None = None, **arguments: Any
    ) -> None:
        super().__init__(name=name or getattr(function, "__name__", "loss"), **arguments)
        self.function = function

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns what the function does, a number at most for each step."""
        found = self.function(y_true, y_pred)
        axes = len(ops.shape(found))
        return found if axes <= 2 else ops.mean(found, axis=tuple(range(2, axes)))
