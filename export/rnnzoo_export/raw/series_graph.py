"""Series in their own units, to scaled features, as ONNX nodes.

The arithmetic is in float64 as in the preprocessing. Knows nothing of TensorFlow or Keras.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from rnnzoo.preprocessing import FeaturePreprocessing
from rnnzoo_export.graph.node_builder import NodeBuilder
from rnnzoo_export.raw.raw_graph import RawGraph, RawValues
from rnnzoo_export.raw.table_nodes import any_of, not_finite, scaled


class FeatureGraph(RawGraph):
    """A ``FeaturePreprocessing``: input ``series`` ``(batch, time, features)``, with ``mask`` where lengths vary.

    A row that holds NaN, infinity or a number beyond float32 once it is scaled, at a valid step, is answered NaN.
    """

    opset: ClassVar[int] = 13

    def __init__(self, preprocessing: FeaturePreprocessing) -> None:
        super().__init__(preprocessing)
        self.preprocessing: FeaturePreprocessing = preprocessing

    @property
    def network_inputs(self) -> tuple[str, ...]:
        """The names that the preprocessing gives."""
        return ("features", "mask") if self.preprocessing.variable_length else ("features",)

    def write(self, builder: NodeBuilder) -> RawValues:
        """Writes the nodes from ``series`` to ``features``."""
        add, made = builder.add, self.preprocessing
        features = scaled(builder, "series", builder.constant(made.mean), builder.constant(made.scale))
        bad = not_finite(builder, features)
        if not made.variable_length:
            return RawValues({"features": features}, any_of(builder, bad, 1, 2))
        valid = add("Unsqueeze", ["mask", builder.integers(2)])
        features = add("Where", [valid, features, builder.constant(np.float32(0))])
        bad = any_of(builder, add("And", [bad, valid]), 1, 2)
        empty = add("Not", [any_of(builder, "mask", 1)])
        return RawValues({"features": features, "mask": "mask"}, add("Or", [bad, empty]))

    def examples(self) -> Iterator[list[Any]]:
        """Yields rows of one length, and of several where lengths vary."""
        made, rng = self.preprocessing, np.random.default_rng(0)
        several = ([5], [9, 4, 1], [1]) if made.variable_length else ([7], [7, 7, 7])
        for lengths in several:
            yield [made.mean + made.scale * rng.normal(size=(steps, len(made.mean))) for steps in lengths]
