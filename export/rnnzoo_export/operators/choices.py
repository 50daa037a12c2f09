"""Comparing and choosing, without the detours of tf2onnx through float32.

tf2onnx compares whole numbers as float32, which has 24 bits, and chooses by ``mask * a + (1 - mask) * b``, which is NaN
where the number not chosen is infinite. ONNX says both as they are meant from operator set 9 on.
"""

from __future__ import annotations

import numpy as np

from rnnzoo_export.operators.writer import NodeWriter


def write_comparison(write: NodeWriter, operator: str) -> None:
    """Writes ``Equal``, ``Less``, ``Greater``, ``LessOrEqual`` or ``GreaterOrEqual`` of two values of one type."""
    write.answer(write.add(operator, [_comparable(write, name) for name in write.inputs]))


def _comparable(write: NodeWriter, value: str) -> str:
    """Makes whole numbers 64 bits wide: tf2onnx gives the counter of a loop that type, whatever it was before."""
    dtype = write.type_of(value)
    return write.cast(value, np.int64) if dtype.kind in "iu" and dtype != np.int64 else value


def write_choice(write: NodeWriter) -> None:
    """Writes the choice between two values by a condition that broadcasts, ``keras.ops.where``."""
    write.answer(write.add("Where", write.inputs))


def write_any(write: NodeWriter, *, keepdims: bool) -> None:
    """Writes whether any is true along axes."""
    write.answer(_any(write, write.inputs[0], keepdims=keepdims))


def write_all(write: NodeWriter, *, keepdims: bool) -> None:
    """Writes whether all are true along axes: whether none is false."""
    false = write.add("Not", write.inputs[:1])
    write.answer(write.add("Not", [_any(write, false, keepdims=keepdims)]))


def _any(write: NodeWriter, value: str, *, keepdims: bool) -> str:
    axes = write.add("Reshape", [write.cast(write.inputs[1], np.int64), write.constant([-1], np.int64)])
    ones = write.cast(value, np.int32)
    count = write.add("ReduceSum", [ones, axes], keepdims=int(keepdims), noop_with_empty_axes=1)
    return write.add("Greater", [count, write.constant(0, np.int32)])
