"""Words or characters in, at every step a score for each that may come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.regularization import Regularization
from rnnzoo.layers.valid_steps import NeverEmpty
from rnnzoo.layers.word_embedding import OutputBias, WordEmbedding


def build_language_model(
    *,
    vocabulary_size: int,
    embedding_size: int = 200,
    tied_embeddings: bool = True,
    cell: str = "lstm",
    units: int | Sequence[int] = (200, 200),
    dropout: float = 0.0,
    embedding_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    skip: str = "none",
    regularization: Regularization | Mapping[str, Any] | None = None,
    name: str = "language_model",
) -> keras.Model:
    """Builds a language model that reads forwards only, so that it can be streamed and can write.

    Input: ``tokens`` int32 ``(batch, time)``, id 0 is padding. Output: ``logits`` ``(batch, time, vocabulary)``, at
    each step those of the next token. Trained on one long text by truncated back-propagation, ``rnnzoo.train`` carries
    the states from window to window (see ``rnnzoo.data.readers.running_text``); the model itself keeps none, so that
    it can be exported.

    Args:
        vocabulary_size: Number of token ids, padding and unknown included.
        embedding_size: Width of the token embedding.
        tied_embeddings: Whether the logits come from the embedding's own matrix, which saves ``vocabulary_size x
            embedding_size`` weights. Where the last layer is of another width, a projection stands between.
        cell: One of ``rnnzoo.cells.SEQUENCE_CELLS``, such as ``"lstm"``, ``"gru"`` or ``"min_gru"``.
        units: Width of each recurrent layer: ``(200, 200)`` is two layers of 200.
        dropout: Share of connections between layers dropped in training.
        embedding_dropout: Share of the words left out of a batch, wherever they occur.
        recurrent_dropout: Share of recurrent connections dropped in training. Leaves cuDNN, with a warning.
        skip: ``"residual"`` adds each layer's input to its output, ``"highway"`` mixes them; ``"none"`` does neither.
        regularization: Weight-drop, zoneout, penalties: see ``Regularization``; a mapping of its fields will do.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> model = build_language_model(vocabulary_size=50, embedding_size=8, units=(8,))
        >>> model.output_shape
        (None, None, 50)

    Reference:
        Zaremba 2014, Recurrent Neural Network Regularization, arXiv:1409.2329; Merity 2018, Regularizing and Optimizing
        LSTM Language Models, arXiv:1708.02182.
    """
    checks.integer("vocabulary_size", vocabulary_size, minimum=3, fix="Ids 0 and 1 mean padding and unknown.")
    checks.integer("embedding_size", embedding_size, minimum=1)
    checks.flag("tied_embeddings", tied_embeddings)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedding = WordEmbedding(vocabulary_size, embedding_size, dropout=embedding_dropout, name="embedding")
    mask = NeverEmpty(name="valid_steps")(ops.not_equal(tokens, 0))
    x = encode(
        embedding(tokens),
        mask,
        cell=cell,
        units=units,
        bidirectional=False,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        return_sequences=True,
        skip=skip,
        regularization=regularization,
    )
    if not tied_embeddings:
        return keras.Model(tokens, dense_head(x, vocabulary_size, name="logits"), name=name)
    if x.shape[-1] != embedding_size:
        x = layers.Dense(embedding_size, name="projection")(x)
    return keras.Model(tokens, OutputBias(name="logits")(embedding(x, reverse=True)), name=name)
