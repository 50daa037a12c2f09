"""The cells in plain NumPy, float64, one step after the other: the truth that Keras and ONNX are held to.

Weights of Keras's own cells are in its order: kernel, recurrent kernel, bias; gates i f c o (LSTM) and z r h (GRU).
Those of rnnzoo's cells come by name. Each step returns its output and the states after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Weights = Sequence[np.ndarray] | Mapping[str, np.ndarray]
States = list[np.ndarray]
Step = Callable[[np.ndarray, States, Any], tuple[np.ndarray, States]]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def simple_rnn_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    kernel, recurrent, bias = weights
    h = np.tanh(x @ kernel + states[0] @ recurrent + bias)
    return h, [h]


def lstm_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    kernel, recurrent, bias = weights
    i, f, c, o = np.split(x @ kernel + states[0] @ recurrent + bias, 4, axis=-1)
    carry = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(c)
    h = sigmoid(o) * np.tanh(carry)
    return h, [h, carry]


def gru_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    """Keras's default, with the reset after the recurrent product: the bias has two rows."""
    kernel, recurrent, bias = weights
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hh = np.split(states[0] @ recurrent + bias[1], 3, axis=-1)
    z = sigmoid(xz + hz)
    h = z * states[0] + (1 - z) * np.tanh(xh + sigmoid(xr + hr) * hh)
    return h, [h]


def min_gru_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    z, new = np.split(x @ weights["kernel"] + weights["bias"], 2, axis=-1)
    h = (1 - sigmoid(z)) * states[0] + sigmoid(z) * new
    return h, [h]


def min_lstm_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    f, i, new = np.split(x @ weights["kernel"] + weights["bias"], 3, axis=-1)
    f, i = sigmoid(f), sigmoid(i)
    h = (f * states[0] + i * new) / (f + i)
    return h, [h]


def sru_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    units = len(weights["bias"]) // 2
    parts = np.split(x @ weights["kernel"], weights["kernel"].shape[1] // units, axis=-1)
    forget, highway = np.split(weights["bias"], 2)
    f, r = sigmoid(parts[0] + forget), sigmoid(parts[1] + highway)
    c = f * states[0] + (1 - f) * parts[2]
    skipped = parts[3] if len(parts) == 4 else np.sqrt(3) * x
    return r * c + (1 - r) * skipped, [c]


def rg_lru_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    u = x @ weights["kernel"] + weights["bias"]
    r, i = np.split(sigmoid(u @ weights["gate_kernel"] + weights["gate_bias"]), 2, axis=-1)
    a = sigmoid(weights["decay"]) ** (8 * r)
    h = a * states[0] + np.sqrt(1 - a**2) * (i * u)
    return h, [h]


def ind_rnn_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    h = np.maximum(x @ weights["kernel"] + weights["recurrent_weights"] * states[0] + weights["bias"], 0)
    return h, [h]


def layer_norm_lstm_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    gates = normalize(x @ weights["kernel"]) * weights["input_gain"] + weights["bias"]
    gates = gates + normalize(states[0] @ weights["recurrent_kernel"]) * weights["recurrent_gain"]
    i, f, new, o = np.split(gates, 4, axis=-1)
    c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(new)
    h = sigmoid(o) * np.tanh(normalize(c) * weights["carry_gain"] + weights["carry_shift"])
    return h, [h, c]


def slstm_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    """As the paper first writes it, without the stabiliser."""
    h, c, n = states
    i, f, z, o = np.split(
        x @ weights["kernel"] + h @ weights["recurrent_kernel"] + weights["bias"], 4, axis=-1
    )
    c = sigmoid(f) * c + np.exp(i) * np.tanh(z)
    n = sigmoid(f) * n + np.exp(i)
    h = sigmoid(o) * c / n
    return h, [h, c, n]


def mlstm_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    """Head by head, with a matrix and a vector each."""
    heads = len(weights["gate_bias"]) // 2
    q, k, v, o = np.split(x @ weights["kernel"] + weights["bias"], 4, axis=-1)
    i, f = np.split(x @ weights["gate_kernel"] + weights["gate_bias"], 2, axis=-1)
    width = q.shape[1] // heads
    matrices, sums = (states[0].reshape(len(x), heads, width, width), states[1].reshape(len(x), heads, width))
    answers, after = np.zeros_like(q), (np.zeros_like(matrices), np.zeros_like(sums))
    for row in range(len(x)):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            key = k[row, part] / np.sqrt(width)
            keep, come = sigmoid(f[row, head]), np.exp(15 * np.tanh(i[row, head] / 15))
            matrix = keep * matrices[row, head] + come * np.outer(v[row, part], key)
            total = keep * sums[row, head] + come * key
            answers[row, part] = matrix @ q[row, part] / max(abs(total @ q[row, part]), 1)
            after[0][row, head], after[1][row, head] = matrix, total
    return sigmoid(o) * answers, [part.reshape(len(x), -1) for part in after]


def normalize(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3)


def gru_d_step(x: np.ndarray, states: States, weights: Any) -> tuple[np.ndarray, States]:
    h, last = states
    value, m, d = np.split(x, 3, axis=-1)
    input_decay = np.exp(-np.maximum(0, d * weights["input_decay"] + weights["input_decay_bias"]))
    state_decay = np.exp(-np.maximum(0, d @ weights["state_decay"] + weights["state_decay_bias"]))
    read = m * value + (1 - m) * input_decay * last
    last = m * value + (1 - m) * last
    h = state_decay * h
    units = h.shape[1]
    outer = read @ weights["kernel"] + m @ weights["mask_kernel"] + weights["bias"]
    z, r = np.split(sigmoid(outer[:, : 2 * units] + h @ weights["recurrent_kernel"]), 2, axis=-1)
    new = np.tanh(outer[:, 2 * units :] + (r * h) @ weights["candidate_kernel"])
    h = (1 - z) * h + z * new
    return h, [h, last]


#: The step of each cell, and the sizes of its states for so many units and features.
STEPS: dict[str, tuple[Step, Callable[[int, int], list[int]]]] = {
    "simple_rnn": (simple_rnn_step, lambda units, features: [units]),
    "lstm": (lstm_step, lambda units, features: [units, units]),
    "gru": (gru_step, lambda units, features: [units]),
    "min_gru": (min_gru_step, lambda units, features: [units]),
    "min_lstm": (min_lstm_step, lambda units, features: [units]),
    "sru": (sru_step, lambda units, features: [units]),
    "rg_lru": (rg_lru_step, lambda units, features: [units]),
    "ind_rnn": (ind_rnn_step, lambda units, features: [units]),
    "layer_norm_lstm": (layer_norm_lstm_step, lambda units, features: [units, units]),
    "slstm": (slstm_step, lambda units, features: [units] * 3),
    "mlstm": (mlstm_step, lambda units, features: [units * units // np.gcd(units, 4), units]),
    "gru_d": (gru_d_step, lambda units, features: [units, features // 3]),
}
_GATES = {"slstm": 4, "mlstm": 4, "min_gru": 2, "min_lstm": 3, "layer_norm_lstm": 4, "gru_d": 3}


def run(
    cell: str,
    x: np.ndarray,
    mask: np.ndarray | None,
    weights: Weights,
    *,
    backwards: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Runs a layer over ``(batch, time, features)``: all outputs in the order of time, and the last output.

    A masked step holds the states and repeats the output before it, at first zeros.
    """
    step, sizes = STEPS[cell]
    x = x.astype(np.float64)
    exact: Any
    if isinstance(weights, Mapping):
        exact = {name: weight.astype(np.float64) for name, weight in weights.items()}
        units = exact["bias"].shape[-1] // (_GATES.get(cell, 1) if cell != "sru" else 2)
    else:
        exact = [weight.astype(np.float64) for weight in weights]
        units = exact[1].shape[0]
    rows, steps, features = x.shape
    valid = np.ones((rows, steps), bool) if mask is None else mask
    states = [np.zeros((rows, size)) for size in sizes(units, features)]
    outputs, output = np.zeros((rows, steps, units)), np.zeros((rows, units))
    for t in reversed(range(steps)) if backwards else range(steps):
        new_output, new = step(x[:, t], states, exact)
        here = valid[:, t, None]
        states = [np.where(here, a, b) for a, b in zip(new, states, strict=True)]
        output = np.where(here, new_output, output)
        outputs[:, t] = output
    return outputs, output
