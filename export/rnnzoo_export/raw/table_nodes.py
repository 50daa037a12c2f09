"""Columns of a table as ONNX nodes: numbers scaled, categories as indicators, what cannot be read told apart.

The arithmetic is in float64 as in the preprocessing. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx
from onnx import TensorProto

from rnnzoo.preprocessing.scaled_columns import ScaledColumns
from rnnzoo_export.graph.node_builder import NodeBuilder

_UNKNOWN = -1.0


def any_of(builder: NodeBuilder, condition: str, *axes: int) -> str:
    """Writes whether a condition holds anywhere along some axes."""
    count = builder.add("Cast", [condition], to=TensorProto.INT32)
    count = builder.add("ReduceSum", [count, builder.integers(*axes)], keepdims=0)
    return builder.add("Greater", [count, builder.constant(np.int32(0))])


def either(builder: NodeBuilder, conditions: Sequence[str]) -> str:
    """Writes whether any of some conditions holds, each of the same shape."""
    first, *others = conditions
    for other in others:
        first = builder.add("Or", [first, other])
    return first


def not_finite(builder: NodeBuilder, values: str) -> str:
    """Writes where values are NaN or infinite."""
    return builder.add("Or", [builder.add("IsNaN", [values]), builder.add("IsInf", [values])])


def scaled(builder: NodeBuilder, values: str, mean: str, scale: str) -> str:
    """Writes values less a mean and divided by a scale, as float32."""
    centred = builder.add("Sub", [values, mean])
    return builder.add("Cast", [builder.add("Div", [centred, scale])], to=TensorProto.FLOAT)


def columns_of(builder: NodeBuilder, table: str, first: int, end: int) -> str:
    """Writes some columns of a table, whose last axis they are."""
    return builder.add("Slice", [table, *map(builder.integers, (first, end, -1))])


def join_columns(builder: NodeBuilder, columns: ScaledColumns, name: Callable[[str], str]) -> list[str]:
    """Writes each column with an axis behind, ready to be joined to a table: numbers, then codes of categories.

    Args:
        builder: Where nodes go.
        columns: The columns.
        name: Returns the input of a column.
    """
    codes = [_codes(builder, name(column), known) for column, known in columns.categories.items()]
    values = [*map(name, columns.numeric), *codes]
    return [builder.add("Unsqueeze", [value, builder.integers(-1)]) for value in values]


def column_features(
    builder: NodeBuilder, table: str, columns: ScaledColumns, level: tuple[str, str] | None = None
) -> list[str]:
    """Writes the features of a table: numbers scaled, then one indicator for each category, float32.

    Args:
        builder: Where nodes go.
        table: What was joined of the columns.
        columns: The columns.
        level: Mean and scale of the numbers, in place of those of all rows.
    """
    count, parts = len(columns.numeric), []
    if count:
        mean, scale = level or (builder.constant(columns.mean), builder.constant(columns.scale))
        parts.append(scaled(builder, columns_of(builder, table, 0, count), mean, scale))
    for number, known in enumerate(columns.categories.values(), count):
        codes = columns_of(builder, table, number, number + 1)
        hit = builder.add("Equal", [codes, builder.constant(np.arange(len(known), dtype=np.float64))])
        parts.append(builder.add("Cast", [hit], to=TensorProto.FLOAT))
    return parts


def unreadable(builder: NodeBuilder, table: str, columns: ScaledColumns, *axes: int) -> list[str]:
    """Writes the conditions under which rows of a joined table cannot be read: a missing value, an unknown category.

    Args:
        builder: Where nodes go.
        table: What was joined of the columns.
        columns: The columns.
        *axes: All axes but the batch.
    """
    found = [any_of(builder, builder.add("IsNaN", [table]), *axes)]
    if columns.categories:
        codes = columns_of(builder, table, len(columns.numeric), len(columns.names))
        unknown = builder.add("Less", [codes, builder.constant(np.float64(_UNKNOWN / 2))])
        found.append(any_of(builder, unknown, *axes))
    return found


def filled(builder: NodeBuilder, table: str) -> str:
    """Writes the last known value before each missing one, in a table ``(batch, time, columns)``."""
    add = builder.add
    in_time = add("Transpose", [table], perm=[1, 0, 2])
    first = add("Gather", [in_time, builder.constant(np.int64(0))], axis=0)
    body = builder.child("fill")
    before, now = body.name("before"), body.name("now")
    value = body.add("Where", [body.add("IsNaN", [now]), before, now])
    graph: onnx.GraphProto = builder.subgraph(
        "fill",
        (body, [value, body.add("Identity", [value])]),
        inputs=[(before, TensorProto.DOUBLE, None), (now, TensorProto.DOUBLE, None)],
        elements=[TensorProto.DOUBLE] * 2,
    )
    outputs = [builder.name("last"), builder.name("filled")]
    _, rows = builder.add_many("Scan", [first, in_time], outputs, body=graph, num_scan_inputs=1)
    return add("Transpose", [rows], perm=[1, 0, 2])


def _codes(builder: NodeBuilder, name: str, known: Sequence[str]) -> str:
    """Writes the numbers of categories as float64: NaN where one is missing, -1 where it is not known."""
    codes = builder.add(
        "LabelEncoder",
        [name],
        domain="ai.onnx.ml",
        keys_strings=["", *known],
        values_floats=[float("nan"), *map(float, range(len(known)))],
        default_float=_UNKNOWN,
    )
    return builder.add("Cast", [codes], to=TensorProto.DOUBLE)
