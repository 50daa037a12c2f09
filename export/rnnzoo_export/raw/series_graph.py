"""Series and tables in their own units, to scaled features, as ONNX nodes.

The arithmetic is in float64 as in the preprocessing. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import TensorProto

from rnnzoo.preprocessing import FeaturePreprocessing, WindowPreprocessing
from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.signature import TensorSpec

_UNKNOWN = -1.0


class FeatureGraph(RawGraph):
    """A ``FeaturePreprocessing``: input ``series`` ``(batch, time, features)``, with ``mask`` where lengths vary.

    A row that holds NaN or infinity at a valid step is answered NaN.
    """

    opset: ClassVar[int] = 13

    def __init__(self, preprocessing: FeaturePreprocessing) -> None:
        self.preprocessing: FeaturePreprocessing = preprocessing
        shape = (None, None, len(preprocessing.mean))
        series = TensorSpec("series", "float64", shape, ("batch", "time", "features"))
        mask = TensorSpec("mask", "bool", (None, None), ("batch", "time"))
        self.inputs = (series, mask) if preprocessing.variable_length else (series,)

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """The names that the preprocessing gives."""
        return ("features", "mask") if self.preprocessing.variable_length else ("features",)

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes from ``series`` to ``features``."""
        add, made = builder.add, self.preprocessing
        features = _scaled(builder, "series", made.mean, made.scale)
        bad = not_finite(builder, "series")
        if not made.variable_length:
            return RawValues({"features": features}, any_of(builder, bad, 1, 2))
        valid = add("Unsqueeze", ["mask", builder.integers(2)])
        features = add("Where", [valid, features, builder.constant(np.float32(0))])
        bad = any_of(builder, add("And", [bad, valid]), 1, 2)
        empty = add("Not", [any_of(builder, "mask", 1)])
        return RawValues({"features": features, "mask": "mask"}, add("Or", [bad, empty]))

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns rows padded with zeros, and the mask."""
        width = len(self.preprocessing.mean)
        rows = [np.asarray(row, np.float64).reshape(-1, width) for row in raw]
        series = pad(rows, dtype=np.float64)
        if not self.preprocessing.variable_length:
            return {"series": series}
        lengths = np.array([len(row) for row in rows])
        return {"series": series, "mask": np.arange(series.shape[1])[None] < lengths[:, None]}

    def examples(self) -> Iterator[list[Any]]:
        """Yields rows of one length, and of several where lengths vary."""
        made, rng = self.preprocessing, np.random.default_rng(0)
        several = ([5], [9, 4, 1], [1]) if made.variable_length else ([7], [7, 7, 7])
        for lengths in several:
            yield [made.mean + made.scale * rng.normal(size=(steps, len(made.mean))) for steps in lengths]


class WindowGraph(RawGraph):
    """A ``WindowPreprocessing``: one input ``(batch, time)`` per column, float64 or, for categories, strings.

    The last ``window`` steps are read; fewer are an error of the runtime. NaN and the empty string are missing
    values. A row that holds a missing value that is not filled, an infinite one or an unknown category is answered
    NaN.
    """

    opset: ClassVar[int] = 13
    network_inputs: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, preprocessing: WindowPreprocessing) -> None:
        self.preprocessing: WindowPreprocessing = preprocessing
        axes = ("batch", "time")
        self.inputs = (
            *(TensorSpec(name, "float64", (None, None), axes) for name in preprocessing.numeric),
            *(TensorSpec(name, "string", (None, None), axes) for name in preprocessing.categories),
        )

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes from the columns to ``features``."""
        add, made = builder.add, self.preprocessing
        columns = [*made.numeric, *(_codes(builder, name, known) for name, known in made.categories.items())]
        last = builder.integers(2)
        table = add("Concat", [add("Unsqueeze", [name, last]) for name in columns], axis=2)
        infinite = any_of(builder, add("IsInf", [table]), 1, 2)
        if made.missing == "ffill":
            table = _filled(builder, table)
        first, end = builder.integers(-made.window), builder.integers(np.iinfo(np.int64).max)
        table = add("Slice", [table, first, end, builder.integers(1)])
        # A window that is too short fails here, and not silently in the network.
        table = add("Reshape", [table, builder.integers(0, made.window, len(columns))])
        count = len(made.numeric)
        parts = [_scaled(builder, _columns(builder, table, 0, count), made.mean, made.scale)]
        for number, known in enumerate(made.categories.values(), count):
            codes = _columns(builder, table, number, number + 1)
            hit = add("Equal", [codes, builder.constant(np.arange(len(known), dtype=np.float64))])
            parts.append(add("Cast", [hit], to=TensorProto.FLOAT))
        missing = add("IsNaN", [table])
        unknown = add("Less", [_columns(builder, table, count, len(columns)), _half(builder)])
        refused = add("Or", [infinite, any_of(builder, missing, 1, 2)])
        if made.categories:
            refused = add("Or", [refused, any_of(builder, unknown, 1, 2)])
        return RawValues({"features": add("Concat", parts, axis=2)}, refused)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns the columns of histories of one length, in mappings from name to values."""
        made = self.preprocessing
        numbers = {
            name: np.array([[np.nan if v in (None, "") else v for v in row[name]] for row in raw], np.float64)
            for name in made.numeric
        }
        return numbers | {
            name: np.array([["" if v is None else str(v) for v in row[name]] for row in raw], object)
            for name in made.categories
        }

    def examples(self) -> Iterator[list[Any]]:
        """Yields windows and longer histories; with missing values where they are filled."""
        rng = np.random.default_rng(0)
        for rows, steps in ((1, self.preprocessing.window), (4, self.preprocessing.window + 3)):
            yield [self._example(rng, steps) for _ in range(rows)]

    def _example(self, rng: np.random.Generator, steps: int) -> dict[str, list[Any]]:
        made = self.preprocessing
        columns: dict[str, list[Any]] = {
            name: (mean + scale * rng.normal(size=steps)).tolist()
            for name, mean, scale in zip(made.numeric, made.mean, made.scale, strict=True)
        }
        columns |= {name: rng.choice(known, steps).tolist() for name, known in made.categories.items()}
        if made.missing == "ffill":
            for values in columns.values():
                for step in range(1, steps):
                    values[step] = None if rng.random() < 0.3 else values[step]
        return columns


def any_of(builder: NodeBuilder, condition: str, *axes: int) -> str:
    """Writes whether a condition holds anywhere along some axes."""
    count = builder.add("Cast", [condition], to=TensorProto.INT32)
    count = builder.add("ReduceSum", [count, builder.integers(*axes)], keepdims=0)
    return builder.add("Greater", [count, builder.constant(np.int32(0))])


def not_finite(builder: NodeBuilder, values: str) -> str:
    """Writes where values are NaN or infinite."""
    return builder.add("Or", [builder.add("IsNaN", [values]), builder.add("IsInf", [values])])


def _scaled(builder: NodeBuilder, values: str, mean: np.ndarray, scale: np.ndarray) -> str:
    centred = builder.add("Sub", [values, builder.constant(mean)])
    return builder.add("Cast", [builder.add("Div", [centred, builder.constant(scale)])], to=TensorProto.FLOAT)


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


def _columns(builder: NodeBuilder, table: str, first: int, end: int) -> str:
    return builder.add("Slice", [table, *map(builder.integers, (first, end, 2))])


def _half(builder: NodeBuilder) -> str:
    return builder.constant(np.float64(_UNKNOWN / 2))


def _filled(builder: NodeBuilder, table: str) -> str:
    """Writes the last known value before each missing one, in a table ``(batch, time, columns)``."""
    add = builder.add
    in_time = add("Transpose", [table], perm=[1, 0, 2])
    first = add("Gather", [in_time, builder.constant(np.int64(0))], axis=0)
    body = builder.child("fill")
    before, now = body.name("before"), body.name("now")
    filled = body.add("Where", [body.add("IsNaN", [now]), before, now])
    graph: onnx.GraphProto = builder.subgraph(
        "fill",
        (body, [filled, body.add("Identity", [filled])]),
        inputs=[(before, TensorProto.DOUBLE, None), (now, TensorProto.DOUBLE, None)],
        elements=[TensorProto.DOUBLE] * 2,
    )
    outputs = [builder.name("last"), builder.name("filled")]
    _, rows = builder.add_many("Scan", [first, in_time], outputs, body=graph, num_scan_inputs=1)
    return add("Transpose", [rows], perm=[1, 0, 2])
