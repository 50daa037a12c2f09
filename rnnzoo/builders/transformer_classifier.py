"""Recurrent layers, Transformer blocks over their outputs, one answer."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.transformer import transformer_blocks
from rnnzoo.layers.pooling import pool


def build_transformer_classifier(  # noqa: PLR0913 - all flat, by name only
    *,
    num_classes: int,
    task: str = "classification",
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    variable_length: bool = False,
    embedding_size: int = 64,
    cell: str = "gru",
    units: int | Sequence[int] = (64,),
    bidirectional: bool = False,
    blocks: int = 1,
    heads: int = 4,
    pooling: str = "mean",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "transformer_classifier",
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
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        cell: The recurrent cell, such as ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each recurrent layer also reads backwards.
        blocks: Number of Transformer blocks.
        heads: Heads of each attention; a divisor of the width of the last recurrent layer.
        pooling: ``"mean"``, ``"max"``, ``"attention"`` or ``"concat"`` over the valid steps, or ``"middle"``.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_transformer_classifier(num_classes=3, vocabulary_size=50, units=8, heads=2)
        >>> model.output_shape
        (None, 3)

    Reference:
        Chen 2018, The Best of Both Worlds: Combining Recent Advances in Neural Machine Translation,
        arXiv:1804.09849 (recurrent and Transformer layers in one encoder); Wang 2019, R-Transformer,
        arXiv:1907.05572 (recurrence in place of positional embeddings).
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
    x = transformer_blocks(x, mask, blocks=blocks, heads=heads, dropout=dropout)
    return keras.Model(
        inputs, answer_head(pool(x, mask, pooling), num_classes=num_classes, task=task), name=name
    )
