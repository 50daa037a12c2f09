"""Recurrent layers beside a stack of convolutions, one answer from both."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.layers.pooling import pool


def build_fcn_classifier(
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
    filters: int | Sequence[int] = (128, 256, 128),
    kernel_size: int | Sequence[int] = (8, 5, 3),
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "fcn_classifier",
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
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        cell: The recurrent cell, such as ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each recurrent layer also reads backwards.
        filters: Width of each convolution.
        kernel_size: Steps that each convolution reads; one number for all, or one each.
        dropout: Share of what recurrent layers read and give dropped in training; the convolutions have none.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_fcn_classifier(num_classes=3, num_features=5, units=8, filters=8, kernel_size=3)
        >>> model.output_shape
        (None, 3)

    Reference:
        Karim 2017, LSTM Fully Convolutional Networks for Time Series Classification, arXiv:1709.05206.
    """
    inputs, x, mask = sequence_inputs(
        vocabulary_size=vocabulary_size,
        num_features=num_features,
        embedding_size=embedding_size,
        variable_length=variable_length,
    )
    x, mask = pack(x, mask)
    recurrent = encode(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        return_sequences=False,
    )
    patterns = convolve(x, mask, filters=filters, kernel_size=kernel_size, causal=False)
    both = layers.Concatenate(name="branches")([recurrent, pool(patterns, mask, "mean")])
    return keras.Model(inputs, answer_head(both, num_classes=num_classes, task=task), name=name)
