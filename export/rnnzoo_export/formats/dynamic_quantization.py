"""8-bit arithmetic: LSTM, dense layers and embeddings as onnxruntime computes them in 8 bits.

Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto

from rnnzoo_export.formats.weight_compression import Compression
from rnnzoo_export.graph.protos import replace_items, walk_nodes
from rnnzoo_export.graph.shared_weights import separate_recurrent_weights
from rnnzoo_export.graph.unique_names import unique_names

# The operators that onnxruntime computes in 8 bits, and which of their inputs is the weight.
_DYNAMIC = {"LSTM": 1, "MatMul": 1, "Gather": 0}


def quantize_dynamically(model: onnx.ModelProto, target: Path) -> Compression:
    """Writes a model whose LSTM, dense layers and embeddings compute in 8 bits.

    Args:
        model: A float32 model, which is changed.
        target: The file to write.

    Returns:
        The operators in 8 bits, and those that are not with the reason.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    copies = _prepare(model.graph)
    weights = {tensor.name for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT}
    weighted = [
        (node.name, node.op_type)
        for node in model.graph.node
        if node.op_type in _DYNAMIC and node.input[_DYNAMIC[node.op_type]] in weights
    ]
    last = [name for name, operator in weighted if operator == "MatMul"][-1:]
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=list(_DYNAMIC),
        nodes_to_exclude=last,
        weight_type=QuantType.QInt8,
        # Weights of 7 bits. Processors without VNNI add two products of 8 bits in 16, where those of larger weights
        # do not fit: the file would answer well on one machine and wrongly on another.
        reduce_range=True,
    )
    kept = dict.fromkeys(last, "the last dense layer, whose rounding shows in every answer")
    kept |= _left(onnx.load(target).graph)
    return Compression(tuple(name for name, _ in weighted if name not in kept), kept, copies)


def _left(graph: onnx.GraphProto) -> dict[str, str]:
    """Returns the recurrent layers that still compute in float32, with the reason."""
    reasons = {name: f"onnxruntime has no 8-bit {name}" for name in ("GRU", "RNN", "Scan")}
    reasons["LSTM"] = "its weights are computed in the file, or it stands in a loop or branch"
    return {node.name: reasons[node.op_type] for node in walk_nodes(graph.node) if node.op_type in reasons}


def _prepare(graph: onnx.GraphProto) -> int:
    """Makes a graph one that ``quantize_dynamic`` treats as it says.

    Left alone, it keeps an LSTM in float32 whose weights are not initializers, and answers wrongly where two LSTMs
    share a weight, which it reorders once for each.

    Returns:
        How many weights were copied.
    """
    named = [node for node in walk_nodes(graph.node) if node.op_type != "Constant"]
    names = unique_names([node.name or node.op_type for node in named])
    for node, name in zip(named, names, strict=True):
        node.name = name
    _lift_constants(graph)
    copies = separate_recurrent_weights(graph, ["LSTM"])  # the others stay as they are
    used = {name for node in walk_nodes(graph.node) for name in node.input}
    used |= {output.name for output in graph.output}
    replace_items(graph.initializer, [t for t in graph.initializer if t.name in used])
    return copies


def _lift_constants(graph: onnx.GraphProto) -> None:
    """Makes initializers of the tensors that nodes hold, and of those that only pass through identities."""
    outputs = {output.name for output in graph.output}
    sources: dict[str, str] = {}
    held = {tensor.name for tensor in graph.initializer}
    nodes, lifted = [], []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value" and node.output[0] not in outputs:
            tensor = onnx.TensorProto()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
            lifted.append(tensor)
            held.add(tensor.name)
        elif node.op_type == "Identity" and node.output[0] not in outputs:
            source = sources.get(node.input[0], node.input[0])
            if source in held:
                sources[node.output[0]] = source
            else:
                nodes.append(node)
        else:
            nodes.append(node)
    graph.initializer.extend(lifted)
    for inner in walk_nodes(nodes):
        inner.input[:] = [sources.get(name, name) for name in inner.input]
    replace_items(graph.node, nodes)
