"""The operations that are written here instead of by tf2onnx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tf2onnx
from onnx import TensorProto

from rnnzoo_export.operators import arithmetic, choices, fourier, places
from rnnzoo_export.operators.writer import NodeWriter

Handler = Callable[..., Any]


def _handler(write: Callable[[NodeWriter], None]) -> tuple[Handler, list[Any]]:
    def handle(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
        write(NodeWriter(graph, node))

    return handle, []


def _complex(write: Callable[[NodeWriter], None]) -> tuple[Handler, list[Any]]:
    def handle(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
        if fourier.check_readers(graph, node):
            write(NodeWriter(graph, node))

    return handle, []


def _bucketize(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
    boundaries = list(node.get_attr("boundaries").floats)
    places.write_bucketize(NodeWriter(graph, node), boundaries)


def _real_inverse(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
    if node.inputs[1].is_const():
        (length,) = node.inputs[1].get_tensor_value(as_list=True)
        fourier.write_real_inverse(NodeWriter(graph, node), int(length))


def _bitcast(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
    """Leaves every ``Bitcast`` but one of whose result the sign bit alone is read."""
    if graph.get_dtype(node.output[0]) == TensorProto.INT32 and all(
        _reads_sign(reader) for reader in graph.find_output_consumers(node.output[0])
    ):
        arithmetic.write_sign_bit(NodeWriter(graph, node))


def _bitwise_and(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
    """Passes on what ``_bitcast`` wrote, which has no other bit; ONNX has ``BitwiseAnd`` from operator set 18 on."""
    if graph.opset >= 18:
        node.type = "BitwiseAnd"
    elif _reads_sign(node):
        write = NodeWriter(graph, node)
        write.answer(write.inputs[0])


def _reads_sign(node: tf2onnx.graph.Node) -> bool:
    if node.type != "BitwiseAnd" or not node.inputs[1].is_const():
        return False
    return bool((np.asarray(node.inputs[1].get_tensor_value(as_list=False)) == np.iinfo(np.int32).min).all())


def _compared(operator: str) -> tuple[Handler, list[Any]]:
    return _handler(lambda write: choices.write_comparison(write, operator))


def _reduced(write: Callable[..., None]) -> tuple[Handler, list[Any]]:
    def handle(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node, name: str, _: object) -> None:
        keepdims = bool(node.get_attr_value("keep_dims"))
        write(NodeWriter(graph, node), keepdims=keepdims)

    return handle, []


#: By the names of TensorFlow's operations, as tf2onnx takes them.
HANDLERS: dict[str, tuple[Handler, list[Any]]] = {
    "All": _reduced(choices.write_all),
    "Any": _reduced(choices.write_any),
    "Bitcast": (_bitcast, []),
    "BitwiseAnd": (_bitwise_and, []),
    "BroadcastArgs": _handler(places.write_broadcast_shape),
    "Bucketize": (_bucketize, []),
    "Complex": _complex(fourier.write_complex),
    "ComplexAbs": _handler(fourier.write_size),
    "Cross": _handler(arithmetic.write_cross),
    "Equal": _compared("Equal"),
    "Erfc": _handler(arithmetic.write_erfc),
    "Expm1": _handler(arithmetic.write_expm1),
    "FFT": _complex(lambda write: fourier.write_transform(write, inverse=False)),
    "Greater": _compared("Greater"),
    "GreaterEqual": _compared("GreaterOrEqual"),
    "IFFT": _complex(lambda write: fourier.write_transform(write, inverse=True)),
    "IRFFT": (_real_inverse, []),
    "Imag": _handler(lambda write: fourier.write_part(write, 1)),
    "InTopKV2": _handler(places.write_in_top_k),
    "Less": _compared("Less"),
    "LessEqual": _compared("LessOrEqual"),
    "Log1p": _handler(arithmetic.write_log1p),
    "LowerBound": _handler(lambda write: places.write_bound(write, upper=False)),
    "RFFT": _complex(fourier.write_real_transform),
    "Real": _handler(lambda write: fourier.write_part(write, 0)),
    "SelectV2": _handler(choices.write_choice),
    "ScatterNd": _handler(places.write_scatter),
    "UnsortedSegmentMax": _handler(lambda write: places.write_segments(write, "max")),
    "UnsortedSegmentMin": _handler(lambda write: places.write_segments(write, "min")),
    "UpperBound": _handler(lambda write: places.write_bound(write, upper=True)),
    "XlaDynamicUpdateSlice": _handler(places.write_slice_update),
}
