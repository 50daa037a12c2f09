"""Frames that say nothing: what a transcriber answers where there is no sound."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor

# A probability of exactly 0 in float32, and finite, so that no file and no check meets an infinity.
_IMPOSSIBLE = -1e4


@keras.saving.register_keras_serializable("rnnzoo")
class BlankPadding(layers.Layer):
    """Makes the blank (symbol 0) certain at frames that are not valid.

    A certain blank adds nothing to any transcript and multiplies its probability by 1. Loss, decoding and whoever
    reads an exported file may so take all frames of a padded batch, and need no lengths.

    Example:
        >>> import numpy as np
        >>> layer = BlankPadding()
        >>> layer(np.array([[[0.5, 2.0], [9.0, 9.0]]]), np.array([[True, False]])).numpy().tolist()
        [[[0.5, 2.0], [0.0, -10000.0]]]
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.supports_masking = True

    def call(self, logits: Tensor, valid: Tensor) -> Tensor:
        """Maps logits ``(batch, time, symbols)`` and valid frames ``(batch, time)`` to logits."""
        symbols = ops.arange(logits.shape[-1])
        blank = ops.cast(ops.where(ops.equal(symbols, 0), 0.0, _IMPOSSIBLE), logits.dtype)
        return ops.where(ops.expand_dims(valid, -1), logits, blank)

    def compute_mask(self, inputs: Tensor, previous_mask: Any = None) -> None:
        """Ends the mask: every frame has a meaning now, and a loss must count all of them."""

    def compute_output_spec(self, logits: Tensor, valid: Tensor) -> Tensor:
        """Describes the output: as the logits."""
        return keras.KerasTensor(logits.shape, dtype=self.compute_dtype)
