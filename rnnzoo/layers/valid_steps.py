"""The mask that recurrent layers are given."""

from __future__ import annotations

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class NeverEmpty(layers.Layer):
    """Marks the first step of a row as valid where the row has no valid step at all.

    An empty row (an empty text) is so read as one step of padding: it has an answer of its own, and cuDNN, which
    refuses empty rows, accepts it. A stream has no such rows, only pieces without a valid step, which change nothing.

    Example:
        >>> import numpy as np
        >>> NeverEmpty()(np.array([[False, False], [False, True]])).numpy().tolist()
        [[True, False], [False, True]]
    """

    def call(self, valid: Tensor) -> Tensor:
        """Maps a mask ``(batch, time)`` to one with a valid step in each row."""
        empty = ops.logical_not(ops.any(valid, axis=1, keepdims=True))
        return ops.concatenate([ops.logical_or(valid[:, :1], empty), valid[:, 1:]], axis=1)

    def call_streaming(self, valid: Tensor) -> Tensor:
        """Leaves the mask of one piece of a stream as it is."""
        return ops.cast(valid, "bool")

    def compute_output_spec(self, valid: Tensor) -> Tensor:
        """Describes the output: as the input."""
        return keras.KerasTensor(valid.shape, dtype="bool")
