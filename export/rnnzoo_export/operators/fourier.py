"""Fourier transforms; a complex number is two numbers on a last axis of its own, as in ONNX.

ONNX has them from operator set 17 on. Between a transform and the operation that takes its real part, imaginary part or
size, nothing else can stand.
"""

from __future__ import annotations

import numpy as np
import tf2onnx

from rnnzoo_export.operators.writer import NodeWriter

#: What makes a complex number, and what takes one.
_READERS = ("Real", "Imag", "ComplexAbs", "FFT", "IFFT", "IRFFT")
#: The first operator set that has them.
LEAST_OPSET = 17


def write_real_transform(write: NodeWriter) -> None:
    """Writes the transform of real numbers along the last axis, the half of it that says all."""
    numbers, length = write.inputs
    one = write.add("Unsqueeze", [numbers, write.constant([-1], np.int64)])
    points = write.add("Squeeze", [write.cast(length, np.int64), write.constant([0], np.int64)])
    write.answer_complex(write.add("DFT", [one, points], axis=-2, onesided=1))


def write_transform(write: NodeWriter, *, inverse: bool) -> None:
    """Writes the transform of complex numbers along the last axis."""
    write.answer_complex(write.add("DFT", write.inputs[:1], axis=_last_axis(write), inverse=int(inverse)))


def _last_axis(write: NodeWriter) -> int:
    """Returns the axis before real and imaginary part, counted from the front: OpenVINO takes -2 for another one."""
    return -2 if write.rank is None else write.rank - 1


def write_real_inverse(write: NodeWriter, length: int) -> None:
    """Writes the real numbers, ``length`` of them, of which the half of a transform is given."""
    kept = length // 2 + 1
    axes = write.constant([-2], np.int64)

    def cut(first: int, end: int, step: int) -> str:
        limits = [write.constant([number], np.int64) for number in (first, end)]
        return write.add("Slice", [write.inputs[0], *limits, axes, write.constant([step], np.int64)])

    # The other half mirrors it, with imaginary parts of the other sign.
    mirrored = write.add("Mul", [cut(length - kept, 0, -1), write.constant([1, -1], np.float32)])
    whole = write.add("Concat", [cut(0, kept, 1), mirrored], axis=-2)
    found = write.add("DFT", [whole], axis=_last_axis(write), inverse=1)
    write.answer(write.add("Gather", [found, write.constant(0, np.int64)], axis=-1))


def write_complex(write: NodeWriter) -> None:
    """Writes complex numbers of a real and an imaginary part."""
    end = write.constant([-1], np.int64)
    parts = [write.add("Unsqueeze", [part, end]) for part in write.inputs]
    write.answer_complex(write.add("Concat", parts, axis=-1))


def write_part(write: NodeWriter, place: int) -> None:
    """Writes the real part, of place 0, or the imaginary part, of place 1."""
    write.answer(write.add("Gather", [write.inputs[0], write.constant(place, np.int64)], axis=-1))


def write_size(write: NodeWriter) -> None:
    """Writes the absolute value."""
    end = write.constant([-1], np.int64)
    squares = write.add("Mul", [write.inputs[0], write.inputs[0]])
    write.answer(write.add("Sqrt", [write.add("ReduceSum", [squares, end], keepdims=0)]))


def check_readers(graph: tf2onnx.graph.Graph, node: tf2onnx.graph.Node) -> bool:
    """Whether a node of complex numbers can be written."""
    readers = graph.find_output_consumers(node.output[0])
    readable = all(reader.type in _READERS for reader in readers)
    return bool(graph.opset >= LEAST_OPSET and readable and node.output[0] not in graph.outputs)
