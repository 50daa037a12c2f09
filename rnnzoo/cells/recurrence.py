"""The layer around the cells that Keras lacks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from rnnzoo.cells.linear_recurrence import solve_linear_recurrence
from rnnzoo.cells.masks import mask_of_sequences
from rnnzoo.cells.step_cell import LinearCell, StepCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class Recurrence(layers.RNN):
    """Runs a ``StepCell`` over a sequence ``(batch, time, features)``.

    Takes the arguments of ``keras.layers.RNN`` and masks as it does: a masked step holds the states and repeats the
    output before it. The products with the input are taken for all steps at once, and the states of a ``LinearCell``
    are solved for all steps at once.

    Args:
        cell: The cell.
        **arguments: Those of ``keras.layers.RNN``.

    Example:
        >>> from rnnzoo.cells.min_gru import MinGRUCell
        >>> Recurrence(MinGRUCell(4), return_sequences=True)(keras.ops.ones((2, 5, 3))).shape
        TensorShape([2, 5, 4])
    """

    def __init__(self, cell: StepCell, **arguments: Any) -> None:
        super().__init__(cell, **arguments)

    def build(self, sequences_shape: Shape, initial_state_shape: Shape = None) -> None:
        """Builds the cell."""
        super().build(sequences_shape, initial_state_shape)
        self.state_size = list(self.cell.state_size)  # some cells know theirs only now

    def inner_loop(
        self, sequences: Tensor, initial_state: Tensor, mask: Tensor, training: bool = False
    ) -> Tensor:
        """Returns the last output, all outputs and the last states."""
        projected = self.cell.project(sequences)
        states = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
        if isinstance(self.cell, LinearCell):
            return self._all_at_once(projected, states[0], mask)
        # Keras's loop, told that the cell is its step: the rest of the cell is done.
        view = SimpleNamespace(
            cell=self.cell.training_step if training else self.cell.step,
            stateful=self.stateful,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_sequences=self.return_sequences,
        )
        return layers.RNN.inner_loop(view, projected, states, mask)

    def solve(self, a: Tensor, b: Tensor, initial: Tensor) -> Tensor:
        """Returns all states of ``h[t] = a[t] * h[t-1] + b[t]``; see ``solve_linear_recurrence``."""
        return solve_linear_recurrence(a, b, initial)

    def _all_at_once(self, projected: Tensor, initial: Tensor, mask: Tensor) -> Tensor:
        mask = mask_of_sequences(mask)
        if self.go_backwards:
            projected = ops.flip(projected, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        # Products over many steps need the digits of float32.
        a, b = (ops.cast(x, "float32") for x in self.cell.coefficients(projected))
        if mask is not None:
            valid = ops.cast(mask, "bool")[:, :, None]
            a, b = ops.where(valid, a, 1.0), ops.where(valid, b, 0.0)
        states = ops.cast(self.solve(a, b, ops.cast(initial, "float32")), projected.dtype)
        outputs = self.cell.output(projected, states)
        if mask is not None:
            outputs = self._at_masked_steps(outputs, valid)
        return outputs[:, -1], outputs, [states[:, -1]]

    def _at_masked_steps(self, outputs: Tensor, valid: Tensor) -> Tensor:
        if self.zero_output_for_mask:
            return ops.where(valid, outputs, 0.0)
        if self.cell.output_is_state:
            # Held already, but a sequence that starts masked has zeros there, whatever its initial state.
            started = tf.cumsum(ops.cast(valid, "int32"), axis=1) > 0
            return ops.where(started, outputs, 0.0)
        taken = ops.cast(ops.where(valid, outputs, 0.0), "float32")
        held = self.solve(ops.where(valid, 0.0, ops.ones_like(taken)), taken, ops.zeros_like(taken[:, 0]))
        return ops.cast(held, outputs.dtype)
