"""The fused LSTM, GRU or RNN of one recurrent layer, with the weights in ONNX's order.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnzoo_export.graph.marker_spec import MarkerSpec
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.simple_rnn_nodes import SimpleRnnNodes

# Keras keeps the gates i, f, c, o and z, r, h; ONNX i, o, f, c and z, r, h.
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}
_DEFAULT_ACTIVATIONS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}


def onnx_weights(
    spec: MarkerSpec, weights: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turns Keras weights into those of the ONNX operator.

    Args:
        spec: The layer, an LSTM or a GRU.
        weights: Kernel ``(features, gates * units)``, recurrent kernel ``(units, gates * units)`` and, if it has
            one, bias, of each direction in turn.

    Returns:
        W ``(directions, gates * units, features)``, R ``(directions, gates * units, units)`` and
        B ``(directions, 2 * gates * units)``.
    """
    each = len(weights) // spec.num_directions
    directions = [
        _direction_weights(spec, weights[first : first + each]) for first in range(0, len(weights), each)
    ]
    w, r, b = (np.stack(parts) for parts in zip(*directions, strict=True))
    return w, r, b


def _direction_weights(spec: MarkerSpec, weights: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    gates, units = _GATES[spec.operator], spec.units

    def reorder(matrix: np.ndarray) -> np.ndarray:
        return np.concatenate([matrix[..., g * units : (g + 1) * units] for g in gates], axis=-1)

    bias = np.zeros((2, len(gates) * units), np.float32)
    if spec.use_bias:
        # A GRU that resets after the product has a second bias, inside the reset.
        parts = weights[2] if spec.operator == "GRU" and spec.reset_after else weights[2][None]
        bias[: len(parts)] = reorder(parts)
    return reorder(weights[0]).T.copy(), reorder(weights[1]).T.copy(), bias.reshape(-1)


def write_operator(
    spec: MarkerSpec,
    builder: NodeBuilder,
    x: str,
    *,
    lengths: str = "",
    states: Sequence[str],
    weights: Sequence[np.ndarray],
) -> list[str]:
    """Writes the operator.

    Args:
        spec: The layer. ``masked`` is not looked at.
        builder: Where the nodes go.
        x: The sequence ``(time, batch, features)``.
        lengths: The number of steps of each row ``(batch,)``; empty for all. Not for an RNN.
        states: The initial states ``(batch, units)``; empty for zeros.
        weights: The Keras weights.

    Returns:
        The names of the sequence ``(time, directions, batch, units)``, which may be empty if the layer answers its last
        output only, and of the final states ``(directions, batch, units)``.
    """
    if spec.operator == "RNN":
        initial = _initial(spec, builder, states, 0)
        return SimpleRnnNodes(spec, builder, x=x, initial=initial, weights=weights).write(_attributes(spec))
    w, r, b = onnx_weights(spec, weights)
    inputs = [
        x,
        builder.constant(w, "W"),
        builder.constant(r, "R"),
        builder.constant(b, "B"),  # zeros cost nothing
        lengths,
        *(_initial(spec, builder, states, kind) for kind in range(spec.states_per_direction)),
    ]
    while inputs[-1] == "":
        inputs.pop()
    # Converters to float16 take a Y left out for what makes an input left out.
    outputs = [builder.name("Y") if spec.return_sequences or "" in inputs else ""]
    outputs += [builder.name(name) for name in ("Y_h", "Y_c")[: spec.states_per_direction]]
    return builder.add_many(spec.operator, inputs, outputs, **_attributes(spec))


def _initial(spec: MarkerSpec, builder: NodeBuilder, states: Sequence[str], kind: int) -> str:
    """Returns the name of one initial state ``(directions, batch, units)``."""
    if not states:
        return ""
    parts = [
        builder.add("Unsqueeze", [state, builder.integers(0)])
        for state in states[kind :: spec.states_per_direction]
    ]
    return parts[0] if len(parts) == 1 else builder.add("Concat", parts, axis=0)


def _attributes(spec: MarkerSpec) -> dict[str, object]:
    attributes: dict[str, object] = {"hidden_size": spec.units, "direction": spec.direction}
    names = [name for name, _, _ in spec.activations]
    if names != list(_DEFAULT_ACTIVATIONS[spec.operator]) * spec.num_directions:
        # The two lists hold entries for those activations only that have a constant.
        alphas = [alpha for _, alpha, _ in spec.activations if alpha is not None]
        betas = [beta for _, _, beta in spec.activations if beta is not None]
        attributes["activations"] = names
        attributes |= {"activation_alpha": alphas} if alphas else {}
        attributes |= {"activation_beta": betas} if betas else {}
    if spec.operator == "GRU":
        attributes["linear_before_reset"] = int(spec.reset_after)
    return attributes
