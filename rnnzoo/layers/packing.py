"""Moving the valid steps of a sequence together."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class PackSteps(layers.Layer):
    """Moves valid steps to the front, in their order: what stood in holes or before them becomes right padding.

    A recurrent layer skips a hole, a convolution would read it. Packed, both see the valid steps alone; and cuDNN,
    which takes right padding only, accepts any mask.

    Example:
        >>> import numpy as np
        >>> x, mask = np.array([[[1.0], [2.0], [3.0]]]), np.array([[True, False, True]])
        >>> packed, valid = PackSteps()(x, mask)
        >>> packed.numpy().tolist(), valid.numpy().tolist()
        ([[[1.0], [3.0], [0.0]]], [[True, True, False]])
    """

    #: Where a step lands depends on all before it: of a stream only pieces are there.
    looks_ahead = "PackSteps needs the whole sequence"

    def call(self, x: Tensor, valid: Tensor) -> Tensor:
        """Maps ``(batch, time, ...)`` and its mask ``(batch, time)`` to the packed ones."""
        steps = ops.shape(valid)[1]
        place = ops.cumsum(ops.ones_like(valid, dtype="int32"), axis=1) - 1
        # No two keys are equal, so that any sort gives the one order.
        order = ops.argsort(ops.where(valid, place, place + steps), axis=1)
        counts = ops.sum(ops.cast(valid, "int32"), axis=1, keepdims=True)
        packed = place < counts
        trailing = [1] * (len(x.shape) - 2)
        shape = (-1, steps, *trailing)
        moved = ops.take_along_axis(x, ops.reshape(order, shape), axis=1)
        return ops.where(ops.reshape(packed, shape), moved, ops.zeros_like(moved)), packed

    def compute_output_spec(self, x: Tensor, valid: Tensor) -> tuple[Any, Any]:
        """Describes the outputs: as the inputs."""
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype), keras.KerasTensor(
            valid.shape, dtype="bool"
        )
