"""Convolutions over time, then recurrent layers, one answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import keras

from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords

_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(cell="gru", pooling="last"))


@_WORDS.sign
def build_cnn_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    filters: int | Sequence[int] = (64,),
    kernel_size: int | Sequence[int] = 5,
    name: str = "cnn_classifier",
    **options: Unpack[ClassifierOptions],
) -> keras.Model:
    """Builds a classifier whose recurrent layers read the local patterns that convolutions find.

    Each convolution is batch-normalized and rectified. Valid steps are moved together first and padding stays zero
    and out of the statistics, so that neither holes nor padding change an answer. A model that reads forwards has
    causal convolutions: on sequences of one length it streams. With a mask it does not, for a hole in one piece
    moves the steps of all later ones.

    Inputs: ``tokens`` int32 ``(batch, time)`` where ``vocabulary_size`` is given (id 0 is padding), else
    ``features`` float32 ``(batch, time, features)``, with ``mask`` bool ``(batch, time)`` beside it if
    ``variable_length``. Output: ``logits`` ``(batch, classes)`` as of ``build_classifier``.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        filters: Width of each convolution: ``(64, 64)`` is two.
        kernel_size: Steps that each convolution reads; one number for all, or one each.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. By default one GRU layer of 64. With ``bidirectional`` convolutions
            look both ways too.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_cnn_classifier(num_classes=3, num_features=5, filters=8, kernel_size=3, units=8)
        >>> model.output_shape
        (None, 3)

    Reference:
        Zhou 2015, A C-LSTM Neural Network for Text Classification, arXiv:1511.08630.
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    x, mask = pack(x, mask)
    causal = not encoder.bidirectional
    x = convolve(x, mask, filters=filters, kernel_size=kernel_size, causal=causal)
    x = encode_once(x, mask, encoder)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
