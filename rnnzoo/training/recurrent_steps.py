"""A step of LSTM, GRU and SimpleRNN, forwards and backwards, the latter prepared for all steps at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from keras import layers

from rnnzoo.training.time_loops import run_backwards

#: Where each step is valid ``(time, rows, 1)``, or ``None`` where all are.
Valid = Any


class RecurrentStep(ABC):
    """The arithmetic of one kind of layer; the first state is its output."""

    def bias(self, bias: Any, units: int) -> tuple[Any, Any]:
        """Returns what is added to the products with the input and, or ``None``, to those with the state."""
        return bias, None

    @abstractmethod
    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        """Makes a step from the products with the input and the state, ``(rows, gates * units)``."""

    @abstractmethod
    def backward(
        self, projected: Any, product: Any, before: list[Any], after: list[Any], valid: Valid
    ) -> Callable[[Any, Any, list[Any]], tuple[Any, Any, list[Any]]]:
        """Computes for all steps what a step backwards needs.

        Args:
            projected: The products with the input of all steps.
            product: The products with the state of all steps.
            before: The states before each step ``(time, rows, units)``.
            after: Those after it.
            valid: Which steps are valid.

        Returns:
            A function from the recurrent matrix, the gradients of all outputs (or ``None``), and those of the last
            states to the gradients of the products with the input, of those with the state, and of the first states.
        """


class _SimpleRNN(RecurrentStep):
    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        return [tf.tanh(projected + product)]

    def backward(
        self, projected: Any, product: Any, before: list[Any], after: list[Any], valid: Valid
    ) -> Any:
        slope = _only(valid, 1 - tf.square(after[0]))

        def run(matrix: Any, outputs: Any, last: list[Any]) -> Any:
            def back(read: Any, dh: Any) -> Any:
                dh = dh if outputs is None else dh + read("outputs")
                dz = dh * read("slope")
                dbefore = tf.matmul(dz, matrix, transpose_b=True)
                return [dbefore if valid is None else dbefore + dh * read("held")], dz

            arrays = {"slope": slope, "outputs": outputs, "held": _held(valid)}
            dz, first = run_backwards(back, arrays, last)
            return dz, dz, first

        return run


class _GRU(RecurrentStep):
    def bias(self, bias: Any, units: int) -> tuple[Any, Any]:
        # Only the candidate's recurrent bias is inside of what the reset gate multiplies.
        gates, candidate = tf.split(bias[1], [2 * units, units])
        return bias[0] + tf.pad(gates, [[0, units]]), tf.pad(candidate, [[2 * units, 0]])

    def step(self, projected: Any, product: Any, states: Sequence[Any]) -> list[Any]:
        z, _, _, candidate = self._parts(projected, product)
        return [candidate + z * (states[0] - candidate)]

    def backward(
        self, projected: Any, product: Any, before: list[Any], after: list[Any], valid: Valid
    ) -> Any:
        z, r, recurrent, candidate = self._parts(projected, product)
        dz = (before[0] - candidate) * z * (1 - z)
        dcandidate = (1 - z) * (1 - tf.square(candidate))
        dr = dcandidate * recurrent * r * (1 - r)
        by_input = _only(valid, tf.concat([dz, dr, dcandidate], -1))
        by_state = _only(valid, tf.concat([dz, dr, dcandidate * r], -1))
        kept = z if valid is None else tf.where(valid, z, 1.0)

        def run(matrix: Any, outputs: Any, last: list[Any]) -> Any:
            def back(read: Any, dh: Any) -> Any:
                dh = dh if outputs is None else dh + read("outputs")
                dproduct = tf.tile(dh, [1, 3]) * read("by_state")
                return [tf.matmul(dproduct, matrix, transpose_b=True) + dh * read("kept")], dh

            dh, first = run_backwards(back, {"by_state": by_state, "kept": kept, "outputs": outputs}, last)
            dh = tf.tile(dh, [1, 1, 3])
            return dh * by_input, dh * by_state, first

        return run

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
        self, projected: Any, product: Any, before: list[Any], after: list[Any], valid: Valid
    ) -> Any:
        i, f, g, o = self._gates(projected + product)
        tanh_c = tf.tanh(after[1])
        by_output = _only(valid, o * (1 - tf.square(tanh_c)))
        slopes = (g * i * (1 - i), before[1] * f * (1 - f), i * (1 - tf.square(g)), tanh_c * o * (1 - o))
        gates = _only(valid, tf.concat(slopes, -1))
        kept = f if valid is None else tf.where(valid, f, 1.0)

        def run(matrix: Any, outputs: Any, last: list[Any]) -> Any:
            def back(read: Any, dh: Any, dc: Any) -> Any:
                dh = dh if outputs is None else dh + read("outputs")
                dc = dc + dh * read("by_output")
                dz = tf.concat([dc, dc, dc, dh], 1) * read("gates")
                dbefore = tf.matmul(dz, matrix, transpose_b=True)
                dbefore = dbefore if valid is None else dbefore + dh * read("held")
                return [dbefore, dc * read("kept")], dz

            arrays = {
                "by_output": by_output,
                "gates": gates,
                "kept": kept,
                "outputs": outputs,
                "held": _held(valid),
            }
            dz, first = run_backwards(back, arrays, last)
            return dz, dz, first

        return run

    def _gates(self, z: Any) -> tuple[Any, Any, Any, Any]:
        units = z.shape[-1] // 4
        both, g, o = tf.split(z, [2 * units, units, units], -1)
        i, f = tf.split(tf.sigmoid(both), 2, -1)
        return i, f, tf.tanh(g), tf.sigmoid(o)


#: By the class of layer.
KINDS: dict[type, RecurrentStep] = {layers.LSTM: _LSTM(), layers.GRU: _GRU(), layers.SimpleRNN: _SimpleRNN()}


def _only(valid: Valid, x: Any) -> Any:
    return x if valid is None else tf.where(valid, x, 0.0)


def _held(valid: Valid) -> Any:
    """Returns 1 where a step only holds the states."""
    return None if valid is None else tf.cast(~valid, tf.float32)
