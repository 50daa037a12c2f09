"""Does a network answer neighbouring float32 numbers with others that are not neighbours, as ``argmax`` does?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from rnnzoo.tensors import Operation, Tensor
    from rnnzoo_export.network.traced_model import TracedModel

# ``NotEqual`` is absent: of a mask, which compares inputs, not sums.
_OPERATIONS = {
    *("ArgMax", "ArgMin", "TopK", "TopKV2", "InTopK", "InTopKV2", "Bucketize", "LowerBound", "UpperBound"),
    *("Sign", "Floor", "Ceil", "Round", "Rint", "FloorDiv", "FloorMod", "TruncateDiv", "Mod"),
    *("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "Cast", "Bitcast"),
}
_SOURCES = ("T", "SrcT")


def has_jumps(model: TracedModel) -> bool:
    """Whether an operation before an output jumps: where sums are equal but for rounding, the answer hangs on it."""
    graph = model.graph.as_graph_def()
    used = {operation.name for operation in _before(model.outputs.values())}
    bodies = (function.node_def for function in graph.library.function)  # of loops and branches
    nodes = itertools.chain((node for node in graph.node if node.name in used), *bodies)
    return any(_jumps(node) for node in nodes)


def _before(tensors: Iterable[Tensor]) -> Iterator[Operation]:
    """Yields the operations that tensors are made of; an unused dropout mask is none of them."""
    seen, waiting = set(), [tensor.op for tensor in tensors]
    while waiting:
        operation = waiting.pop()
        if operation.name not in seen:
            seen.add(operation.name)
            waiting += [tensor.op for tensor in operation.inputs]
            yield operation


def _jumps(node: Any) -> bool:
    if node.op not in _OPERATIONS:
        return False
    source = next((_dtype(node, key) for key in _SOURCES if key in node.attr), None)
    if source is None or not source.is_floating:
        return False
    return node.op != "Cast" or not _dtype(node, "DstT").is_floating


def _dtype(node: Any, key: str) -> tf.DType:
    return tf.as_dtype(node.attr[key].type)
