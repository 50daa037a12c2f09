"""Sequence in, one answer out: classes, two classes, several labels at once, or numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.regularization import Regularization


def build_classifier(  # noqa: PLR0913 - all flat, by name only
    *,
    num_classes: int,
    task: str = "classification",
    vocabulary_size: int | None = None,
    num_features: int | None = None,
    variable_length: bool = False,
    embedding_size: int = 64,
    embedding_weights: np.ndarray | None = None,
    trainable_embedding: bool = True,
    cell: str = "lstm",
    units: int | Sequence[int] = (64, 64),
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    pooling: str = "last",
    name: str = "classifier",
) -> keras.Model:
    """Builds a recurrent classifier that reads a sequence and answers once, by default after its last valid step.

    Inputs: ``tokens`` int32 ``(batch, time)`` where ``vocabulary_size`` is given (id 0 is padding), else
    ``features`` float32 ``(batch, time, features)``, with ``mask`` bool ``(batch, time)`` beside it if
    ``variable_length``. Output: ``logits`` ``(batch, classes)``; ``(batch, 1)`` for two exclusive classes;
    ``values`` ``(batch, targets)`` for regression. The model is not compiled: ``rnnzoo.train`` does that.

    Args:
        num_classes: Number of classes or labels (regression: of target values).
        task: ``"classification"``, ``"binary_classification"``, ``"multilabel_classification"`` or
            ``"regression"``.
        vocabulary_size: Number of token ids, padding and unknown included.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        embedding_size: Width of the token embedding.
        embedding_weights: What the embedding starts from, ``(vocabulary_size, embedding_size)``, such as
            ``read_word_vectors`` gives; ``None`` for random numbers. They are copied into the model's weights.
        trainable_embedding: Whether training changes the embedding; ``False`` keeps pre-trained vectors as they are.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(64, 64)`` is two layers of 64.
        bidirectional: Whether each layer also reads backwards.
        dropout: Share of connections between layers dropped in training.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        pooling: What the answer is made of. ``"last"``: the output after the last valid step (of each direction),
            the only one that streams. ``"mean"``, ``"max"``: the mean or maximum of the outputs over all valid steps.
            ``"attention"``: their mean weighted by a learned query (Yang 2016). ``"concat"``: last, maximum and mean
            side by side (Howard & Ruder 2018). ``"middle"``: the output in the middle, for windows cut around a site.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.

    Example:
        >>> model = build_classifier(num_classes=3, num_features=5, cell="gru", units=8)
        >>> model.output_shape
        (None, 3)

    Reference:
        Graves & Schmidhuber 2005, Framewise phoneme classification with bidirectional LSTM; Yang 2016,
        Hierarchical Attention Networks for Document Classification (attention pooling).
    """
    inputs, x, mask = sequence_inputs(
        vocabulary_size=vocabulary_size,
        num_features=num_features,
        embedding_size=embedding_size,
        variable_length=variable_length,
        embedding_weights=embedding_weights,
        trainable_embedding=trainable_embedding,
    )
    x = encode_once(
        x,
        mask,
        cell=cell,
        units=units,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        skip=skip,
        regularization=regularization,
        pooling=pooling,
    )
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
