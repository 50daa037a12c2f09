"""Cross-entropy against targets that are not quite certain."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class SmoothedCrossentropy(keras.losses.Loss):
    """The cross-entropy of logits against class numbers of which a share is spread over all classes.

    Truth ``(...)``, class numbers; logits ``(..., classes)``. The target of the true class is ``1 - smoothing +
    smoothing / classes``, that of each other one ``smoothing / classes``.

    Args:
        smoothing: The share, from 0 to below 1.

    Example:
        >>> import numpy as np
        >>> loss = SmoothedCrossentropy(0.1)(np.array([0]), np.array([[2.0, 0.0]]))
        >>> round(float(loss), 4)  # 0.1269 without smoothing
        0.2269

    Reference:
        Szegedy 2016, Rethinking the Inception Architecture for Computer Vision, arXiv:1512.00567.
    """

    def __init__(self, smoothing: float, name: str = "smoothed_crossentropy", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)
        self.smoothing = smoothing

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns the loss of each answer ``(...)``."""
        classes = y_pred.shape[-1]
        log_probabilities = ops.log_softmax(y_pred, axis=-1)
        true = ops.one_hot(ops.cast(y_true, "int32"), classes, dtype=y_pred.dtype)
        targets = (1.0 - self.smoothing) * true + self.smoothing / classes
        return -ops.sum(targets * log_probabilities, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "smoothing": self.smoothing}
