"""Free numbers to the parameters of a distribution, valid by construction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, check_quantiles
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class MonotoneQuantiles(layers.Layer):
    """Makes quantiles that never cross out of free numbers ``(..., quantiles)``.

    The number at the median's place is the median. Those beside it become steps away from it, by softplus, each added
    to the quantile before: the median is learned as a point forecast would be, every other quantile as a distance,
    and no weights whatever make them cross. Sorting would do that too, but the units would change places in training.

    Args:
        quantiles: The levels, rising, 0.5 among them.

    Example:
        >>> import numpy as np
        >>> print(MonotoneQuantiles((0.1, 0.5, 0.9))(np.array([[0.0, 7.0, -50.0]])).numpy().round(3))
        [[6.307 7. 7. ]]
    """

    def __init__(self, quantiles: Sequence[float] = DEFAULT_QUANTILES, **arguments: Any) -> None:
        super().__init__(**{**arguments, "dtype": "float32"})
        self.quantiles = check_quantiles(quantiles)

    def call(self, inputs: Tensor) -> Tensor:
        """Makes the quantiles."""
        middle = self.quantiles.index(0.5)
        steps = ops.softplus(inputs)
        below, above = [inputs[..., middle]], [inputs[..., middle]]
        for place in reversed(range(middle)):
            below.append(below[-1] - steps[..., place])
        for place in range(middle + 1, len(self.quantiles)):
            above.append(above[-1] + steps[..., place])
        return ops.stack([*reversed(below[1:]), *above], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "quantiles": list(self.quantiles)}


@keras.saving.register_keras_serializable("rnnzoo")
class GaussianParameters(layers.Layer):
    """Makes mean and scale out of two free numbers ``(..., 2)``: the scale by softplus, and never below a floor.

    Args:
        floor: The least scale, without which one exact forecast could make the likelihood infinite.

    Example:
        >>> import numpy as np
        >>> print(GaussianParameters()(np.array([[3.0, -100.0]])).numpy())
        [[3.e+00 1.e-03]]
    """

    def __init__(self, floor: float = 1e-3, **arguments: Any) -> None:
        super().__init__(**{**arguments, "dtype": "float32"})
        self.floor = checks.number("floor", floor, above=0)

    def call(self, inputs: Tensor) -> Tensor:
        """Makes mean and scale."""
        return ops.concatenate([inputs[..., :1], ops.softplus(inputs[..., 1:]) + self.floor], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "floor": self.floor}
