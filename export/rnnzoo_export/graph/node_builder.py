"""Writing ONNX nodes one after the other, with names that tell where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

#: The shape of what a step of a ``Scan`` reads: ``(batch, size)``, neither of them known. onnxruntime asks how many
#: axes the results of a step have, and infers it from those of what the step reads.
ROWS: tuple[None, None] = (None, None)


class NodeBuilder:
    """Collects nodes and constants.

    Args:
        prefix: What all names begin with; unique within the graph.
    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._prefix = prefix
        self._count = 0
        self._integers: dict[tuple[int, ...], str] = {}
        self._children: Counter[str] = Counter()

    def name(self, hint: str) -> str:
        """Returns a new name."""
        self._count += 1
        return f"{self._prefix}/{hint}_{self._count}"

    def constant(self, value: Any, hint: str = "constant") -> str:
        """Adds a constant and returns its name."""
        name = self.name(hint)
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        """Returns the name of a constant int64 vector, the kind that axes and shapes are given as."""
        if values not in self._integers:
            self._integers[values] = self.constant(np.array(values, np.int64))
        return self._integers[values]

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Adds a node of one output and returns that output's name."""
        (output,) = self.add_many(operator, inputs, [self.name(operator)], **attributes)
        return output

    def add_many(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> list[str]:
        """Adds a node with the outputs named and returns their names."""
        name = self.name(f"{operator}_node")
        self.nodes.append(helper.make_node(operator, list(inputs), list(outputs), name=name, **attributes))
        return list(outputs)

    def child(self, name: str) -> NodeBuilder:
        """Returns a builder for the nodes of a subgraph, which ``subgraph`` then closes."""
        self._children[name] += 1
        number = self._children[name]
        return NodeBuilder(f"{self._prefix}/{name}" + (f"_{number}" if number > 1 else ""))

    def subgraph(
        self,
        name: str,
        content: tuple[NodeBuilder, Sequence[str]],
        inputs: Sequence[tuple[str, int, Sequence[int | None] | None]] = (),
        elements: Sequence[int] | None = None,
    ) -> onnx.GraphProto:
        """Makes a subgraph of a child's nodes; the child's constants go to this builder.

        Args:
            name: The subgraph's name.
            content: The child and the names of its outputs.
            inputs: Names, element types and shapes; ``None`` where the shape is not known.
            elements: The element types of the outputs; float32 by default.
        """
        child, outputs = content
        elements = [onnx.TensorProto.FLOAT] * len(outputs) if elements is None else elements
        self.initializers += child.initializers
        return helper.make_graph(
            child.nodes,
            f"{self._prefix}/{name}",
            [helper.make_tensor_value_info(*value) for value in inputs],
            [
                helper.make_tensor_value_info(key, element, None)
                for key, element in zip(outputs, elements, strict=True)
            ],
        )
