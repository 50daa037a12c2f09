"""Convolutions over time, then recurrent layers, one answer."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from rnnzoo import checks
from rnnzoo.builders.parts.convolutions import convolve, pack
from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs


def build_cnn_classifier(  # noqa: PLR0913 - all flat, by name only
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
    filters: int | Sequence[int] = (64,),
    kernel_size: int | Sequence[int] = 5,
    pooling: str = "last",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    name: str = "cnn_classifier",
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
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        cell: The recurrent cell, such as ``"lstm"`` or ``"gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each recurrent layer also reads backwards; convolutions then look both ways too.
        filters: Width of each convolution: ``(64, 64)`` is two.
        kernel_size: Steps that each convolution reads; one number for all, or one each.
        pooling: ``"last"``, ``"mean"``, ``"max"``, ``"attention"``, ``"concat"`` or ``"middle"``: see
            ``build_classifier``.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_cnn_classifier(num_classes=3, num_features=5, filters=8, kernel_size=3, units=8)
        >>> model.output_shape
        (None, 3)

    Reference:
        Zhou 2015, A C-LSTM Neural Network for Text Classification, arXiv:1511.08630.
    """
    inputs, x, mask = sequence_inputs(
        vocabulary_size=vocabulary_size,
        num_features=num_features,
        embedding_size=embedding_size,
        variable_length=variable_length,
    )
    x, mask = pack(x, mask)
    x = convolve(
        x,
        mask,
        filters=filters,
        kernel_size=kernel_size,
        causal=not checks.flag("bidirectional", bidirectional),
    )
    x = encode_once(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        pooling=pooling,
    )
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
