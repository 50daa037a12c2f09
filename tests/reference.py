"""The three cells in plain NumPy, float64, one step after the other: the truth that Keras and ONNX are held to.

Weights are in Keras's order: kernel, recurrent kernel, bias; gates i f c o (LSTM) and z r h (GRU).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Step = Callable[[np.ndarray, list[np.ndarray], list[np.ndarray]], list[np.ndarray]]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def simple_rnn_step(x: np.ndarray, states: list[np.ndarray], weights: list[np.ndarray]) -> list[np.ndarray]:
    kernel, recurrent, bias = weights
    return [np.tanh(x @ kernel + states[0] @ recurrent + bias)]


def lstm_step(x: np.ndarray, states: list[np.ndarray], weights: list[np.ndarray]) -> list[np.ndarray]:
    kernel, recurrent, bias = weights
    i, f, c, o = np.split(x @ kernel + states[0] @ recurrent + bias, 4, axis=-1)
    carry = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(c)
    return [sigmoid(o) * np.tanh(carry), carry]


def gru_step(x: np.ndarray, states: list[np.ndarray], weights: list[np.ndarray]) -> list[np.ndarray]:
    """Keras's default, with the reset after the recurrent product: the bias has two rows."""
    kernel, recurrent, bias = weights
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hh = np.split(states[0] @ recurrent + bias[1], 3, axis=-1)
    z = sigmoid(xz + hz)
    return [z * states[0] + (1 - z) * np.tanh(xh + sigmoid(xr + hr) * hh)]


STEPS: dict[str, tuple[Step, int]] = {
    "simple_rnn": (simple_rnn_step, 1),
    "lstm": (lstm_step, 2),
    "gru": (gru_step, 1),
}


def run(
    cell: str,
    x: np.ndarray,
    mask: np.ndarray | None,
    weights: Sequence[np.ndarray],
    *,
    backwards: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Runs a layer over ``(batch, time, features)``: all outputs in the order of time, and the last output.

    A masked step holds the state; its output is the state's.
    """
    step, num_states = STEPS[cell]
    x, weights = x.astype(np.float64), [weight.astype(np.float64) for weight in weights]
    rows, steps, units = *x.shape[:2], weights[1].shape[0]
    valid = np.ones((rows, steps), bool) if mask is None else mask
    states = [np.zeros((rows, units)) for _ in range(num_states)]
    outputs = np.zeros((rows, steps, units))
    for t in reversed(range(steps)) if backwards else range(steps):
        new = step(x[:, t], states, list(weights))
        states = [np.where(valid[:, t, None], a, b) for a, b in zip(new, states, strict=True)]
        outputs[:, t] = states[0]
    return outputs, states[0]
