"""Operations that look for a place: among limits, in a sorted row, among the largest, in another array."""

from __future__ import annotations

import numpy as np

from rnnzoo_export.operators.writer import NodeWriter


def write_bucketize(write: NodeWriter, boundaries: list[float]) -> None:
    """Writes the number of boundaries that are not above each number, as ``Discretization`` asks for."""
    limits = write.constant(boundaries, write.type_of(write.inputs[0]))
    values = _at_the_end(write, write.inputs[0])
    _count(write, write.add("Not", [write.add("Less", [values, limits])]))


def write_bound(write: NodeWriter, *, upper: bool) -> None:
    """Writes where values ``(rows, values)`` belong in sorted rows ``(rows, numbers)``."""
    ordered, values = write.inputs
    numbers = write.add("Unsqueeze", [ordered, write.constant([1], np.int64)])
    if upper:
        _count(write, write.add("Not", [write.add("Less", [_at_the_end(write, values), numbers])]))
    else:
        _count(write, write.add("Less", [numbers, _at_the_end(write, values)]))


def write_in_top_k(write: NodeWriter) -> None:
    """Writes whether fewer than k answers of a row ``(rows, classes)`` are above that of its class."""
    answers, classes, k = write.inputs
    own = write.add("GatherElements", [answers, _at_the_end(write, write.cast(classes, np.int64))], axis=1)
    above = write.cast(write.add("Less", [own, answers]), np.int32)
    count = write.add("ReduceSum", [above, write.constant([1], np.int64)], keepdims=0)
    write.answer(write.add("Less", [count, write.cast(k, np.int32)]))


def write_broadcast_shape(write: NodeWriter) -> None:
    """Writes the shape that arrays of two shapes have together."""
    first, second = (write.cast(shape, np.int64) for shape in write.inputs)
    one = write.constant([1], np.int64)
    lengths = [write.add("Shape", [shape]) for shape in (first, second)]
    longest = write.add("Max", lengths)
    padded = []
    for shape, length in zip((first, second), lengths, strict=True):
        ones = write.add("Expand", [one, write.add("Sub", [longest, length])])
        padded.append(write.add("Concat", [ones, shape], axis=0))
    write.answer(write.add("Where", [write.add("Equal", [padded[0], one]), padded[1], padded[0]]))


def write_slice_update(write: NodeWriter) -> None:
    """Writes an array with another in the place of a part of it; the place is moved so that it fits."""
    array, update, start = write.inputs
    size = write.add("Shape", [update])
    room = write.add("Sub", [write.add("Shape", [array]), size])
    fitting = write.add(
        "Max", [write.add("Min", [write.cast(start, np.int64), room]), write.constant([0], np.int64)]
    )
    everywhere = write.add("NonZero", [write.add("Expand", [write.constant(1, np.int64), size])])
    places = write.add("Add", [write.add("Transpose", [everywhere], perm=[1, 0]), fitting])
    flat = write.add("Reshape", [update, write.constant([-1], np.int64)])
    write.answer(write.add("ScatterND", [array, places, flat]))


def write_scatter(write: NodeWriter) -> None:
    """Writes zeros with rows added at their places; rows of one place are summed, from operator set 16 on."""
    places, rows, shape = write.inputs
    nothing = write.add("Expand", [write.constant(0, write.dtype), write.cast(shape, np.int64)])
    reduction = {"reduction": "add"} if write.opset >= 16 else {}
    write.answer(write.add("ScatterND", [nothing, write.cast(places, np.int64), rows], **reduction))


def write_segments(write: NodeWriter, reduction: str) -> None:
    """Writes the largest or smallest of the rows of each segment; a row of a negative segment is left out.

    A segment without rows has the lowest or highest number of the type, as in TensorFlow. ONNX can say it from operator
    set 18 on.
    """
    rows, segments, count = write.inputs
    limits = np.finfo(write.dtype) if write.dtype.kind == "f" else np.iinfo(write.dtype)
    empty = limits.min if reduction == "max" else limits.max
    one, zero = write.constant([1], np.int64), write.constant([0], np.int64)
    last = write.add("Reshape", [write.cast(count, np.int64), one])
    # What is left out goes to one segment more, which is cut off.
    places = write.cast(segments, np.int64)
    places = write.add("Where", [write.add("Less", [places, zero]), last, places])
    rank = len(write.graph.get_shape(segments))
    far = write.constant([np.iinfo(np.int64).max], np.int64)
    rest = write.add("Slice", [write.add("Shape", [rows]), write.constant([rank], np.int64), far])
    shape = write.add("Concat", [write.add("Add", [last, one]), rest], axis=0)
    nothing = write.add("Expand", [write.constant(empty, write.dtype), shape])
    found = write.add("ScatterND", [nothing, _at_the_end(write, places), rows], reduction=reduction)
    write.answer(write.add("Slice", [found, zero, last, zero]))


def _at_the_end(write: NodeWriter, value: str) -> str:
    return write.add("Unsqueeze", [value, write.constant([-1], np.int64)])


def _count(write: NodeWriter, found: str) -> None:
    axis = write.constant([-1], np.int64)
    write.answer(write.add("ReduceSum", [write.cast(found, np.int32), axis], keepdims=0))
