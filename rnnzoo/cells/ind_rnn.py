"""IndRNN: units that see their own past only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo.cells.step_cell import StepCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class IndRNNCell(StepCell):
    """Independently recurrent network: ``h[t] = relu(x[t] W + u * h[t-1] + b)`` with a vector ``u``.

    The recurrent weights start between 0 and 1 and are kept within -1 and 1, so that neither state nor gradient can
    grow over time; a unit with a weight near 1 remembers for as long as one likes.

    Args:
        units: Width of the state.

    Reference:
        Li 2018, Independently Recurrent Neural Network (IndRNN), arXiv:1803.04831.
    """

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        self.bias = self.add_bias("bias", self.units)
        self.recurrent_weights = self.add_weight(
            name="recurrent_weights",
            shape=(self.units,),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            constraint=WithinOne(),
        )

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step."""
        state = ops.relu(projected + self.recurrent_weights * states[0])
        return state, [state]


@keras.saving.register_keras_serializable("rnnzoo")
class WithinOne(keras.constraints.Constraint):
    """Keeps each weight within -1 and 1."""

    def __call__(self, value: Any) -> Any:
        """Returns the clipped weights."""
        return ops.clip(value, -1.0, 1.0)
