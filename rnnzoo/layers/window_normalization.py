"""Each window brought to a level of its own before a network reads it, and its forecasts brought back."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.tensors import Shape, Tensor

METHODS = ("reversible", "last")


@keras.saving.register_keras_serializable("rnnzoo")
class WindowNormalization(layers.Layer):
    """Normalises the first features of a window by what the window itself says of them.

    A network then sees the shape of a window and not its level, which may drift away from that of the training
    years. The layer always computes in float32.

    ``"reversible"``: mean and deviation of the window, then a learned factor and shift for each series. The factor is
    the exponential of a weight, so that it can always be undone and keeps the order of quantiles. ``"last"``: the
    last value is subtracted, nothing is learned.

    Input: ``(batch, time, features)``. Output: a list of the window, normalised, and of ``location`` and ``scale``
    ``(batch, 1, series)`` with which ``WindowRestoration`` undoes it.

    Args:
        num_series: How many features, the first ones, are normalised.
        method: ``"reversible"`` or ``"last"``.

    Example:
        >>> import numpy as np
        >>> x, location, scale = WindowNormalization(1, "last")(np.array([[[5.0, 1.0], [7.0, 2.0]]]))
        >>> x.numpy().tolist(), location.numpy().tolist()
        ([[[-2.0, 1.0], [0.0, 2.0]]], [[[7.0]]])

    Reference:
        Kim 2022, Reversible Instance Normalization for Accurate Time-Series Forecasting against Distribution Shift;
        Zeng 2022, Are Transformers Effective for Time Series Forecasting?, arXiv:2205.13504 (NLinear).
    """

    # The first step already depends on the last one.
    looks_ahead = "WindowNormalization needs the whole sequence"
    # A window that does not change has no deviation; so its values stay finite.
    _EPSILON = 1e-5

    def __init__(self, num_series: int, method: str = "reversible", **arguments: Any) -> None:
        super().__init__(**{**arguments, "dtype": "float32"})
        self.num_series = checks.integer("num_series", num_series, minimum=1)
        self.method = checks.choice("method", method, METHODS)

    def build(self, input_shape: Shape) -> None:
        """Makes the learned factor and shift, which change nothing at first."""
        if self.method == "reversible":
            shape = (self.num_series,)
            self.log_factor = self.add_weight(name="log_factor", shape=shape, initializer="zeros")
            self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: Tensor) -> list[Any]:
        """Normalises windows."""
        series, others = inputs[..., : self.num_series], inputs[..., self.num_series :]
        if self.method == "last":
            location = series[:, -1:]
            scale = ops.ones_like(location)
            series = series - location
        else:
            mean = ops.mean(series, axis=1, keepdims=True)
            variance = ops.mean(ops.square(series - mean), axis=1, keepdims=True)
            # The learned part is folded into location and scale, so that one division undoes all of it.
            scale = ops.sqrt(variance + self._EPSILON) * ops.exp(-self.log_factor)
            location = mean - self.shift * scale
            series = (series - location) / scale
        return [ops.concatenate([series, others], axis=-1), location, scale]

    def compute_output_spec(self, inputs: Tensor) -> list[Any]:
        """Describes the three outputs."""
        statistic = (inputs.shape[0], 1, self.num_series)
        return [keras.KerasTensor(shape, dtype="float32") for shape in (inputs.shape, statistic, statistic)]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "num_series": self.num_series, "method": self.method}


@keras.saving.register_keras_serializable("rnnzoo")
class WindowRestoration(layers.Layer):
    """Brings forecasts from the level of their window back to that of the data.

    Inputs: forecasts ``(batch, horizon, series)`` or ``(batch, horizon, series, numbers)``, and ``location`` and
    ``scale`` ``(batch, 1, series)`` of ``WindowNormalization``. Output: as the forecasts.

    Args:
        spread_last: Whether the last axis is mean and scale of a Gaussian, of which only the mean has a location.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1, 1))
        >>> WindowRestoration()([3 * one, 10 * one, 2 * one]).numpy().tolist()
        [[[16.0]]]
    """

    def __init__(self, spread_last: bool = False, **arguments: Any) -> None:
        super().__init__(**{**arguments, "dtype": "float32"})
        self.spread_last = checks.flag("spread_last", spread_last)

    def call(self, inputs: Tensor) -> Tensor:
        """Restores forecasts."""
        forecasts, location, scale = inputs
        if len(forecasts.shape) == 4:
            location, scale = ops.expand_dims(location, -1), ops.expand_dims(scale, -1)
        if self.spread_last:
            location = ops.concatenate([location, ops.zeros_like(location)], axis=-1)
        return forecasts * scale + location

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns the shape of the forecasts."""
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "spread_last": self.spread_last}
