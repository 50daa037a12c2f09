"""The loss whose best answers are quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, check_quantiles
from rnnzoo.losses.step_weights import for_each_target
from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class Pinball(keras.losses.Loss):
    """The pinball loss, averaged over quantiles: ``level * e`` above the forecast, ``(level - 1) * e`` below it.

    Truth ``(..., targets)``, forecasts ``(..., targets, quantiles)``. At 0.5 alone it is half the absolute error.

    Args:
        quantiles: The levels, rising.

    Example:
        >>> import numpy as np
        >>> float(Pinball((0.1, 0.5))(np.array([[10.0]]), np.array([[[0.0, 10.0]]])))
        0.5

    Reference:
        Koenker & Bassett 1978, Regression Quantiles.
    """

    def __init__(
        self, quantiles: Sequence[float] = DEFAULT_QUANTILES, name: str = "pinball", **arguments: Any
    ) -> None:
        super().__init__(name=name, **arguments)
        self.quantiles = check_quantiles(quantiles)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> Tensor:
        """Returns the loss; a weight ``(...)`` is that of all targets of a step."""
        return super().__call__(y_true, y_pred, sample_weight=for_each_target(y_true, sample_weight))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Returns the loss of each value ``(..., targets)``."""
        levels = ops.convert_to_tensor(self.quantiles, dtype=y_pred.dtype)
        error = ops.expand_dims(y_true, -1) - y_pred
        return ops.mean(ops.maximum(levels * error, (levels - 1.0) * error), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "quantiles": list(self.quantiles)}
