"""The recurrences that ONNX has no operator for, as one ``Scan`` each.

A ``Scan`` costs a few microseconds a step plus one for each node of its body, so that everything that can be done for
all steps at once stands outside of it: the products with the input, and gates that do not look at the state.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto

from rnnzoo_export.graph.marker_spec import ScanSpec
from rnnzoo_export.graph.node_builder import ROWS, NodeBuilder


def write_linear_nodes(builder: NodeBuilder, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Writes ``h[t] = a[t] * h[t-1] + b[t]``.

    Args:
        builder: Where the nodes go.
        inputs: ``a`` and ``b`` ``(batch, time, units)`` and the initial state ``(batch, units)``.
        outputs: The states ``(batch, time, units)``.
    """
    a, b, initial = inputs
    body = builder.child("step")
    state, factor, summand = (body.name(hint) for hint in ("state", "a", "b"))
    after = body.add("Add", [body.add("Mul", [factor, state]), summand])
    graph = builder.subgraph(
        "step",
        (body, [after, body.add("Identity", [after])]),
        [(name, TensorProto.FLOAT, ROWS) for name in (state, factor, summand)],
    )
    builder.add_many(
        "Scan",
        [initial, a, b],
        [builder.name("final"), outputs[0]],
        body=graph,
        num_scan_inputs=2,
        scan_input_axes=[1, 1],
        scan_output_axes=[1],
    )


def write_scan_nodes(
    spec: ScanSpec,
    builder: NodeBuilder,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    step: onnx.ModelProto,
    used: Callable[[str], bool],
) -> None:
    """Writes a layer whose step is a graph of its own.

    Args:
        spec: What the marker says.
        builder: Where the nodes go.
        inputs: What the step reads ``(batch, time, size)``, the mask ``(batch, time)`` where there is one, and the
            initial states ``(batch, size)``.
        outputs: The sequence or the last output, then the final states.
        step: The step: ``projected``, ``state_0``, ... to ``output``, ``next_0``, ...
        used: Whether anything reads an output.
    """
    scan = _StepScan(spec, builder, step)
    found = scan.write(list(inputs), sequence=spec.return_sequences)
    for name, source in zip(outputs, found, strict=True):
        if name and used(name):
            builder.add_many("Identity", [source], [name])


class _StepScan:
    def __init__(self, spec: ScanSpec, builder: NodeBuilder, step: onnx.ModelProto) -> None:
        self._spec, self._builder, self._step = spec, builder, step

    def write(self, inputs: list[str], *, sequence: bool) -> list[str]:
        """Adds the ``Scan``; returns the names of the sequence or last output and of the final states."""
        spec, builder = self._spec, self._builder
        scanned = [inputs.pop(0)]
        if spec.masked:
            scanned.append(builder.add("Unsqueeze", [inputs.pop(0), builder.integers(2)]))
        starts = [*inputs, *([self._zeros(inputs[0])] if self._carries_output else [])]
        finals = [builder.name(f"final_{i}") for i in range(len(starts))]
        outputs = [builder.name("sequence")] if sequence else []
        backwards = int(spec.go_backwards)
        builder.add_many(
            "Scan",
            [*starts, *scanned],
            [*finals, *outputs],
            body=self._body(len(starts), sequence=sequence),
            num_scan_inputs=len(scanned),
            scan_input_axes=[1] * len(scanned),
            scan_input_directions=[backwards] * len(scanned),
            # Keras answers in the order of reading.
            **({"scan_output_axes": [1]} if sequence else {}),
        )
        states = finals[: spec.num_states]
        return [outputs[0] if sequence else finals[-1], *states]

    @property
    def _carries_output(self) -> bool:
        """Whether the output of the step before is needed: as the answer at the end, or to be repeated."""
        return not self._spec.return_sequences or (self._spec.masked and not self._spec.zero_output)

    def _zeros(self, state: str) -> str:
        """Returns zeros as wide as the output, one row for each of a state."""
        builder = self._builder
        rows = builder.add("Gather", [builder.add("Shape", [state]), builder.integers(0)])
        shape = builder.add("Concat", [rows, builder.integers(self._spec.units)], axis=0)
        return builder.add("Expand", [builder.constant(np.float32(0)), shape])

    def _body(self, carried: int, *, sequence: bool) -> onnx.GraphProto:
        spec, body = self._spec, self._builder.child("step")
        before = [body.name("before") for _ in range(carried)]
        projected, valid = body.name("projected"), body.name("valid")
        output, *after = self._inline(body, [projected, *before[: spec.num_states]])
        if spec.masked:
            after = [
                body.add("Where", [valid, new, old])
                for new, old in zip(after, before[: spec.num_states], strict=True)
            ]
            instead = body.constant(np.float32(0)) if spec.zero_output else before[-1]
            output = body.add("Where", [valid, output, instead])
        results = [*after, *([output] if self._carries_output else [])]
        results += [body.add("Identity", [output])] if sequence else []
        inputs = [(name, TensorProto.FLOAT, ROWS) for name in (*before, projected)]
        if spec.masked:
            inputs.append((valid, TensorProto.BOOL, ROWS))
        # Each output of a body needs a name of its own.
        unique = [
            body.add("Identity", [name]) if name in results[:i] or name in before else name
            for i, name in enumerate(results)
        ]
        return self._builder.subgraph("step", (body, unique), inputs)

    def _inline(self, body: NodeBuilder, inputs: Sequence[str]) -> list[str]:
        """Adds the nodes of the step under new names; returns the names of its outputs."""
        graph = self._step.graph
        names = dict(zip(["projected", *self._states("state")], inputs, strict=True))
        for tensor in graph.initializer:
            names[tensor.name] = body.name("weight")
            copy = onnx.TensorProto()
            copy.CopyFrom(tensor)
            copy.name = names[tensor.name]
            body.initializers.append(copy)
        for node in graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            for output in node.output:
                names[output] = body.name(node.op_type)
            copy.name = body.name(f"{node.op_type}_node")
            copy.input[:] = [names[name] if name else "" for name in node.input]
            copy.output[:] = [names[name] for name in node.output]
            body.nodes.append(copy)
        return [names[name] for name in ("output", *self._states("next"))]

    def _states(self, word: str) -> list[str]:
        return [f"{word}_{number}" for number in range(self._spec.num_states)]
