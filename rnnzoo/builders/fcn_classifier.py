"""Recurrent layers beside a stack of convolutions, one answer from both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras
from keras import layers

from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.layers.pooling import pool

_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(pooling="last"))


@_WORDS.sign
def build_fcn_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    filters: int | Sequence[int] = (128, 256, 128),
    kernel_size: int | Sequence[int] = (8, 5, 3),
    name: str = "fcn_classifier",
    **options: Unpack[ClassifierOptions],
) -> keras.Model:
    """Builds an LSTM-FCN: recurrent layers and a fully convolutional network read the series side by side.

    The convolutions are batch-normalized, rectified and averaged over the valid steps; their mean is joined with the
    last recurrent output. Neither padding nor holes change an answer. Other than in the paper the recurrent layers
    read the series step by step, not all of its steps at once (its "dimension shuffle"), so that series may differ
    in length. The model needs whole sequences: a stream is refused.

    Inputs: ``tokens`` int32 ``(batch, time)`` where ``vocabulary_size`` is given (id 0 is padding), else
    ``features`` float32 ``(batch, time, features)``, with ``mask`` bool ``(batch, time)`` beside it if
    ``variable_length``. Output: ``logits`` ``(batch, classes)`` as of ``build_classifier``.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        filters: Width of each convolution.
        kernel_size: Steps that each convolution reads; one number for all, or one each.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. By default one LSTM layer of 64. ``dropout`` and ``pooling`` are of
            the recurrent layers alone.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_fcn_classifier(num_classes=3, num_features=5, units=8, filters=8, kernel_size=3)
        >>> model.output_shape
        (None, 3)

    Reference:
        Karim 2017, LSTM Fully Convolutional Networks for Time Series Classification, arXiv:1709.05206.
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    x, mask = pack(x, mask)
    recurrent = encode_once(x, mask, encoder)
    patterns = convolve(x, mask, filters=filters, kernel_size=kernel_size, causal=False)
    x = layers.Concatenate(name="branches")([recurrent, pool(patterns, mask, "mean")])
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
