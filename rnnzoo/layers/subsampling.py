"""Fewer frames in front of a recurrent stack."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class Subsampling(layers.Layer):
    """Joins each block of ``factor`` frames to one by a strided convolution, with the frames just before it.

    Output ``t`` reads the frames from ``factor * (t - 1) + 1`` to ``factor * (t + 1) - 1``, in every batch the same
    ones, which Keras's own ``"same"`` padding does not promise. ``n`` frames give ``ceil(n / factor)``. A block is
    valid if one of its frames is.

    Args:
        factor: Frames in a block.
        filters: Width of the output.

    Example:
        >>> import numpy as np
        >>> features, valid = np.zeros((1, 5, 3)), np.array([[True, True, True, False, False]])
        >>> x, blocks = Subsampling(2, 4)(features, valid)
        >>> x.shape, blocks.numpy().tolist()
        (TensorShape([1, 3, 4]), [[True, True, False]])
    """

    def __init__(self, factor: int, filters: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.factor, self.filters = factor, filters
        self.convolution = layers.Conv1D(
            filters,
            2 * factor - 1,
            strides=factor,
            activation="relu",
            dtype=self.dtype_policy,
            name=f"{self.name}_convolution",
        )

    def build(self, features_shape: Any, valid_shape: Shape = None) -> None:
        """Builds the convolution."""
        self.convolution.build(features_shape)

    def call(self, features: Tensor, valid: Tensor = None) -> Tensor:
        """Maps ``(batch, time, features)`` and, if there is one, the mask ``(batch, time)`` to blocks."""
        around = self.factor - 1
        x = self.convolution(ops.pad(features, [[0, 0], [around, around], [0, 0]]))
        if valid is None:
            return x
        padded = ops.pad(ops.cast(ops.expand_dims(valid, -1), "float32"), [[0, 0], [0, around], [0, 0]])
        blocks = ops.max_pool(padded, self.factor, strides=self.factor, padding="valid")
        return x, ops.greater(ops.squeeze(blocks, -1), 0.5)

    def compute_output_spec(self, features: Tensor, valid: Tensor = None) -> Tensor:
        """Describes the outputs."""
        steps = None if features.shape[1] is None else -(-features.shape[1] // self.factor)
        x = keras.KerasTensor((features.shape[0], steps, self.filters), dtype=self.compute_dtype)
        return x if valid is None else (x, keras.KerasTensor((valid.shape[0], steps), dtype="bool"))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "factor": self.factor, "filters": self.filters}
