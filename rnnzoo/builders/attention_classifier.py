"""Recurrent layers, self-attention over their outputs, one answer."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.transformer import attention_block
from rnnzoo.layers.pooling import pool


def build_attention_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    variable_length: bool = False,
    embedding_size: int = 64,
    cell: str = "lstm",
    units: int | Sequence[int] = (64,),
    bidirectional: bool = False,
    heads: int = 4,
    pooling: str = "mean",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "attention_classifier",
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
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        cell: The recurrent cell, such as ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each recurrent layer also reads backwards.
        heads: Heads of the attention; a divisor of the width of the last recurrent layer.
        pooling: ``"mean"``, ``"max"``, ``"attention"`` or ``"concat"`` over the valid steps, or ``"middle"``.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_attention_classifier(num_classes=3, num_features=5, units=8, heads=2)
        >>> model.output_shape
        (None, 3)

    Reference:
        Cheng 2016, Long Short-Term Memory-Networks for Machine Reading, arXiv:1601.06733 (self-attention with an
        LSTM); Vaswani 2017, Attention Is All You Need, arXiv:1706.03762 (the attention used here).
    """
    inputs, x, mask = sequence_inputs(
        vocabulary_size=vocabulary_size,
        num_features=num_features,
        embedding_size=embedding_size,
        variable_length=variable_length,
    )
    x = encode(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        return_sequences=True,
    )
    x = attention_block(x, mask, heads=heads, dropout=dropout)
    return keras.Model(
        inputs, answer_head(pool(x, mask, pooling), num_classes=num_classes, task=task), name=name
    )
