"""A SimpleRNN as ONNX nodes that are fast for every batch: ONNX's operator for small ones, a Scan for the others.

onnxruntime's ``RNN`` operator applies its activation number by number. A ``Scan`` over the projected sequence costs
some microseconds a step and computes the rest in vectors, so that it wins once a step has some work to do. Which
one runs is decided inside the file, where the number of rows is known.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto

from rnnzoo_export.graph.marker_spec import Activation, MarkerSpec
from rnnzoo_export.graph.node_builder import ROWS, NodeBuilder

#: From this many numbers in a state (rows x units) on the Scan is the faster one; measured by
#: ``tests/benchmarks/simple_rnn_crossover.py``.
SCAN_FROM = 320
# onnxruntime's recurrent operators compute softplus as log(exp(x) + 1), infinite from x = 89 on, where Keras is not.
_SCAN_ALONE = ("Softplus",)


class SimpleRnnNodes:
    """Writes both forms of a layer and the choice between them.

    Args:
        spec: The layer.
        builder: Where the nodes go.
        x: The sequence ``(time, batch, features)``.
        initial: The initial state ``(directions, batch, units)``; empty for zeros.
        weights: The Keras weights: kernel ``(features, units)``, recurrent kernel ``(units, units)`` and, if it has
            one, bias ``(units,)``, of each direction in turn.
    """

    def __init__(
        self,
        spec: MarkerSpec,
        builder: NodeBuilder,
        *,
        x: str,
        initial: str,
        weights: Sequence[np.ndarray],
    ) -> None:
        self._spec, self._builder = spec, builder
        self._x, self._initial = x, initial
        # Each weight is in the file once; onnxruntime turns it into what the operator takes when it loads.
        names = [builder.constant(weight, "weight") for weight in weights]
        each = len(names) // spec.num_directions
        self._weights = [names[first : first + each] for first in range(0, len(names), each)]

    def write(self, attributes: Mapping[str, object]) -> list[str]:
        """Writes the nodes.

        Args:
            attributes: Those of ONNX's operator.

        Returns:
            The names of the sequence ``(time, directions, batch, units)``, empty if the layer answers its last
            output only, and of the final state ``(directions, batch, units)``.
        """
        builder, names = self._builder, ["Y", "Y_h"] if self._spec.return_sequences else ["Y_h"]
        if any(name in _SCAN_ALONE for name, _, _ in self._spec.activations):
            found = self._scans(builder)
            return found if len(found) == 2 else ["", *found]
        outputs = [builder.name(name) for name in names]
        builder.add_many(
            "If",
            [self._is_large()],
            outputs,
            then_branch=builder.subgraph("scan", self._scan_branch()),
            else_branch=builder.subgraph("operator", self._operator(attributes)),
        )
        return outputs if len(outputs) == 2 else ["", *outputs]

    def _is_large(self) -> str:
        add, builder = self._builder.add, self._builder
        rows = add("Gather", [add("Shape", [self._x]), builder.constant(np.int64(1))])
        numbers = add("Mul", [rows, builder.constant(np.int64(self._spec.units))])
        return add("GreaterOrEqual", [numbers, builder.constant(np.int64(SCAN_FROM))])

    # ONNX's operator.

    def _operator(self, attributes: Mapping[str, object]) -> tuple[NodeBuilder, list[str]]:
        builder, spec = self._builder.child("operator"), self._spec
        w, r = (
            self._stacked([self._transposed(weights[place]) for weights in self._weights]) for place in (0, 1)
        )
        zeros = self._builder.constant(np.zeros(spec.units, np.float32))
        biases = [[*own[2:], *[zeros] * (2 - spec.use_bias)] for own in self._weights]
        b = self._stacked([self._builder.add("Concat", both, axis=0) for both in biases])
        inputs = [self._x, w, r, b, "", self._initial]
        while inputs[-1] == "":
            inputs.pop()
        # Converters to float16 take a Y left out for what makes an input left out.
        outputs = [builder.name("Y") if spec.return_sequences or "" in inputs else "", builder.name("Y_h")]
        builder.add_many(spec.operator, inputs, outputs, **attributes)
        return builder, outputs if spec.return_sequences else outputs[1:]

    def _transposed(self, name: str) -> str:
        return self._builder.add("Transpose", [name], perm=[1, 0])

    def _stacked(self, names: Sequence[str]) -> str:
        return _stack(self._builder, names, axis=0)

    # The Scan.

    def _scan_branch(self) -> tuple[NodeBuilder, list[str]]:
        builder = self._builder.child("scan")
        return builder, self._scans(builder)

    def _scans(self, builder: NodeBuilder) -> list[str]:
        """Returns the names of the sequence, where wanted, and of the final states."""
        scans = [self._scan(builder, direction) for direction in range(self._spec.num_directions)]
        finals = _stack(builder, [scan[-1] for scan in scans], axis=0)
        if not self._spec.return_sequences:
            return [finals]
        return [_stack(builder, [scan[0] for scan in scans], axis=1), finals]

    def _scan(self, builder: NodeBuilder, direction: int) -> list[str]:
        """Returns the names of the sequence ``(time, batch, units)``, where wanted, and the final state."""
        kernel, recurrent, *bias = self._weights[direction]
        projected = builder.add("MatMul", [self._x, kernel])
        scanned = builder.add("Add", [projected, *bias]) if bias else projected
        backwards = int(self._spec.direction == "reverse" or direction == 1)
        sequence = [builder.name("sequence")] if self._spec.return_sequences else []
        final, *sequence = builder.add_many(
            "Scan",
            [self._first_state(builder, direction), scanned],
            [builder.name("final"), *sequence],
            body=self._step(builder, recurrent, direction),
            num_scan_inputs=1,
            scan_input_directions=[backwards],
            **({"scan_output_directions": [backwards]} if sequence else {}),
        )
        return [*sequence, final]

    def _first_state(self, builder: NodeBuilder, direction: int) -> str:
        add = builder.add
        if self._initial:
            return add("Gather", [self._initial, builder.constant(np.int64(direction))], axis=0)
        rows = add("Gather", [add("Shape", [self._x]), builder.integers(1)])
        shape = add("Concat", [rows, builder.integers(self._spec.units)], axis=0)
        return add("Expand", [builder.constant(np.float32(0)), shape])

    def _step(self, builder: NodeBuilder, recurrent: str, direction: int) -> onnx.GraphProto:
        body = builder.child(f"step_{direction}")
        state, projected = body.name("state"), body.name("projected")
        inputs = [(state, TensorProto.FLOAT, ROWS), (projected, TensorProto.FLOAT, ROWS)]
        after = body.add("Add", [body.add("MatMul", [state, recurrent]), projected])
        after = _activate(body, self._spec.activations[direction], after)
        outputs = [after, body.add("Identity", [after])] if self._spec.return_sequences else [after]
        return builder.subgraph(f"step_{direction}", (body, outputs), inputs)


def _stack(builder: NodeBuilder, names: Sequence[str], *, axis: int) -> str:
    expanded = [builder.add("Unsqueeze", [name, builder.integers(axis)]) for name in names]
    return expanded[0] if len(expanded) == 1 else builder.add("Concat", expanded, axis=axis)


def _activate(builder: NodeBuilder, activation: Activation, x: str) -> str:
    name, alpha, beta = activation
    if name == "Affine":  # alpha x + beta
        scaled = builder.add("Mul", [x, builder.constant(np.float32(alpha))])
        return builder.add("Add", [scaled, builder.constant(np.float32(beta))])
    attributes = {"alpha": alpha, "beta": beta}
    return builder.add(name, [x], **{key: value for key, value in attributes.items() if value is not None})
