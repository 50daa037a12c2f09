"""The loss whose best answers are the mean and the scale of a Gaussian."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from rnnzoo.losses.step_weights import for_each_target
from rnnzoo.tensors import Tensor

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


@keras.saving.register_keras_serializable("rnnzoo")
class GaussianNegativeLogLikelihood(keras.losses.Loss):
    """The negative log-likelihood in nats of truth ``(..., targets)`` under means and scales ``(..., targets, 2)``.

    Example:
        >>> import numpy as np
        >>> loss = GaussianNegativeLogLikelihood()(np.array([[1.0]]), np.array([[[1.0, 1.0]]]))
        >>> round(float(loss), 4)
        0.9189

    Reference:
        Salinas 2017, DeepAR: Probabilistic Forecasting with Autoregressive Recurrent Networks, arXiv:1704.04110.
    """

    def __init__(self, name: str = "gaussian", **arguments: Any) -> None:
        super().__init__(name=name, **arguments)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        """Returns the loss; a weight ``(...)`` is that of all targets of a step."""
        return super().__call__(y_true, y_pred, sample_weight=for_each_target(y_true, sample_weight))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns the loss of each value ``(..., targets)``."""
        mean, scale = y_pred[..., 0], y_pred[..., 1]
        return ops.log(scale) + 0.5 * ops.square((y_true - mean) / scale) + _HALF_LOG_TWO_PI
