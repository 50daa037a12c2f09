"""The inputs of every builder: token ids or features, each with the mask of its valid steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.valid_steps import NeverEmpty


def sequence_inputs(
    *,
    vocabulary_size: int | None,
    num_features: int | None,
    embedding_size: int,
    variable_length: bool,
    embedding_weights: np.ndarray | None = None,
    trainable_embedding: bool = True,
) -> tuple[Any, Any, Any]:
    """Makes the inputs of a sequence model.

    A row without a single valid step (an empty text) is read as one step of padding: it then has an answer of
    its own, and cuDNN, which refuses empty rows, accepts it.

    Args:
        vocabulary_size: Number of token ids, the padding id 0 and the unknown id 1 included.
        num_features: Number of features per step. Exactly one of the two must be given.
        embedding_size: Width of the token embedding.
        variable_length: Whether a feature model takes a second input ``mask`` ``(batch, time)``.
        embedding_weights: What the embedding starts from, ``(vocabulary_size, embedding_size)``; ``None`` for random.
        trainable_embedding: Whether training changes the embedding.

    Returns:
        The Keras input (or a list of two), the sequence ``(batch, time, features)`` and its mask
        ``(batch, time)`` or ``None``.
    """
    if (vocabulary_size is None) == (num_features is None):
        raise ArgumentError(
            f"input: received vocabulary_size={vocabulary_size!r} and num_features={num_features!r}; expected "
            "exactly one of them. Give vocabulary_size for token ids, num_features for series."
        )
    checks.flag("trainable_embedding", trainable_embedding)
    if vocabulary_size is not None:
        return _token_input(vocabulary_size, embedding_size, embedding_weights, trainable_embedding)
    if embedding_weights is not None or not trainable_embedding:
        raise ArgumentError(
            f"num_features: received {num_features!r} with embedding_weights or trainable_embedding=False; expected "
            "vocabulary_size, for only token ids are embedded. Leave those arguments out."
        )
    return _feature_input(checks.integer("num_features", num_features, minimum=1), variable_length)


def frame_inputs(*, frame_shape: Sequence[int], variable_length: bool) -> tuple[Any, Any, Any]:
    """Makes the inputs of a video model; see ``sequence_inputs``.

    Args:
        frame_shape: Height, width and channels of a frame.
        variable_length: Whether the model takes a second input ``mask`` ``(batch, time)``.

    Returns:
        The Keras input (or a list of two), the frames ``(batch, time, height, width, channels)`` and their mask
        ``(batch, time)`` or ``None``.
    """
    shape = checks.widths("frame_shape", frame_shape)
    if len(shape) != 3:
        raise ArgumentError(
            f"frame_shape: received {shape}; expected (height, width, channels). Gray frames have one channel."
        )
    return _masked_input("frames", shape, variable_length)


def _token_input(
    vocabulary_size: int, embedding_size: int, weights: np.ndarray | None, trainable: bool
) -> tuple[Any, Any, Any]:
    checks.integer("vocabulary_size", vocabulary_size, minimum=3, fix="Ids 0 and 1 mean padding and unknown.")
    checks.integer("embedding_size", embedding_size, minimum=1)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedding = layers.Embedding(vocabulary_size, embedding_size, trainable=trainable, name="embedding")
    x = embedding(tokens)
    if weights is not None:
        # Copied in, not an initializer: a model's config must not hold a matrix.
        embedding.set_weights([_checked_weights(weights, vocabulary_size, embedding_size)])
    return tokens, x, NeverEmpty(name="valid_steps")(ops.not_equal(tokens, 0))


def _checked_weights(weights: Any, vocabulary_size: int, embedding_size: int) -> np.ndarray:
    matrix = np.asarray(weights, np.float32)
    if matrix.shape != (vocabulary_size, embedding_size):
        fix = (
            f"Pass embedding_size={matrix.shape[1]}."
            if matrix.ndim == 2 and len(matrix) == vocabulary_size
            else "Make the matrix with read_word_vectors for the vocabulary of the data."
        )
        raise ArgumentError(
            f"embedding_weights: received shape {matrix.shape}; expected ({vocabulary_size}, {embedding_size}), "
            f"which is (vocabulary_size, embedding_size). {fix}"
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise ArgumentError(
            f"embedding_weights: received {matrix[row, column]} for token {row}, column {column}; expected finite "
            "numbers."
        )
    return matrix


def _feature_input(num_features: int, variable_length: bool) -> tuple[Any, Any, Any]:
    return _masked_input("features", (num_features,), variable_length)


def _masked_input(name: str, shape: Sequence[int], variable_length: bool) -> tuple[Any, Any, Any]:
    values = keras.Input((None, *shape), dtype="float32", name=name)
    if not checks.flag("variable_length", variable_length):
        return values, values, None
    valid = keras.Input((None,), dtype="bool", name="mask")
    # Padding is zeroed, so that whatever stands there (NaN too) never reaches an answer.
    x = ops.where(ops.expand_dims(valid, tuple(range(2, 2 + len(shape)))), values, 0.0)
    return [values, valid], x, NeverEmpty(name="valid_steps")(valid)
