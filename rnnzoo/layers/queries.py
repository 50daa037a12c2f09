"""What a decoder reads where nothing is known yet: learned vectors that say which step is asked for."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class StepQueries(layers.Layer):
    """A learned vector for each step ahead, the same for every row.

    Input: any tensor ``(batch, ...)``, which says how many rows there are. Output: ``(batch, steps, size)``.

    Args:
        steps: Number of steps.
        size: Size of a vector.
        zeros: Whether the vectors are zero at first, not random.

    Example:
        >>> import numpy as np
        >>> StepQueries(24, 8)(np.zeros((3, 5))).shape
        TensorShape([3, 24, 8])
    """

    def __init__(self, steps: int, size: int, zeros: bool = False, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.zeros = checks.flag("zeros", zeros)
        self.steps = checks.integer("steps", steps, minimum=1)
        self.size = checks.integer("size", size, minimum=1)

    def build(self, input_shape: Shape) -> None:
        """Makes the vectors."""
        self.vectors = self.add_weight(
            name="vectors",
            shape=(self.steps, self.size),
            initializer="zeros" if self.zeros else _initializer(),
        )
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Repeats the vectors for each row."""
        vectors = ops.cast(self.vectors, self.compute_dtype)
        return ops.tile(ops.expand_dims(vectors, 0), (ops.shape(inputs)[0], 1, 1))

    def compute_output_spec(self, inputs: Tensor) -> Tensor:
        """Describes the output."""
        return keras.KerasTensor((inputs.shape[0], self.steps, self.size), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        own = {"steps": self.steps, "size": self.size, "zeros": self.zeros}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("rnnzoo")
class SegmentQueries(layers.Layer):
    """A learned vector for each segment ahead of each series: one half says which segment, the other which series.

    Input: any tensor ``(batch, ...)``. Output: sequences of one step ``(batch * series * segments, 1, size)``.

    Args:
        num_series: Number of series.
        segments: Number of segments.
        size: Size of a vector.

    Example:
        >>> import numpy as np
        >>> SegmentQueries(7, 2, 16)(np.zeros((3, 5))).shape
        TensorShape([42, 1, 16])
    """

    def __init__(self, num_series: int, segments: int, size: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.num_series = checks.integer("num_series", num_series, minimum=1)
        self.segments = checks.integer("segments", segments, minimum=1)
        self.size = checks.integer("size", size, minimum=2)

    def build(self, input_shape: Shape) -> None:
        """Makes the vectors."""
        half = self.size // 2
        self.segment_vectors = self.add_weight(
            name="segment_vectors", shape=(1, self.segments, half), initializer=_initializer()
        )
        self.series_vectors = self.add_weight(
            name="series_vectors", shape=(self.num_series, 1, self.size - half), initializer=_initializer()
        )
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Repeats the vectors for each row."""
        segments = ops.tile(ops.cast(self.segment_vectors, self.compute_dtype), (self.num_series, 1, 1))
        series = ops.tile(ops.cast(self.series_vectors, self.compute_dtype), (1, self.segments, 1))
        vectors = ops.reshape(ops.concatenate([segments, series], axis=-1), (-1, 1, self.size))
        return ops.tile(vectors, (ops.shape(inputs)[0], 1, 1))

    def compute_output_spec(self, inputs: Tensor) -> Tensor:
        """Describes the output."""
        rows = None if inputs.shape[0] is None else inputs.shape[0] * self.num_series * self.segments
        return keras.KerasTensor((rows, 1, self.size), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        own = {"num_series": self.num_series, "segments": self.segments, "size": self.size}
        return {**super().get_config(), **own}


def _initializer() -> Any:
    # As of the entries of an embedding after some training: large enough to tell steps apart at once.
    return keras.initializers.RandomNormal(stddev=0.5)
