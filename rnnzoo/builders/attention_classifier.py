"""Recurrent layers, self-attention over their outputs, one answer."""

from __future__ import annotations

from typing import Unpack

import keras

from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.transformer import attention_block
from rnnzoo.layers.pooling import pool

_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(pooling="mean"))


@_WORDS.sign
def build_attention_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    heads: int = 4,
    name: str = "attention_classifier",
    **options: Unpack[ClassifierOptions],
) -> keras.Model:
    """Builds a classifier whose recurrent outputs look at each other before they are pooled to one answer.

    The attention is added to the recurrent outputs and the sum normalized; padding is never attended to, and the
    places of the steps are known from the recurrence. The model needs whole sequences: a stream is refused.

    Inputs: ``tokens`` int32 ``(batch, time)`` where ``vocabulary_size`` is given (id 0 is padding), else
    ``features`` float32 ``(batch, time, features)``, with ``mask`` bool ``(batch, time)`` beside it if
    ``variable_length``. Output: ``logits`` ``(batch, classes)`` as of ``build_classifier``.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        heads: Heads of the attention; a divisor of the width of the last recurrent layer.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. By default one LSTM layer of 64 and ``pooling="mean"``; not
            ``"last"``.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_attention_classifier(num_classes=3, num_features=5, units=8, heads=2)
        >>> model.output_shape
        (None, 3)

    Reference:
        Cheng 2016, Long Short-Term Memory-Networks for Machine Reading, arXiv:1601.06733 (self-attention with an
        LSTM); Vaswani 2017, Attention Is All You Need, arXiv:1706.03762 (the attention used here).
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    x = encode(x, mask, encoder)
    x = attention_block(x, mask, heads=heads, dropout=encoder.dropout)
    x = pool(x, mask, str(encoder.pooling))
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
