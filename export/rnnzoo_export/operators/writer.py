"""Writing ONNX nodes in the place of one of TensorFlow's in a graph of tf2onnx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tf2onnx
from onnx import TensorProto

_FLOAT = TensorProto.FLOAT
#: The types of numbers as ONNX counts them, by the names of NumPy.
_TYPES = {"int32": TensorProto.INT32, "int64": TensorProto.INT64, "bool": TensorProto.BOOL, "float32": _FLOAT}
#: Complex numbers are pairs of these.
_NUMPY = {TensorProto.COMPLEX64: np.float32}


class NodeWriter:
    """Takes a node out of a graph and writes others that answer in its place.

    Args:
        graph: The graph of tf2onnx.
        node: What is replaced.

    Attributes:
        inputs: The names of its inputs.
        dtype: The NumPy type of its first output.
        rank: The number of axes of its first output, ``None`` where it is unknown.
        opset: The ONNX operator set.
    """

    def __init__(self, graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node) -> None:
        self.graph = graph
        self.inputs: list[str] = list(node.input)
        self.opset: int = graph.opset
        self._name, self._outputs = node.name, list(node.output)
        self._types = [graph.get_dtype(name) for name in node.output]
        self._shapes = [graph.get_shape(name) for name in node.output]
        self.rank = None if self._shapes[0] is None else len(self._shapes[0])
        self.dtype = np.dtype(
            _NUMPY.get(self._types[0]) or tf2onnx.utils.map_onnx_to_numpy_type(self._types[0])
        )
        graph.remove_node(node.name)

    def type_of(self, name: str) -> np.dtype[Any]:
        """Returns the NumPy type of a value."""
        return np.dtype(tf2onnx.utils.map_onnx_to_numpy_type(self.graph.get_dtype(name)))

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Adds a constant and returns its name."""
        array = np.asarray(value, dtype)
        return str(self.graph.make_const(tf2onnx.utils.make_name(f"{self._name}/constant"), array).output[0])

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Adds a node of one output and returns its name."""
        name = tf2onnx.utils.make_name(f"{self._name}/{operator}")
        return str(self.graph.make_node(operator, list(inputs), name=name, attr=attributes).output[0])

    def cast(self, value: str, dtype: Any) -> str:
        """Casts to a NumPy type."""
        return self.add("Cast", [value], to=_TYPES[np.dtype(dtype).name])

    def answer_complex(self, value: str) -> None:
        """Makes a value with a last axis of two, real and imaginary part, the complex output of the node."""
        shape = self._shapes[0]
        self.graph.make_node(
            "Identity",
            [value],
            outputs=self._outputs[:1],
            shapes=[None if shape is None else [*shape, 2]],
            dtypes=[_FLOAT],
            name=self._name,
        )

    def answer(self, value: str) -> None:
        """Makes a value the output of the node that was taken out, in its type."""
        same = self.graph.get_dtype(value) == self._types[0]
        self.graph.make_node(
            "Identity" if same else "Cast",
            [value],
            outputs=self._outputs[:1],
            shapes=self._shapes[:1],
            dtypes=self._types[:1],
            name=self._name,
            attr={} if same else {"to": self._types[0]},
        )
