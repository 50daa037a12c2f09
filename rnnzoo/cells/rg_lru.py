"""RG-LRU: the real-gated linear recurrent unit of Griffin."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from rnnzoo.cells.step_cell import LinearCell
from rnnzoo.tensors import Shape, Tensor

_SHARPNESS = 8.0  # the constant c of the paper


@keras.saving.register_keras_serializable("rnnzoo")
class RGLRUCell(LinearCell):
    """Real-gated linear recurrent unit: a learned decay for each unit, sharpened by a gate over the input.

    ``u[t] = x[t] Wu + bu``, ``r[t] = sigmoid(u[t] Wr + br)``, ``i[t] = sigmoid(u[t] Wi + bi)``,
    ``a[t] = sigmoid(decay) ** (8 r[t])``, ``h[t] = a[t] h[t-1] + sqrt(1 - a[t]**2) (i[t] * u[t])``.

    The decays start so that ``sigmoid(decay) ** 8`` lies between 0.9 and 0.999: a memory of tens to a thousand steps.

    Args:
        units: Width of the state.

    Reference:
        De 2024, Griffin: Mixing Gated Linear Recurrences with Local Attention, arXiv:2402.19427 (section 2.4; ``u`` is
        the projection that stands before the unit there).
    """

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        self.bias = self.add_bias("bias", self.units)
        self.gate_kernel = self.add_kernel("gate_kernel", (self.units, 2 * self.units))
        self.gate_bias = self.add_bias("gate_bias", 2 * self.units)
        self.decay = self.add_weight(name="decay", shape=(self.units,), initializer=_spread_decays)

    def project(self, x: Tensor) -> Tensor:
        """Maps ``(..., features)`` to the logarithm of the decay and what comes in ``(..., 2 * units)``."""
        u = ops.matmul(x, self.kernel) + self.bias
        gates = ops.matmul(u, self.gate_kernel) + self.gate_bias
        r, i = ops.split(gates, 2, axis=-1)
        log_a = _SHARPNESS * ops.sigmoid(r) * ops.log_sigmoid(ops.cast(self.decay, u.dtype))
        return ops.concatenate([log_a, ops.sigmoid(i) * u], axis=-1)

    def coefficients(self, projected: Tensor) -> tuple[Any, Any]:
        """Returns the decay, and what comes in scaled so that the state keeps its variance."""
        log_a, coming = ops.split(ops.cast(projected, "float32"), 2, axis=-1)
        # 1 - exp(2 log a) in a form that keeps its digits where a is close to 1; never 0, whose root has no gradient.
        t = ops.tanh(log_a)
        left = ops.maximum(-2.0 * t / (1.0 - t), 1e-12)
        dtype = projected.dtype
        return ops.cast(ops.exp(log_a), dtype), ops.cast(ops.sqrt(left) * coming, dtype)


def _spread_decays(shape: Shape, dtype: Any = None) -> Any:
    """Returns the logits of decays whose eighth powers are spread evenly from 0.9 to 0.999."""
    a = np.linspace(0.9, 0.999, shape[0]) ** (1 / _SHARPNESS)
    return ops.convert_to_tensor(np.log(a / (1 - a)), dtype=dtype)
