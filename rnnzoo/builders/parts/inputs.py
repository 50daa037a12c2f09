"""The inputs of every builder: token ids or features, each with the mask of its valid steps."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.embedding_config import EmbeddingConfig
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.valid_steps import NeverEmpty
from rnnzoo.tensors import Tensor


def sequence_inputs(
    embedding: EmbeddingConfig, *, num_features: int | None, variable_length: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Makes the inputs of a sequence model.

    A row without a single valid step (an empty text) is read as one step of padding: it then has an answer of
    its own, and cuDNN, which refuses empty rows, accepts it.

    Args:
        embedding: The embedding of token ids, which are read if it has a ``vocabulary_size``.
        num_features: Number of features per step; this or the ``vocabulary_size`` must be given.
        variable_length: Whether a feature model takes a second input ``mask`` ``(batch, time)``.

    Returns:
        The Keras input (or a list of two), the sequence ``(batch, time, features)`` and its mask
        ``(batch, time)`` or ``None``.
    """
    vocabulary_size = embedding.vocabulary_size
    if (vocabulary_size is None) == (num_features is None):
        raise ArgumentError(
            f"input: received vocabulary_size={vocabulary_size!r} and num_features={num_features!r}; expected "
            "exactly one of them. Give vocabulary_size for token ids, num_features for series."
        )
    if num_features is None:
        return _token_input(embedding)
    embedding.check_absent(f"num_features: received {num_features!r}")
    return feature_inputs(num_features, variable_length=variable_length)


def feature_inputs(
    num_features: int, *, variable_length: bool, steps: int | None = None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Makes the inputs of a model that reads features, of ``steps`` or any number of them; see ``sequence_inputs``."""
    size = checks.integer("num_features", num_features, minimum=1)
    return _masked_input("features", (size,), variable_length, steps=steps)


def check_vocabulary(embedding: EmbeddingConfig) -> int:
    """Returns the number of ids of a model that reads nothing but tokens.

    Raises:
        ArgumentError: If it is not given.
    """
    return checks.integer(
        "vocabulary_size", embedding.vocabulary_size, minimum=3, fix="Ids 0 and 1 mean padding and unknown."
    )


def frame_inputs(
    *, frame_shape: Sequence[int], variable_length: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
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


def _token_input(config: EmbeddingConfig) -> tuple[Tensor, Tensor, Tensor | None]:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedding = layers.Embedding(
        config.vocabulary_size, config.embedding_size, trainable=config.trainable_embedding, name="embedding"
    )
    x = embedding(tokens)
    if config.embedding_weights is not None:
        # Copied in, not an initializer: a model's config must not hold a matrix.
        embedding.set_weights([config.embedding_weights])
    return tokens, x, NeverEmpty(name="valid_steps")(ops.not_equal(tokens, 0))


def _masked_input(
    name: str, shape: Sequence[int], variable_length: bool, *, steps: int | None = None
) -> tuple[Tensor, Tensor, Tensor | None]:
    values = keras.Input((steps, *shape), dtype="float32", name=name)
    if not checks.flag("variable_length", variable_length):
        return values, values, None
    valid = keras.Input((steps,), dtype="bool", name="mask")
    # Padding is zeroed, so that whatever stands there (NaN too) never reaches an answer.
    x = ops.where(ops.expand_dims(valid, tuple(range(2, 2 + len(shape)))), values, 0.0)
    return [values, valid], x, NeverEmpty(name="valid_steps")(valid)
