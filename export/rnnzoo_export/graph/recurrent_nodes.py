"""One recurrent layer as ONNX nodes: a fused LSTM, GRU or RNN, exact under every mask.

Keras holds the state at masked steps. So the valid steps of each row are moved to the front, the operator runs
over them with ``sequence_lens`` set to their count, and its outputs are moved back to where the steps were.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from rnnzoo_export.graph.marker_spec import MarkerSpec
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.simple_rnn_nodes import SimpleRnnNodes

# Keras keeps the gates i, f, c, o and z, r, h; ONNX i, o, f, c and z, r, h.
_GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}
_DEFAULT_ACTIVATIONS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_END = 2**62


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


@dataclass(frozen=True)
class _Mask:
    """Names of what follows from a mask ``(batch, time)``.

    ``count`` ``(batch,)`` is the number of valid steps, ``cumulative`` ``(batch, time)`` that up to each step,
    ``present`` ``(batch, 1)`` whether there is any.
    """

    valid: str
    count: str
    cumulative: str
    present: str


class RecurrentNodes:
    """Writes the nodes of one layer.

    Args:
        spec: The layer.
        builder: Where the nodes go.
        x: The sequence ``(batch, time, features)``.
        mask: The mask ``(batch, time)``, where the layer has one.
        states: The initial states ``(batch, units)``; empty for zeros.
        weights: The Keras weights.
    """

    def __init__(
        self,
        spec: MarkerSpec,
        builder: NodeBuilder,
        *,
        x: str,
        mask: str | None,
        states: Sequence[str],
        weights: Sequence[np.ndarray],
    ) -> None:
        self._spec, self._builder, self._states = spec, builder, list(states)
        self._mask = self._read_mask(mask) if mask is not None else None
        self._zero = builder.constant(np.float32(0)) if mask is not None else ""
        self._sequence, *self._finals = self._run(self._compact(x) if mask is not None else x, weights)
        self._known: dict[tuple[int, int], str] = {}

    def state(self, number: int) -> str:
        """Returns the name of a final state, in Keras's order: all of one direction, then of the other."""
        direction, kind = divmod(number, self._spec.states_per_direction)
        return self._state(kind, direction)

    def output(self) -> str:
        """Returns the name of the first output: the sequence, or the last output."""
        return self._whole_sequence() if self._spec.return_sequences else self._last_output()

    # The mask.

    def _read_mask(self, mask: str) -> _Mask:
        add, builder = self._builder.add, self._builder
        steps = add("Cast", [mask], to=TensorProto.INT32)
        count = add("ReduceSum", [steps, builder.integers(1)], keepdims=0)
        positive = add("Greater", [count, builder.constant(np.int32(0))])
        return _Mask(
            valid=mask,
            count=count,
            cumulative=add("CumSum", [steps, builder.constant(np.int32(1))]),
            present=add("Unsqueeze", [positive, builder.integers(1)]),
        )

    def _compact(self, x: str) -> str:
        """Moves the valid steps of each row to the front, in order; the others follow."""
        assert self._mask is not None
        add, builder, mask = self._builder.add, self._builder, self._mask
        one, axis = builder.constant(np.int32(1)), builder.constant(np.int32(1))
        ones = add("Expand", [one, add("Shape", [mask.valid])])
        position = add("Sub", [add("CumSum", [ones, axis]), one])  # 0, 1, 2, ... in every row
        valid_place = add("Sub", [mask.cumulative, one])
        masked_so_far = add("Sub", [position, valid_place])
        count = add("Unsqueeze", [mask.count, builder.integers(1)])
        masked_place = add("Sub", [add("Add", [count, masked_so_far]), one])
        place = add("Where", [mask.valid, valid_place, masked_place])
        source = add("ScatterElements", [position, place, position], axis=1)  # the inverse permutation
        return self._gather(x, source)

    def _gather(self, x: str, steps: str) -> str:
        """Picks, in each row, the steps numbered ``steps`` ``(batch, time)``."""
        add, builder = self._builder.add, self._builder
        indices = add("Unsqueeze", [add("Cast", [steps], to=TensorProto.INT64), builder.integers(2)])
        return add("GatherND", [x, indices], batch_dims=1)

    # The operator.

    def _run(self, x: str, weights: Sequence[np.ndarray]) -> list[str]:
        """Adds the operator; returns the names of Y, Y_h and, for LSTM, Y_c."""
        add, builder, spec = self._builder.add, self._builder, self._spec
        lengths = ""
        if self._mask is not None:
            # onnxruntime promises nothing for a length of 0; what such a row gives is replaced later.
            lengths = add("Max", [self._mask.count, builder.constant(np.int32(1))])
        x = add("Transpose", [x], perm=[1, 0, 2])
        if spec.operator == "RNN":
            nodes = SimpleRnnNodes(
                spec, builder, x=x, lengths=lengths, initial=self._initial(0), weights=weights
            )
            return nodes.write(self._attributes())
        w, r, b = onnx_weights(spec, weights)
        inputs = [
            x,
            builder.constant(w, "W"),
            builder.constant(r, "R"),
            builder.constant(b, "B"),  # zeros cost nothing
            lengths,
            *(self._initial(kind) for kind in range(spec.states_per_direction)),
        ]
        while inputs[-1] == "":
            inputs.pop()
        # Converters to float16 take a Y left out for what makes an input left out.
        outputs = [builder.name("Y") if spec.return_sequences or "" in inputs else ""]
        outputs += [builder.name(name) for name in ("Y_h", "Y_c")[: spec.states_per_direction]]
        return builder.add_many(spec.operator, inputs, outputs, **self._attributes())

    def _initial(self, kind: int) -> str:
        """Returns the name of one initial state ``(directions, batch, units)``."""
        if not self._states:
            return ""
        add, builder, each = self._builder.add, self._builder, self._spec.states_per_direction
        parts = [add("Unsqueeze", [state, builder.integers(0)]) for state in self._states[kind::each]]
        return parts[0] if len(parts) == 1 else add("Concat", parts, axis=0)

    def _attributes(self) -> dict[str, object]:
        spec = self._spec
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

    # States and last outputs.

    def _state(self, kind: int, direction: int) -> str:
        """Returns a final state ``(batch, units)``; a row without a valid step keeps its initial one."""
        if (kind, direction) not in self._known:
            final = self._one_direction(self._finals[kind], direction)
            if self._mask is not None:
                each = self._spec.states_per_direction
                initial = self._states[direction * each + kind] if self._states else self._zero
                final = self._builder.add("Where", [self._mask.present, final, initial])
            self._known[kind, direction] = final
        return self._known[kind, direction]

    def _one_direction(self, name: str, direction: int) -> str:
        """Takes one direction of ``(directions, batch, units)``."""
        add, builder = self._builder.add, self._builder
        if self._spec.num_directions == 1:
            return add("Squeeze", [name, builder.integers(0)])
        return add("Gather", [name, builder.constant(np.int64(direction))], axis=0)

    def _last_output(self) -> str:
        add, builder = self._builder.add, self._builder
        parts = [self._last(direction) for direction in range(self._spec.num_directions)]
        if len(parts) == 1:
            return parts[0]
        if self._spec.concatenate:
            return add("Concat", parts, axis=-1)
        return add("Concat", [add("Unsqueeze", [part, builder.integers(1)]) for part in parts], axis=1)

    def _last(self, direction: int) -> str:
        add, builder, mask = self._builder.add, self._builder, self._mask
        if mask is None:
            return self._state(0, direction)
        # Keras answers zeros where no step is valid, whatever the initial state.
        final = self._one_direction(self._finals[0], direction)
        last = (
            self._state(0, direction) if not self._states else add("Where", [mask.present, final, self._zero])
        )
        if not self._spec.zero_output:
            return last
        backwards = self._spec.direction == "reverse" or direction == 1
        first, end = (0, 1) if backwards else (-1, _END)
        ended_valid = add(
            "Slice", [mask.valid, builder.integers(first), builder.integers(end), builder.integers(1)]
        )
        return add("Where", [ended_valid, last, self._zero])

    # Sequences.

    def _whole_sequence(self) -> str:
        add, builder, spec = self._builder.add, self._builder, self._spec
        if spec.num_directions == 1:
            squeezed = add("Squeeze", [self._sequence, builder.integers(1)])
            y = add("Transpose", [squeezed], perm=[1, 0, 2])
            if self._mask is not None:
                y = self._spread(y, backwards=spec.direction == "reverse")
            if spec.direction == "reverse":  # Keras answers in the order of reading
                y = add("Slice", [y, *(builder.integers(number) for number in (-1, -_END, 1, -1))])
            return y
        y = add("Transpose", [self._sequence], perm=[2, 0, 1, 3])
        if self._mask is None:
            return add("Reshape", [y, builder.integers(0, 0, -1)]) if spec.concatenate else y
        return self._spread_both(y)

    def _spread_both(self, y: str) -> str:
        """Spreads ``(batch, time, 2, units)`` and joins or stacks the directions."""
        add, builder, spec = self._builder.add, self._builder, self._spec
        if spec.zero_output:  # both directions move alike
            joined = self._spread(add("Reshape", [y, builder.integers(0, 0, -1)]), backwards=False)
            if spec.concatenate:
                return joined
            return add("Reshape", [joined, builder.integers(0, 0, 2, spec.units)])
        parts = [
            self._spread(add("Gather", [y, builder.constant(np.int64(d))], axis=2), backwards=d == 1)
            for d in (0, 1)
        ]
        if spec.concatenate:
            return add("Concat", parts, axis=-1)
        return add("Concat", [add("Unsqueeze", [part, builder.integers(2)]) for part in parts], axis=2)

    def _spread(self, y: str, *, backwards: bool) -> str:
        """Moves the outputs of the valid steps back to where the steps were, and fills the others.

        A masked step takes the output before it in the order of reading (zeros where there is none, or with
        ``zero_output``).
        """
        assert self._mask is not None
        add, builder, mask = self._builder.add, self._builder, self._mask
        zero, one = builder.constant(np.int32(0)), builder.constant(np.int32(1))
        before = add("Sub", [mask.cumulative, one])
        index = before
        known = add("Greater", [mask.cumulative, zero])
        if backwards:
            index = add("Where", [mask.valid, before, mask.cumulative])
            known = add("Less", [index, add("Unsqueeze", [mask.count, builder.integers(1)])])
        if self._spec.zero_output:
            known = mask.valid
        steps = add("Gather", [add("Shape", [mask.valid]), builder.constant(np.int64(1))])
        last = add("Sub", [add("Cast", [steps], to=TensorProto.INT32), one])
        moved = self._gather(y, add("Min", [add("Max", [index, zero]), last]))
        return add("Where", [add("Unsqueeze", [known, builder.integers(2)]), moved, self._zero])


def write_recurrent_nodes(
    spec: MarkerSpec,
    builder: NodeBuilder,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    value_of: Callable[[str], np.ndarray],
    used: Callable[[str], bool],
) -> None:
    """Writes the nodes of one marker.

    Args:
        spec: What the marker says.
        builder: Where the nodes go.
        inputs: The marker's inputs after the first: sequence, mask, initial states, weights.
        outputs: The marker's outputs: sequence or last output, then the states.
        value_of: Gives the value of a constant by its name.
        used: Whether anything reads an output.
    """
    x, *rest = inputs
    mask = rest.pop(0) if spec.masked else None
    states = [rest.pop(0) for _ in range(spec.num_states)] if spec.initial_states else []
    weights = [value_of(name) for name in rest]
    nodes = RecurrentNodes(spec, builder, x=x, mask=mask, states=states, weights=weights)
    for number, name in enumerate(outputs):
        if name and used(name):
            source = nodes.output() if number == 0 else nodes.state(number - 1)
            builder.add_many("Identity", [source], [name])
