"""Series in their own units, to scaled features, as ONNX nodes.

The arithmetic is in float64 as in the preprocessing. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.raw.table_nodes import any_of, not_finite, scaled
from rnnzoo_export.signature import TensorSpec


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
        features = scaled(builder, "series", builder.constant(made.mean), builder.constant(made.scale))
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
