"""Words read letter by letter: a convolution over the characters of each word."""

from __future__ import annotations

import keras
from keras import layers, ops

from rnnzoo.tensors import Tensor

# Below whatever a convolution answers, so that padding is never the highest; float16 has it too.
_LOWEST = -6e4


@keras.saving.register_keras_serializable("rnnzoo")
class CharacterPool(layers.Layer):
    """The highest value of each filter over the characters of a word; zeros for a word without characters.

    Inputs: features ``(batch, time, characters, filters)``, and which of the characters are there ``(batch, time,
    characters)``. Output: ``(batch, time, filters)``.
    """

    def call(self, features: Tensor, valid: Tensor) -> Tensor:
        """Maps the features of characters, and which of them count, to features of words."""
        lowest = ops.cast(_LOWEST, features.dtype)
        highest = ops.max(ops.where(valid[..., None], features, lowest), axis=2)
        return ops.where(ops.any(valid, axis=2)[..., None], highest, ops.zeros_like(highest))

    def compute_output_spec(self, features: Tensor, valid: Tensor) -> Tensor:
        """Describes the output: without the axis of characters."""
        return keras.KerasTensor((*features.shape[:2], features.shape[-1]), dtype=self.compute_dtype)


def encode_characters(characters: Tensor, *, vocabulary_size: int, embedding_size: int) -> Tensor:
    """Reads each word by its characters: embedding, a convolution over three at a time, the highest of each filter.

    Padding after a word never changes what it gives: it reads as zeros, as what lies beyond the last character does.

    Args:
        characters: Character ids ``(batch, time, characters)``; 0 is padding.
        vocabulary_size: Number of character ids.
        embedding_size: Width of the embedding, and number of filters.

    Returns:
        ``(batch, time, embedding_size)``.

    Reference:
        Ma & Hovy 2016, End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF, arXiv:1603.01354.
    """
    valid = ops.not_equal(characters, 0)
    x = layers.Embedding(vocabulary_size, embedding_size, name="character_embedding")(characters)
    x = ops.where(ops.expand_dims(valid, -1), x, 0.0)
    # One window wide in time: each word on its own.
    x = layers.Conv2D(embedding_size, (1, 3), padding="same", name="character_convolution")(x)
    return CharacterPool(name="character_pool")(x, valid)
