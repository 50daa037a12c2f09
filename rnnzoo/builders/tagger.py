"""Sequence in, one class per step out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from rnnzoo import checks
from rnnzoo.encoder import encode
from rnnzoo.heads import dense_head
from rnnzoo.inputs import sequence_inputs
from rnnzoo.regularization import Regularization


def build_tagger(
    *,
    num_classes: int,
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    variable_length: bool = False,
    embedding_size: int = 64,
    cell: str = "lstm",
    units: int | Sequence[int] = (64, 64),
    bidirectional: bool = True,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "tagger",
) -> keras.Model:
    """Builds a recurrent tagger that answers at every step: part of speech, slot, phase of a gesture.

    Inputs: ``tokens`` int32 ``(batch, time)`` or ``features`` float32 ``(batch, time, features)`` (and ``mask``
    bool ``(batch, time)`` if ``variable_length``). Output: ``logits`` ``(batch, time, classes)``; what stands
    at padded steps means nothing.

    Args:
        num_classes: Number of tags.
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each layer also reads backwards, so that a tag may depend on what follows.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_tagger(num_classes=17, vocabulary_size=100, units=8)
        >>> model.output_shape
        (None, None, 17)

    Reference:
        Huang 2015, Bidirectional LSTM-CRF models for sequence tagging, arXiv:1508.01991 (without the CRF).
    """
    checks.integer("num_classes", num_classes, minimum=2)
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
        skip=skip,
        regularization=regularization,
        return_sequences=True,
    )
    return keras.Model(inputs, dense_head(x, num_classes, name="logits"), name=name)
