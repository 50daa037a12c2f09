"""An LSTM with layer normalisation inside its step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo.cells.step_cell import StepCell
from rnnzoo.tensors import Shape, Tensor

_EPSILON = 1e-3


@keras.saving.register_keras_serializable("rnnzoo")
class LayerNormLSTMCell(StepCell):
    """An LSTM that normalises the two products of each step and the carry that it answers from.

    ``g = N(x[t] W) + N(h[t-1] U) + b``, split into ``i, f, c, o``;
    ``c[t] = sigmoid(f) c[t-1] + sigmoid(i) tanh(c)``, ``h[t] = sigmoid(o) tanh(N(c[t]))``, where each ``N`` scales to
    mean 0 and variance 1 over the units and has gains of its own, the last one shifts too.

    Steadier than a plain LSTM with small batches and large rates; it leaves cuDNN.

    Args:
        units: Width of the state.

    Reference:
        Ba 2016, Layer Normalization, arXiv:1607.06450 (equations 20 to 22 of the supplement).
    """

    state_names = ("h", "c")

    def __init__(self, units: int, **arguments: Any) -> None:
        super().__init__(units, **arguments)
        self.state_size = [self.units, self.units]

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        gates = 4 * self.units
        self.kernel = self.add_kernel("kernel", (input_shape[-1], gates))
        self.recurrent_kernel = self.add_kernel("recurrent_kernel", (self.units, gates), recurrent=True)
        self.bias = self.add_weight(name="bias", shape=(gates,), initializer=self._open_forget_gate)
        self.input_gain = self.add_bias("input_gain", gates, start=1.0)
        self.recurrent_gain = self.add_bias("recurrent_gain", gates, start=1.0)
        self.carry_gain = self.add_bias("carry_gain", self.units, start=1.0)
        self.carry_shift = self.add_bias("carry_shift", self.units)

    def _open_forget_gate(self, shape: Shape, dtype: Any = None) -> Any:
        zeros, ones = ops.zeros(self.units, dtype), ops.ones(self.units, dtype)
        return ops.concatenate([zeros, ones, zeros, zeros])

    def project(self, x: Tensor) -> Tensor:
        """Maps ``(..., features)`` to the normalised product ``(..., 4 * units)``."""
        return _normalize(ops.matmul(x, self.kernel)) * self.input_gain + self.bias

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step."""
        h, c = states
        gates = projected + _normalize(ops.matmul(h, self.recurrent_kernel)) * self.recurrent_gain
        i, f, new, o = ops.split(gates, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(new)
        h = ops.sigmoid(o) * ops.tanh(_normalize(c) * self.carry_gain + self.carry_shift)
        return h, [h, c]


def _normalize(x: Tensor) -> Tensor:
    centred = x - ops.mean(x, axis=-1, keepdims=True)
    return centred * ops.rsqrt(ops.mean(ops.square(centred), axis=-1, keepdims=True) + _EPSILON)
