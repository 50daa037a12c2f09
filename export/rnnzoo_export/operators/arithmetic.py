"""Functions of single numbers, as exact as TensorFlow's near the places where the plain formula loses digits."""

from __future__ import annotations

import numpy as np

from rnnzoo_export.operators.writer import NodeWriter

_LOWEST = int(np.iinfo(np.int32).min)


def write_erfc(write: NodeWriter) -> None:
    """Writes erfc(x) = 1 - erf(x), of Keras's exact gelu."""
    write.answer(write.add("Sub", [write.constant(1, write.dtype), write.add("Erf", write.inputs)]))


def write_expm1(write: NodeWriter) -> None:
    """Writes exp(x) - 1 as tanh(x / 2) * (exp(x) + 1), which keeps the digits of small numbers."""
    (x,) = write.inputs
    half = write.add("Tanh", [write.add("Mul", [x, write.constant(0.5, write.dtype)])])
    above = write.add("Add", [write.add("Exp", [x]), write.constant(1, write.dtype)])
    write.answer(write.add("Mul", [half, above]))


def write_log1p(write: NodeWriter) -> None:
    """Writes log(1 + x); for small x as log(u) * x / (u - 1) with u = 1 + x rounded.

    Reference:
        Higham 2002, Accuracy and Stability of Numerical Algorithms, section 1.14.1.
    """
    (x,) = write.inputs
    one, zero = write.constant(1, write.dtype), write.constant(0, write.dtype)
    sum_ = write.add("Add", [one, x])
    log, moved = write.add("Log", [sum_]), write.add("Sub", [sum_, one])
    still = write.add("Equal", [moved, zero])
    ratio = write.add("Div", [x, write.add("Where", [still, one, moved])])
    near = write.add("Where", [still, x, write.add("Mul", [log, ratio])])
    small = write.add("Less", [write.add("Abs", [x]), write.constant(0.5, write.dtype)])
    write.answer(write.add("Where", [small, near, log]))


def write_sign_bit(write: NodeWriter) -> None:
    """Writes a whole number of the same sign bit as a float32, that of -0.0 included, and no other bit.

    It stands for ``Bitcast`` where nothing but that bit is read, as in ``keras.ops.argmax``.
    """
    (x,) = write.inputs
    zero = write.constant(0, np.float32)
    below = write.add("Less", [x, zero])
    # 1 / -0.0 is minus infinity.
    inverse = write.add("Less", [write.add("Div", [write.constant(1, np.float32), x]), zero])
    negative = write.add("Or", [below, write.add("And", [write.add("Equal", [x, zero]), inverse])])
    write.answer(
        write.add("Where", [negative, write.constant(_LOWEST, np.int32), write.constant(0, np.int32)])
    )


def write_cross(write: NodeWriter) -> None:
    """Writes the vector product along a last axis of three numbers."""

    def turned(value: str, order: list[int]) -> str:
        return write.add("Gather", [value, write.constant(order, np.int64)], axis=-1)

    first, second = write.inputs
    before = write.add("Mul", [turned(first, [1, 2, 0]), turned(second, [2, 0, 1])])
    after = write.add("Mul", [turned(first, [2, 0, 1]), turned(second, [1, 2, 0])])
    write.answer(write.add("Sub", [before, after]))
