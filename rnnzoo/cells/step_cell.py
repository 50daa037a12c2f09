"""What the cells that Keras lacks have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks


class StepCell(layers.Layer):
    """A recurrent cell whose products with the input are taken for all steps at once.

    It can be used like any Keras cell, step by step. ``Recurrence`` takes ``project`` out of the loop, and the ONNX
    export makes ``step`` the body of a ``Scan``.

    Args:
        units: Width of the state and the output.
        kernel_regularizer: Penalty on the matrices that read the input.
        recurrent_regularizer: Penalty on the matrices that read the state, of cells that have one.
        **arguments: Those of every Keras layer.

    Attributes:
        state_size: Width of each state; the first is as wide as the output.
        state_names: What streams call the states.
        output_is_state: Whether the output of a step is its first state.
    """

    output_is_state = True
    state_names: tuple[str, ...] = ("h",)

    def __init__(
        self,
        units: int,
        *,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.units = checks.integer("units", units, minimum=1)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = keras.regularizers.get(recurrent_regularizer)
        self.state_size: Any = [self.units]
        self.output_size = self.units

    def project(self, x: Any) -> Any:
        """Maps inputs ``(..., features)`` to what a step needs of them, ``(..., size)``: one product by default."""
        return ops.matmul(x, self.kernel) + self.bias

    def step(self, projected: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Makes one step.

        Args:
            projected: What ``project`` gives for it, ``(batch, size)``.
            states: The states before it.

        Returns:
            The output ``(batch, units)`` and the states after it.
        """
        raise NotImplementedError

    def training_step(self, projected: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Makes one step in training: the same, unless a cell adds noise."""
        return self.step(projected, states)

    def call(self, inputs: Any, states: Sequence[Any], training: bool = False) -> tuple[Any, list[Any]]:
        """Makes one step from the input itself, as ``keras.layers.RNN`` asks of a cell."""
        return (self.training_step if training else self.step)(self.project(inputs), states)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Returns zeros."""
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in self.state_size]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        serialize = keras.regularizers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_regularizer": serialize(self.kernel_regularizer) if self.kernel_regularizer else None,
            "recurrent_regularizer": serialize(self.recurrent_regularizer)
            if self.recurrent_regularizer
            else None,
        }

    def add_kernel(self, name: str, shape: tuple[int, ...], *, recurrent: bool = False) -> Any:
        """Adds a matrix with Keras's usual start: Glorot for inputs, orthogonal for states."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer="orthogonal" if recurrent else "glorot_uniform",
            regularizer=self.recurrent_regularizer if recurrent else self.kernel_regularizer,
        )

    def add_bias(self, name: str, size: int, *, start: float = 0.0) -> Any:
        """Adds a vector that starts at one value."""
        return self.add_weight(name=name, shape=(size,), initializer=keras.initializers.Constant(start))


class LinearCell(StepCell):
    """A cell whose state follows ``h[t] = a[t] * h[t-1] + b[t]``, ``a`` and ``b`` depending on the input alone.

    ``Recurrence`` solves it for all steps at once.
    """

    def coefficients(self, projected: Any) -> tuple[Any, Any]:
        """Returns ``a`` and ``b`` ``(..., units)``."""
        raise NotImplementedError

    def output(self, projected: Any, state: Any) -> Any:
        """Returns the output ``(..., units)`` of steps with these states: the states themselves by default."""
        return state

    def step(self, projected: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Makes one step."""
        a, b = self.coefficients(projected)
        state = a * states[0] + b
        return self.output(projected, state), [state]
