"""The inputs of every builder: token ids or features, each with the mask of its valid steps."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.valid_steps import NeverEmpty


def sequence_inputs(
    *, vocabulary_size: int | None, num_features: int | None, embedding_size: int, variable_length: bool
) -> tuple[Any, Any, Any]:
    """Makes the inputs of a sequence model.

    A row without a single valid step (an empty text) is read as one step of padding: it then has an answer of
    its own, and cuDNN, which refuses empty rows, accepts it.

    Args:
        vocabulary_size: Number of token ids, the padding id 0 and the unknown id 1 included.
        num_features: Number of features per step. Exactly one of the two must be given.
        embedding_size: Width of the token embedding.
        variable_length: Whether a feature model takes a second input ``mask`` ``(batch, time)``.

    Returns:
        The Keras input (or a list of two), the sequence ``(batch, time, features)`` and its mask
        ``(batch, time)`` or ``None``.
    """
    if (vocabulary_size is None) == (num_features is None):
        raise ArgumentError(
            f"input: received vocabulary_size={vocabulary_size!r} and num_features={num_features!r}; expected "
            "exactly one of them. Give vocabulary_size for token ids, num_features for series."
        )
    if vocabulary_size is not None:
        return _token_input(vocabulary_size, embedding_size)
    return _feature_input(checks.integer("num_features", num_features, minimum=1), variable_length)


def _token_input(vocabulary_size: int, embedding_size: int) -> tuple[Any, Any, Any]:
    checks.integer("vocabulary_size", vocabulary_size, minimum=3, fix="Ids 0 and 1 mean padding and unknown.")
    checks.integer("embedding_size", embedding_size, minimum=1)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocabulary_size, embedding_size, name="embedding")(tokens)
    return tokens, x, NeverEmpty(name="valid_steps")(ops.not_equal(tokens, 0))


def _feature_input(num_features: int, variable_length: bool) -> tuple[Any, Any, Any]:
    features = keras.Input((None, num_features), dtype="float32", name="features")
    if not checks.flag("variable_length", variable_length):
        return features, features, None
    valid = keras.Input((None,), dtype="bool", name="mask")
    # Padding is zeroed, so that whatever stands there (NaN too) never reaches an answer.
    x = ops.where(ops.expand_dims(valid, -1), features, 0.0)
    return [features, valid], x, NeverEmpty(name="valid_steps")(valid)
