"""sLSTM: the xLSTM cell with exponential input gates and scalar memories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from rnnzoo.cells.step_cell import StepCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class SLSTMCell(StepCell):
    """An LSTM whose input gate is an exponential, so that a later input can outweigh all that came before it.

    ``i, f, z, o = x[t] W + h[t-1] U + b``; ``c[t] = sigmoid(f) c[t-1] + exp(i) tanh(z)``,
    ``n[t] = sigmoid(f) n[t-1] + exp(i)``, ``h[t] = sigmoid(o) c[t] / n[t]``. Both sums are kept divided by
    ``exp(m[t])`` with ``m[t] = max(log sigmoid(f) + m[t-1], i)``, which changes no answer and lets nothing overflow.
    Its gates read the state, so that it cannot compute all steps at once.

    Args:
        units: Width of the state; one head.

    Reference:
        Beck 2024, xLSTM: Extended Long Short-Term Memory, arXiv:2405.04517 (section 2.2, sigmoid forget gate).
    """

    state_names = ("h", "c", "n", "m")

    def __init__(self, units: int, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.state_size = [self.units] * 4

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        gates = 4 * self.units
        self.kernel = self.add_kernel("kernel", (input_shape[-1], gates))
        self.recurrent_kernel = self.add_kernel("recurrent_kernel", (self.units, gates), recurrent=True)
        self.bias = self.add_weight(name="bias", shape=(gates,), initializer=self._open_forget_gate)

    def _open_forget_gate(self, shape: Shape, dtype: Any = None) -> Any:
        """Forget gates from 0.95 to 0.998: memories of tens to hundreds of steps."""
        zeros = np.zeros(self.units)
        start = np.concatenate([zeros, np.linspace(3.0, 6.0, self.units), zeros, zeros])
        return ops.convert_to_tensor(start, dtype=dtype)

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step."""
        h, c, n, m = states
        i, f, z, o = ops.split(projected + ops.matmul(h, self.recurrent_kernel), 4, axis=-1)
        # Nothing has come yet where n is 0: whatever is kept of it, the first input alone counts.
        kept = ops.where(n > 0, ops.log_sigmoid(f) + m, i)
        m = ops.maximum(kept, i)
        forget, come = ops.exp(kept - m), ops.exp(i - m)
        c = forget * c + come * ops.tanh(z)
        n = forget * n + come
        # One of the two shares is 1 at every step, so that n is at least 1.
        h = ops.sigmoid(o) * c / ops.maximum(n, 1.0)
        return h, [h, c, n, m]
