"""One recurrent layer as ONNX nodes: a fused LSTM, GRU or RNN.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rnnzoo_export.graph.marker_spec import MarkerSpec
from rnnzoo_export.graph.masked_nodes import MaskedNodes
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.recurrent_operator import write_operator
from rnnzoo_export.graph.valid_steps import MaskedSequences

_END = 2**62


class RecurrentNodes:
    """Writes the nodes of one layer without a mask.

    Args:
        spec: The layer.
        builder: Where the nodes go.
        x: The sequence ``(batch, time, features)``.
        states: The initial states ``(batch, units)``; empty for zeros.
        weights: The Keras weights.
    """

    def __init__(
        self,
        spec: MarkerSpec,
        builder: NodeBuilder,
        *,
        x: str,
        states: Sequence[str],
        weights: Sequence[np.ndarray],
    ) -> None:
        self._spec, self._builder = spec, builder
        x = builder.add("Transpose", [x], perm=[1, 0, 2])
        self._sequence, *self._finals = write_operator(spec, builder, x, states=states, weights=weights)
        self._known: dict[tuple[int, int], str] = {}

    def state(self, number: int) -> str:
        """Returns the name of a final state, in Keras's order: all of one direction, then of the other."""
        direction, kind = divmod(number, self._spec.states_per_direction)
        return self._state(kind, direction)

    def output(self) -> str:
        """Returns the name of the first output: the sequence, or the last output."""
        return self._whole_sequence() if self._spec.return_sequences else self._last_output()

    def _state(self, kind: int, direction: int) -> str:
        """Returns a final state ``(batch, units)``."""
        add, builder = self._builder.add, self._builder
        if (kind, direction) not in self._known:
            final = self._finals[kind]  # (directions, batch, units)
            self._known[kind, direction] = (
                add("Squeeze", [final, builder.integers(0)])
                if self._spec.num_directions == 1
                else add("Gather", [final, builder.constant(np.int64(direction))], axis=0)
            )
        return self._known[kind, direction]

    def _last_output(self) -> str:
        add, builder = self._builder.add, self._builder
        parts = [self._state(0, direction) for direction in range(self._spec.num_directions)]
        if len(parts) == 1:
            return parts[0]
        if self._spec.concatenate:
            return add("Concat", parts, axis=-1)
        return add("Concat", [add("Unsqueeze", [part, builder.integers(1)]) for part in parts], axis=1)

    def _whole_sequence(self) -> str:
        add, builder, spec = self._builder.add, self._builder, self._spec
        if spec.num_directions == 1:
            squeezed = add("Squeeze", [self._sequence, builder.integers(1)])
            y = add("Transpose", [squeezed], perm=[1, 0, 2])
            if spec.direction == "reverse":  # Keras answers in the order of reading
                y = add("Slice", [y, *(builder.integers(number) for number in (-1, -_END, 1, -1))])
            return y
        y = add("Transpose", [self._sequence], perm=[2, 0, 1, 3])
        return add("Reshape", [y, builder.integers(0, 0, -1)]) if spec.concatenate else y


def write_recurrent_nodes(
    spec: MarkerSpec,
    builder: NodeBuilder,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    value_of: Callable[[str], np.ndarray],
    used: Callable[[str], bool],
    masked: MaskedSequences,
) -> None:
    """Writes the nodes of one marker.

    Args:
        spec: What the marker says.
        builder: Where the nodes go.
        inputs: The marker's inputs after the first: sequence, mask, initial states, weights.
        outputs: The marker's outputs: sequence or last output, then the states.
        value_of: Gives the value of a constant by its name.
        used: Whether anything reads an output.
        masked: What the masked layers of the graph share.
    """
    x, *rest = inputs
    mask = rest.pop(0) if spec.masked else None
    states = [rest.pop(0) for _ in range(spec.num_states)] if spec.initial_states else []
    weights = [value_of(name) for name in rest]
    wanted = [number for number, name in enumerate(outputs) if name and used(name)]
    nodes: RecurrentNodes | MaskedNodes
    if mask is None:
        nodes = RecurrentNodes(spec, builder, x=x, states=states, weights=weights)
    else:
        steps = masked.steps(builder, mask)
        nodes = MaskedNodes(
            spec,
            builder,
            x=masked.table(x, mask) or steps.compact(builder, x, weights[0].shape[0]),
            steps=steps,
            states=states,
            weights=weights,
        )
        table = nodes.valid_outputs() if spec.return_sequences else None
        if table is not None:
            masked.keep(outputs[0], mask, table)
    for number in wanted:
        source = nodes.output() if number == 0 else nodes.state(number - 1)
        builder.add_many("Identity", [source], [outputs[number]])
