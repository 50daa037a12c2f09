"""One recurrent layer under a mask as ONNX nodes: fused operators that read the valid steps alone, exact in every way.

Keras holds the state at masked steps. So each row's valid steps are gathered in the order of reading, the operator runs
over as many steps as the longest row has, and a row's last output and state h are those of its last valid step. A
layer that reads backwards is a forward operator over steps gathered backwards. What follows a row's last valid step is
computed and never read, so that it does not matter that some runtimes ignore the lengths. onnxruntime leaves out the
gates of steps past them, which saves up to a tenth of the time. The state c of an LSTM is the exception: no operator
answers it for a step in the middle, so that it needs the lengths.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from rnnzoo_export.graph.marker_spec import MarkerSpec
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.graph.recurrent_operator import write_operator
from rnnzoo_export.graph.valid_steps import StepTable, ValidSteps, spread_both


class MaskedNodes:
    """Writes the nodes of one layer.

    Args:
        spec: The layer.
        builder: Where the nodes go.
        x: The sequence, by its valid steps.
        steps: What follows from the mask.
        states: The initial states ``(batch, units)``; empty for zeros.
        weights: The Keras weights.
    """

    def __init__(
        self,
        spec: MarkerSpec,
        builder: NodeBuilder,
        *,
        x: StepTable,
        steps: ValidSteps,
        states: Sequence[str],
        weights: Sequence[np.ndarray],
    ) -> None:
        self._spec, self._builder, self._steps, self._states = spec, builder, steps, list(states)
        self._zero = builder.constant(np.float32(0))
        self._sequences: list[str] = []  # (longest, batch, units) of each direction, in its order of reading
        self._tables: list[str] = []
        self._cells: list[str] = []
        each = len(weights) // spec.num_directions
        for direction in range(spec.num_directions):
            own = weights[direction * each : (direction + 1) * each]
            self._run(direction, x, own)

    def _run(self, direction: int, x: StepTable, weights: Sequence[np.ndarray]) -> None:
        builder, spec, each = self._builder, self._spec, self._spec.states_per_direction
        functions = len(spec.activations) // spec.num_directions
        forward = dataclasses.replace(
            spec,
            direction="forward",
            activations=spec.activations[direction * functions : (direction + 1) * functions],
            num_states=each,
            return_sequences=True,
        )
        y, _, *cell = write_operator(
            forward,
            builder,
            x.read(builder, backwards=self._is_backward(direction)),
            lengths="" if spec.operator == "RNN" else self._steps.lengths(builder),
            states=self._states[direction * each : (direction + 1) * each],
            weights=weights,
        )
        self._sequences.append(builder.add("Squeeze", [y, builder.integers(1)]))
        self._tables.append(builder.add("Reshape", [y, builder.integers(-1, spec.units)]))
        self._cells += [builder.add("Squeeze", [name, builder.integers(0)]) for name in cell]

    def _is_backward(self, direction: int) -> bool:
        return direction == 1 or self._spec.direction == "reverse"

    def state(self, number: int) -> str:
        """Returns the name of a final state ``(batch, units)``; a row without a valid step keeps its initial one.

        States are counted in Keras's order: all of one direction, then of the other.
        """
        direction, kind = divmod(number, self._spec.states_per_direction)
        initial = self._states[number] if self._states else self._zero
        final = self._cells[direction] if kind else self._last(direction)
        return self._builder.add("Where", [self._steps.present, final, initial])

    def _last(self, direction: int) -> str:
        return self._builder.add("Gather", [self._tables[direction], self._steps.last], axis=0)

    def output(self) -> str:
        """Returns the name of the first output: the sequence, or the last output."""
        return self._whole_sequence() if self._spec.return_sequences else self._last_output()

    def _last_output(self) -> str:
        add, builder, spec = self._builder.add, self._builder, self._spec
        parts = []
        for direction in range(spec.num_directions):
            # Keras answers zeros where no step is valid, whatever the initial state.
            known = self._steps.present
            if spec.zero_output:
                known = self._steps.ends_valid(builder, backwards=self._is_backward(direction))
            parts.append(add("Where", [known, self._last(direction), self._zero]))
        if len(parts) == 1:
            return parts[0]
        if spec.concatenate:
            return add("Concat", parts, axis=-1)
        return add("Concat", [add("Unsqueeze", [part, builder.integers(1)]) for part in parts], axis=1)

    def _whole_sequence(self) -> str:
        """Moves the outputs of the valid steps back to where the steps were, and fills the others."""
        add, builder, spec = self._builder.add, self._builder, self._spec
        zeros = builder.constant(np.zeros((1, spec.units), np.float32))
        table = add("Concat", [*self._tables, zeros], axis=0)
        if spec.num_directions == 2:
            entries = spread_both(builder, self._steps, zero_output=spec.zero_output)
            y = add("Gather", [table, entries], axis=0)
            return add("Reshape", [y, builder.integers(0, 0, -1)]) if spec.concatenate else y
        backwards = self._is_backward(0)
        entries = self._steps.spread(builder, backwards=backwards, zero_output=spec.zero_output)
        if backwards:  # Keras answers in the order of reading
            entries = add("Slice", [entries, *(builder.integers(number) for number in (-1, -(2**62), 1, -1))])
        return add("Gather", [table, entries], axis=0)

    def valid_outputs(self) -> StepTable | None:
        """Looks at the sequence by its valid steps; ``None`` where its steps are not those of the mask."""
        spec, builder = self._spec, self._builder
        if spec.direction == "reverse" or (not spec.concatenate and spec.num_directions == 2):
            return None
        if spec.num_directions == 1:
            return self._steps.alone(self._tables[0], self._sequences[0])
        return self._steps.both(builder, builder.add("Concat", self._tables, axis=0))
