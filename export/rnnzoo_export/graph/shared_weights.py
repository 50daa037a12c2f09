"""Constants that several nodes read: written once in float files, once for each recurrent operator before quantization.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator

import onnx
from onnx import numpy_helper

from rnnzoo_export.graph.protos import replace_items, walk_graphs, walk_nodes
from rnnzoo_export.graph.unique_names import unique_names

#: The recurrent operators.
RECURRENT = ("LSTM", "GRU", "RNN")
# Which of their inputs are weights.
_WEIGHTS = (1, 2, 3)

Key = tuple[int, tuple[int, ...], bytes]


def share_initializers(graph: onnx.GraphProto) -> None:
    """Makes one of all constants of the same type, shape and bytes, in place.

    A layer that is called several times has its weights in the graph once for each call before. A constant of a
    subgraph is replaced by one of the graph outside, which subgraphs can read. What can be given from outside, or is
    an output itself, stays.
    """
    defined = Counter(_definitions(graph))

    def may_move(tensor: onnx.TensorProto) -> bool:
        return defined[tensor.name] == 1

    _share_below(graph, {}, may_move)


def _share_below(
    graph: onnx.GraphProto, outside: dict[Key, str], may_move: Callable[[onnx.TensorProto], bool]
) -> None:
    """Shares the constants of a graph and its subgraphs, with those ``outside`` that it can read."""
    known = dict(outside)
    kept: list[onnx.TensorProto] = []
    replaced: dict[str, str] = {}
    outputs = {value.name for value in graph.output}
    for tensor in graph.initializer:
        if not may_move(tensor) or tensor.name in outputs:
            kept.append(tensor)
            continue
        first = known.setdefault(_key(tensor), tensor.name)
        if first == tensor.name:
            kept.append(tensor)
        else:
            replaced[tensor.name] = first
    if replaced:
        replace_items(graph.initializer, kept)
        for node in walk_nodes(graph.node):
            node.input[:] = [replaced.get(name, name) for name in node.input]
        for body in walk_graphs(graph):
            for value in body.output:
                value.name = replaced.get(value.name, value.name)
    for body in _bodies_of(graph):
        _share_below(body, known, may_move)


def _bodies_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
            yield from attribute.graphs


def _definitions(graph: onnx.GraphProto) -> Iterator[str]:
    """Yields the name of each value as often as it is defined, in the graph and its subgraphs."""
    for body in walk_graphs(graph):
        yield from (value.name for value in (*body.input, *body.initializer))
    for node in walk_nodes(graph.node):
        yield from node.output


def _key(tensor: onnx.TensorProto) -> Key:
    """Returns what equal tensors have in common: bytes, so that 0 and -0 are different and NaN is itself."""
    if tensor.data_type == onnx.TensorProto.STRING:
        content = b"".join(b"%d:%s" % (len(text), text) for text in tensor.string_data)
    else:
        content = tensor.raw_data or numpy_helper.to_array(tensor).tobytes()
    return tensor.data_type, tuple(tensor.dims), hashlib.sha256(content).digest()


def separate_recurrent_weights(graph: onnx.GraphProto, operators: Collection[str] = RECURRENT) -> int:
    """Gives each recurrent operator a copy of its own of the weights that it shares with another reader, in place.

    ``quantize_dynamic`` reorders the weights of an LSTM where they stand, once for each operator that reads them.

    Args:
        graph: A graph whose weights are initializers.
        operators: Which operators.

    Returns:
        How many copies were made.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = list(walk_nodes(graph.node))
    read = {name for node in nodes if node.op_type not in operators for name in node.input}
    shared = []
    for node in nodes:
        for place in _WEIGHTS[: len(node.input) - 1] if node.op_type in operators else ():
            name = node.input[place]
            if name in weights and name in read:
                shared.append((node, place))
            read.add(name)
    wishes = [f"{node.input[place]}_copy" for node, place in shared]
    for (node, place), name in zip(shared, unique_names(wishes, taken=set(_definitions(graph))), strict=True):
        copy = graph.initializer.add()
        copy.CopyFrom(weights[node.input[place]])
        node.input[place] = copy.name = name
    return len(shared)
