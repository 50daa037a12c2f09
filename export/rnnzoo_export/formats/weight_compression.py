"""Weights of an ONNX model in fewer bits: int8 with one scale per column, or float16.

The file itself turns each weight back into float32, so that every operator can have one; onnxruntime then computes
as before, and inputs and outputs stay what they were. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rnnzoo_export.graph.protos import replace_items, walk_nodes
from rnnzoo_export.graph.shared_weights import separate_recurrent_weights

#: Which inputs of which operators are weights of recurrent layers, dense layers and embeddings. Those of a SimpleRNN
#: reach its operator through a ``Transpose``.
_WEIGHT_INPUTS = {
    "LSTM": (1, 2),
    "GRU": (1, 2),
    "RNN": (1, 2),
    "MatMul": (1,),
    "Gemm": (1,),
    "Gather": (0,),
    "Transpose": (0,),
}
#: Weights of fewer numbers would save less than their scales and nodes take.
_FEWEST = 256

Use = tuple[onnx.NodeProto, int]


@dataclass(frozen=True)
class Compression:
    """What was done to the weights.

    Attributes:
        compressed: The names of those in fewer bits.
        kept: For each float32 tensor left as it was, the reason.
        copies: How many weights that several recurrent operators share were copied, one for each.
    """

    compressed: tuple[str, ...]
    kept: dict[str, str]
    copies: int = 0


def compress_weights(model: onnx.ModelProto, *, int8: bool) -> Compression:
    """Compresses the weights of recurrent layers, dense layers and embeddings, in place.

    Args:
        model: A float32 model.
        int8: Whether to 8 bits with one scale per column (symmetric); otherwise to float16.

    Returns:
        What was compressed, and what was kept and why.
    """
    graph = model.graph
    copies = separate_recurrent_weights(graph)
    uses = _uses(graph)
    lookups = {node.output[0] for node in graph.node if node.op_type == "Gather"}
    tensors: list[onnx.TensorProto] = []
    first: list[onnx.NodeProto] = []
    rows: dict[str, _Small] = {}
    compressed, kept = [], {}
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or not tensor.dims:
            tensors.append(tensor)
            continue
        reason = _reason_to_keep(tensor, uses.get(tensor.name, []))
        if reason is not None:
            tensors.append(tensor)
            kept[tensor.name] = reason
            continue
        compressed.append(tensor.name)
        small = _int8(tensor, uses[tensor.name]) if int8 else _float16(tensor)
        tensors += small.tensors
        readers = {node.output[0] for node, _ in uses[tensor.name]}
        if readers <= lookups:  # an embedding restores the rows that it has looked up
            rows |= dict.fromkeys(readers, small)
        else:
            first += small.restore(small.numbers.name, tensor.name)
    replace_items(graph.initializer, tensors)
    replace_items(graph.node, [*first, *_restored_rows(graph, rows)])
    return Compression(tuple(compressed), kept, copies)


@dataclass(frozen=True)
class _Small:
    """A compressed weight: its numbers and, for int8, the scales that they are multiplied by."""

    numbers: onnx.TensorProto
    scales: onnx.TensorProto | None = None

    @property
    def tensors(self) -> list[onnx.TensorProto]:
        return [self.numbers] if self.scales is None else [self.numbers, self.scales]

    def restore(self, source: str, target: str) -> list[onnx.NodeProto]:
        """Returns the nodes that turn ``source``, all the numbers or some rows, into float32."""
        # Not DequantizeLinear, which onnxruntime would run with every call; it folds these once, when it loads.
        cast = target if self.scales is None else f"{target}/numbers"
        nodes = [helper.make_node("Cast", [source], [cast], name=f"{target}/cast", to=TensorProto.FLOAT)]
        if self.scales is not None:
            nodes.append(helper.make_node("Mul", [cast, self.scales.name], [target], name=f"{target}/scaled"))
        return nodes


def _uses(graph: onnx.GraphProto) -> dict[str, list[Use]]:
    """Returns who reads each tensor, and as which input, through all subgraphs."""
    uses: dict[str, list[Use]] = {}
    for node in walk_nodes(graph.node):
        for place, name in enumerate(node.input):
            uses.setdefault(name, []).append((node, place))
    return uses


def _reason_to_keep(tensor: onnx.TensorProto, uses: list[Use]) -> str | None:
    if len(tensor.dims) < 2:
        return "a bias or another vector"
    if np.prod(tensor.dims) < _FEWEST:
        return f"less than {_FEWEST} numbers"
    for node, place in uses:
        if place not in _WEIGHT_INPUTS.get(node.op_type, ()):
            return f"input {place} of {node.op_type}, which is no weight of a recurrent layer, Dense or Embedding"
        if node.op_type == "Gather" and any(a.name == "axis" and a.i != 0 for a in node.attribute):
            return "taken from by another axis than the first"
    return None


def _float16(tensor: onnx.TensorProto) -> _Small:
    limit = float(np.finfo(np.float16).max)
    numbers = np.clip(numpy_helper.to_array(tensor), -limit, limit).astype(np.float16)
    return _Small(numpy_helper.from_array(numbers, f"{tensor.name}/float16"))


def _int8(tensor: onnx.TensorProto, uses: list[Use]) -> _Small:
    values = numpy_helper.to_array(tensor)
    # ONNX keeps the weights of a recurrent operator as (directions, gates x units, inputs); others end in the outputs.
    recurrent = any(node.op_type in ("LSTM", "GRU", "RNN") for node, _ in uses)
    axes = (0, 2) if recurrent else tuple(range(values.ndim - 1))
    largest = np.abs(values).max(axis=axes, keepdims=True)
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    numbers = np.clip(np.round(values / scales), -127, 127).astype(np.int8)
    if not recurrent:  # one axis, so that it fits rows of any number of dimensions
        scales = scales.reshape(-1)
    return _Small(
        numpy_helper.from_array(numbers, f"{tensor.name}/int8"),
        numpy_helper.from_array(scales, f"{tensor.name}/scales"),
    )


def _restored_rows(graph: onnx.GraphProto, rows: dict[str, _Small]) -> Iterator[onnx.NodeProto]:
    """Yields the nodes of a graph; those that look up in a compressed weight are followed by one that restores."""
    for node in graph.node:
        yield node
        output = node.output[0] if node.output else ""
        if output in rows:
            node.input[0], node.output[0] = rows[output].numbers.name, f"{output}/compressed"
            yield from rows[output].restore(node.output[0], output)
