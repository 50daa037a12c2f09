"""Recurrent layers, Transformer blocks over their outputs, one answer."""

from __future__ import annotations

from typing import Unpack

import keras

from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.transformer import transformer_blocks
from rnnzoo.layers.pooling import pool

_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(cell="gru", pooling="mean"))


@_WORDS.sign
def build_transformer_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    blocks: int = 1,
    heads: int = 4,
    name: str = "transformer_classifier",
    **options: Unpack[ClassifierOptions],
) -> keras.Model:
    """Builds a classifier of Transformer encoder blocks that get their positions from recurrent layers.

    Each block is pre-norm: masked self-attention, then a feed-forward network of four times the width. There is no
    positional embedding, so that any length will do. The model needs whole sequences: a stream is refused.

    Inputs: ``tokens`` int32 ``(batch, time)`` where ``vocabulary_size`` is given (id 0 is padding), else
    ``features`` float32 ``(batch, time, features)``, with ``mask`` bool ``(batch, time)`` beside it if
    ``variable_length``. Output: ``logits`` ``(batch, classes)`` as of ``build_classifier``.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        blocks: Number of Transformer blocks.
        heads: Heads of each attention; a divisor of the width of the last recurrent layer.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. By default one GRU layer of 64 and ``pooling="mean"``; not ``"last"``.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_transformer_classifier(num_classes=3, vocabulary_size=50, units=8, heads=2)
        >>> model.output_shape
        (None, 3)

    Reference:
        Chen 2018, The Best of Both Worlds: Combining Recent Advances in Neural Machine Translation,
        arXiv:1804.09849 (recurrent and Transformer layers in one encoder); Wang 2019, R-Transformer,
        arXiv:1907.05572 (recurrence in place of positional embeddings).
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    x = encode(x, mask, encoder)
    x = transformer_blocks(x, mask, blocks=blocks, heads=heads, dropout=encoder.dropout)
    x = pool(x, mask, str(encoder.pooling))
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
