"""A step of LSTM, GRU and SimpleRNN, forwards and backwards, the latter prepared for all steps at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import layers

from rnnzoo.training.written_gradients.time_loops import run_backwards

#: The gradients of the products with the input, of those with the state, and of the first states.
Gradients = tuple[Any, Any, list[Any]]

#: What arrays hold of one step, by name.
StepValues = dict[str, Any]


class RecurrentStep(ABC):
    """The arithmetic of one kind of layer; the first state is its output."""

    def bias(self, bias: Any, units: int) -> tuple[Any, Any]:
        """Returns what is added to the products with the input and, or ``None``, to those with the state."""
        return bias, None

    def forward(self, matrix: Any, bias: Any, projected: Any, *states: Any) -> tuple[list[Any], list[Any]]:
        """Makes a step over a sequence.

        Args:
            matrix: The recurrent matrix.
            bias: What is added to the product with the state, or ``None``.
            projected: The products with the input of this step ``(rows, gates * units)``.
            *states: The states before it ``(rows, units)``.

        Returns:
            The states after it; and these with the product with the state, which a step backwards needs.
        """
        product = tf.matmul(states[0], matrix)
        product = product if bias is None else tf.nn.bias_add(product, bias)
        after = self.step(projected, product, states)
        return after, [*after, product]

    @abstractmethod
    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        """Makes a step from the products with the input and the state, ``(rows, gates * units)``."""

    @abstractmethod
    def backward(
        self,
        matrix: Any,
        projected: Any,
        product: Any,
        before: list[Any],
        after: list[Any],
        given: list[Any],
        last: list[Any],
    ) -> Gradients:
        """Computes for all steps what a step backwards needs, and runs them backwards.

        Args:
            matrix: The recurrent matrix.
            projected: The products with the input of all steps ``(time, rows, gates * units)``.
            product: The products with the state of all steps.
            before: The states before each step ``(time, rows, units)``.
            after: Those after it.
            given: The gradients of the states of all steps, ``None`` where none is used.
            last: Those of the last states.

        Returns:
            The gradients of the products with the input, of those with the state, and of the first states.
        """


class _SimpleRNN(RecurrentStep):
    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        return [tf.tanh(projected + product)]

    def backward(
        self,
        matrix: Any,
        projected: Any,
        product: Any,
        before: list[Any],
        after: list[Any],
        given: list[Any],
        last: list[Any],
    ) -> Gradients:
        arrays = {"slope": 1 - tf.square(after[0])}

        def back(of_step: StepValues, dh: Any) -> Any:
            dz = _added(dh, of_step.get("dh")) * of_step["slope"]
            return [tf.matmul(dz, matrix, transpose_b=True)], dz

        dz, first = run_backwards(back, {**arrays, "dh": given[0]}, last)
        return dz, dz, first


class _GRU(RecurrentStep):
    def bias(self, bias: Any, units: int) -> tuple[Any, Any]:
        # Only the candidate's recurrent bias is inside of what the reset gate multiplies.
        gates, candidate = tf.split(bias[1], [2 * units, units])
        return bias[0] + tf.pad(gates, [[0, units]]), tf.pad(candidate, [[2 * units, 0]])

    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        z, _, _, candidate = self._parts(projected, product)
        return [candidate + z * (states[0] - candidate)]

    def backward(
        self,
        matrix: Any,
        projected: Any,
        product: Any,
        before: list[Any],
        after: list[Any],
        given: list[Any],
        last: list[Any],
    ) -> Gradients:
        z, r, recurrent, candidate = self._parts(projected, product)
        dz = (before[0] - candidate) * z * (1 - z)
        dcandidate = (1 - z) * (1 - tf.square(candidate))
        dr = dcandidate * recurrent * r * (1 - r)
        by_input = tf.concat([dz, dr, dcandidate], -1)
        by_state = tf.concat([dz, dr, dcandidate * r], -1)

        def back(of_step: StepValues, dh: Any) -> Any:
            dh = _added(dh, of_step.get("dh"))
            dproduct = tf.tile(dh, [1, 3]) * of_step["by_state"]
            return [tf.matmul(dproduct, matrix, transpose_b=True) + dh * of_step["z"]], dh

        dh, first = run_backwards(back, {"by_state": by_state, "z": z, "dh": given[0]}, last)
        dh = tf.tile(dh, [1, 1, 3])
        return dh * by_input, dh * by_state, first

    def _parts(self, projected: Any, product: Any) -> tuple[Any, Any, Any, Any]:
        units = projected.shape[-1] // 3
        gates, x = tf.split(projected, [2 * units, units], -1)
        recurrent_gates, recurrent = tf.split(product, [2 * units, units], -1)
        z, r = tf.split(tf.sigmoid(gates + recurrent_gates), 2, -1)
        return z, r, recurrent, tf.tanh(x + r * recurrent)


class _LSTM(RecurrentStep):
    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        i, f, g, o = self._gates(projected + product)
        c = f * states[1] + i * g
        return [o * tf.tanh(c), c]

    def backward(
        self,
        matrix: Any,
        projected: Any,
        product: Any,
        before: list[Any],
        after: list[Any],
        given: list[Any],
        last: list[Any],
    ) -> Gradients:
        i, f, g, o = self._gates(projected + product)
        tanh_c = tf.tanh(after[1])
        slopes = (g * i * (1 - i), before[1] * f * (1 - f), i * (1 - tf.square(g)), tanh_c * o * (1 - o))
        arrays = {"by_output": o * (1 - tf.square(tanh_c)), "gates": tf.concat(slopes, -1), "f": f}

        def back(of_step: StepValues, dh: Any, dc: Any) -> Any:
            dh = _added(dh, of_step.get("dh"))
            dc = _added(dc, of_step.get("dc")) + dh * of_step["by_output"]
            dz = tf.concat([dc, dc, dc, dh], 1) * of_step["gates"]
            return [tf.matmul(dz, matrix, transpose_b=True), dc * of_step["f"]], dz

        dz, first = run_backwards(back, {**arrays, "dh": given[0], "dc": given[1]}, last)
        return dz, dz, first

    def _gates(self, z: Any) -> tuple[Any, Any, Any, Any]:
        units = z.shape[-1] // 4
        both, g, o = tf.split(z, [2 * units, units, units], -1)
        i, f = tf.split(tf.sigmoid(both), 2, -1)
        return i, f, tf.tanh(g), tf.sigmoid(o)


def _added(gradient: Any, given: Any) -> Any:
    """Adds the gradient that a step is given from above, where there is one."""
    return gradient if given is None else gradient + given


#: By the class of layer.
KINDS: dict[type, RecurrentStep] = {layers.LSTM: _LSTM(), layers.GRU: _GRU(), layers.SimpleRNN: _SimpleRNN()}
