"""The mask that a recurrent layer computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def mask_of_sequences(mask: tf.Tensor | list[tf.Tensor] | tuple[tf.Tensor, ...] | None) -> tf.Tensor | None:
    """Returns the mask of the sequences alone; Keras gives a layer with initial states a list, theirs last."""
    return mask[0] if isinstance(mask, list | tuple) else mask
