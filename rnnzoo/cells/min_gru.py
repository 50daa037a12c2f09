"""minGRU: a GRU without the past in its gates."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnnzoo.cells.step_cell import LinearCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class MinGRUCell(LinearCell):
    """A GRU whose gate and candidate see the input only, so that all steps can be computed at once.

    ``z[t] = sigmoid(x[t] Wz + bz)``, ``h[t] = (1 - z[t]) h[t-1] + z[t] (x[t] Wh + bh)``.

    Args:
        units: Width of the state.

    Reference:
        Feng 2024, Were RNNs All We Needed?, arXiv:2410.01201 (section 3.1, the form without logarithms).
    """

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], 2 * self.units))
        self.bias = self.add_bias("bias", 2 * self.units)

    def coefficients(self, projected: Tensor) -> tuple[Any, Any]:
        """Returns ``1 - z`` and ``z * candidate``."""
        z, candidate = ops.split(projected, 2, axis=-1)
        # 1 - sigmoid(x) is sigmoid(-x), which keeps its digits where it is small.
        return ops.sigmoid(-z), ops.sigmoid(z) * candidate
