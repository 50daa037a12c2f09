"""Both strands of DNA read by one network."""

from __future__ import annotations

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class BothStrands(layers.Layer):
    """Adds the reverse complement of each sequence to the batch: ``(batch, time, 4)`` to ``(2 batch, time, 4)``.

    The four channels are shares of A, C, G and T, whose complements T, G, C and A are the same channels in reverse
    order.

    Example:
        >>> import numpy as np
        >>> ac = np.eye(4, dtype="float32")[None, :2]
        >>> BothStrands()(ac).numpy()[1].argmax(axis=-1).tolist()  # GT
        [2, 3]
    """

    #: The other strand begins with the last step.
    looks_ahead = "BothStrands needs the whole sequence"

    def call(self, x: Tensor) -> Tensor:
        """Maps sequences to those of both strands, the given ones first."""
        return ops.concatenate([x, ops.flip(x, axis=(1, 2))], axis=0)

    def compute_output_spec(self, x: Tensor) -> Tensor:
        """Describes the output: as the input, with any number of rows."""
        return keras.KerasTensor((None, *x.shape[1:]), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable("rnnzoo")
class StrandMean(layers.Layer):
    """Averages what was made of the two strands: ``(2 batch, width)`` to ``(batch, width)``.

    Example:
        >>> import numpy as np
        >>> StrandMean()(np.array([[1.0], [2.0], [3.0], [6.0]])).numpy().tolist()
        [[2.0], [4.0]]
    """

    def call(self, x: Tensor) -> Tensor:
        """Maps the vectors of both strands, forward ones first, to their means."""
        forward, backward = ops.split(x, 2, axis=0)
        return (forward + backward) / 2

    def compute_output_spec(self, x: Tensor) -> Tensor:
        """Describes the output: as the input, with any number of rows."""
        return keras.KerasTensor((None, *x.shape[1:]), dtype=self.compute_dtype)
