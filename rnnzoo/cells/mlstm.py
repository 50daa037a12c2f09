"""mLSTM: the xLSTM cell with a matrix for a memory, for all steps at once."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from rnnzoo.cells.step_cell import LinearCell
from rnnzoo.tensors import Shape, Tensor

_CAP = 15.0  # beyond which no input gate opens


@keras.saving.register_keras_serializable("rnnzoo")
class MLSTMCell(LinearCell):
    """An LSTM that stores values under keys in a matrix and asks it by queries, as attention does, in constant memory.

    For each head with ``q, k, v`` of width ``d`` from ``x[t] W + b`` and scalar gates ``i, f`` from ``x[t] Wg + bg``:
    ``C[t] = sigmoid(f) C[t-1] + exp(15 tanh(i / 15)) v k^T / sqrt(d)``, ``n[t]`` likewise of ``k`` alone, and
    ``h[t] = sigmoid(o) C[t] q / max(|n[t] q|, 1)``. The capped input gate needs no running maximum, so that all steps
    at once and step by step are the same arithmetic.

    Args:
        units: Width of the output, that of all heads together. There are four heads, or two or one where ``units`` is
            not a multiple of four; the state is ``units * (units / heads + 1)`` wide.

    Reference:
        Beck 2024, xLSTM: Extended Long Short-Term Memory, arXiv:2405.04517 (section 2.3); Beck 2025, xLSTM 7B,
        arXiv:2503.13427 (the cap).
    """

    output_is_state = False
    state_names = ("c",)

    def __init__(self, units: int, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.heads = math.gcd(self.units, 4)
        self.width = self.units // self.heads
        self.state_size = [self.units * (self.width + 1)]

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], 4 * self.units))
        self.bias = self.add_bias("bias", 4 * self.units)
        self.gate_kernel = self.add_kernel("gate_kernel", (input_shape[-1], 2 * self.heads))
        self.gate_bias = self.add_weight(
            name="gate_bias", shape=(2 * self.heads,), initializer=self._open_forget_gate
        )

    def _open_forget_gate(self, shape: Shape, dtype: Any = None) -> Any:
        """Forget gates from 0.95 to 0.998: memories of tens to hundreds of steps."""
        start = np.concatenate([np.zeros(self.heads), np.linspace(3.0, 6.0, self.heads)])
        return ops.convert_to_tensor(start, dtype=dtype)

    def project(self, x: Tensor) -> Tensor:
        """Maps ``(..., features)`` to ``q, k, v, o, i, f``, ``(..., 4 * units + 2 * heads)``."""
        parts = [
            ops.matmul(x, self.kernel) + self.bias,
            ops.matmul(x, self.gate_kernel) + self.gate_bias,
        ]
        return ops.concatenate(parts, axis=-1)

    def coefficients(self, projected: Tensor) -> tuple[Any, Any]:
        """Returns what is kept of the matrix and what comes to it, matrix by matrix in one row."""
        units, heads, width = self.units, self.heads, self.width
        leading = ops.shape(projected)[:-1]
        _, k, v, _, i, f = ops.split(
            projected, [units, 2 * units, 3 * units, 4 * units, 4 * units + heads], axis=-1
        )
        come = ops.exp(_CAP * ops.tanh(i / _CAP)) / math.sqrt(width)
        keys = ops.reshape(k, (*leading, heads, 1, width)) * come[..., None, None]
        # The sum of the keys is what a value of ones would leave behind.
        values = ops.reshape(v, (*leading, heads, width, 1))
        values = ops.concatenate([values, ops.ones_like(values[..., :1, :])], axis=-2)
        # By its logarithm: onnxruntime's sigmoid ends at 1e-8, which a memory of exp(15) would still show.
        forget = ops.exp(ops.log_sigmoid(f))
        kept = ops.ones_like(values) * forget[..., None, None] * ops.ones_like(keys)
        return self._row(kept, leading), self._row(values * keys, leading)

    def output(self, projected: Tensor, state: Tensor) -> Tensor:
        """Returns what the matrices answer to the queries."""
        units, heads, width = self.units, self.heads, self.width
        leading = ops.shape(projected)[:-1]
        q, o = projected[..., :units], projected[..., 3 * units : 4 * units]
        matrices = ops.reshape(state, (*leading, heads, width + 1, width))
        found = ops.matmul(matrices, ops.reshape(q, (*leading, heads, width, 1)))[..., 0]
        answers = found[..., :width] / ops.maximum(ops.abs(found[..., width:]), 1.0)
        return ops.sigmoid(o) * ops.reshape(answers, (*leading, units))

    def _row(self, matrices: Any, leading: Any) -> Any:
        return ops.reshape(matrices, (*leading, self.state_size[0]))
