"""Indices below zero, which Keras counts from the end before it gathers, and ONNX's ``Gather`` by itself.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

import onnx
from onnx import numpy_helper


def leave_counting_to_gather(graph: onnx.GraphProto) -> None:
    """Lets each ``Gather`` from a constant table read its indices as they are given, in place.

    Keras writes ``Where(indices < 0, indices + size, indices)``, which are four more nodes over all indices.
    """
    constants = {tensor.name: tensor for tensor in graph.initializer}
    producers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in constants:
            continue
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
        size = constants[node.input[0]].dims[axis]
        node.input[1] = _Counting(producers, constants, size).source(node.input[1])


class _Counting:
    """Finds what is counted from the end of an axis.

    Args:
        producers: The nodes of a graph by their outputs.
        constants: Its constants by name.
        size: The size of the axis.
    """

    def __init__(
        self, producers: dict[str, onnx.NodeProto], constants: dict[str, onnx.TensorProto], size: int
    ) -> None:
        self._producers, self._constants, self._size = producers, constants, size

    def source(self, name: str) -> str:
        """Returns the indices that ``name`` is counted from; itself where it is something else."""
        found = self._inputs(name, "Where")
        if len(found) != 3:
            return name
        below_zero, moved, given = found
        return given if self._is_below_zero(below_zero, given) and self._is_moved(moved, given) else name

    def _is_below_zero(self, name: str, given: str) -> bool:
        compared, *other = self._inputs(name, "Less") or [""]
        return given in (compared, *self._inputs(compared, "Cast")) and self._is_number(other, 0)

    def _is_moved(self, name: str, given: str) -> bool:
        terms = self._inputs(name, "Add")
        return given in terms and self._is_number([term for term in terms if term != given], self._size)

    def _inputs(self, name: str, operator: str) -> list[str]:
        node = self._producers.get(name)
        return list(node.input) if node is not None and node.op_type == operator else []

    def _is_number(self, names: list[str], number: int) -> bool:
        tensors = [self._constants[name] for name in names if name in self._constants]
        return [numpy_helper.to_array(tensor).tolist() for tensor in tensors] == [number]
