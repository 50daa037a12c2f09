"""Sequence in, one answer out: classes, two classes, several labels at once, or numbers."""

from __future__ import annotations

from typing import Unpack

import keras

from rnnzoo.builders.parts.encoder import encode_once
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import answer_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import ClassifierOptions
from rnnzoo.builders.parts.option_words import OptionWords

_WORDS = OptionWords(ClassifierOptions, encoder=EncoderConfig(units=(64, 64), pooling="last"))


@_WORDS.sign
def build_classifier(
    *,
    num_classes: int,
    task: str = "classification",
    num_features: int | None = None,
    variable_length: bool = False,
    name: str = "classifier",
    **options: Unpack[ClassifierOptions],
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
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``, ``pooling``; of ``EmbeddingConfig``:
            ``vocabulary_size``, ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones
            as ``encoder`` and ``embedding``. By default two LSTM layers of 64, and the answer is made of the last
            output.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_classifier(num_classes=3, num_features=5, cell="gru", units=8)
        >>> model.output_shape
        (None, 3)

    Reference:
        Graves & Schmidhuber 2005, Framewise phoneme classification with bidirectional LSTM; Yang 2016,
        Hierarchical Attention Networks for Document Classification (attention pooling).
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    x = encode_once(x, mask, encoder)
    return keras.Model(inputs, answer_head(x, num_classes=num_classes, task=task), name=name)
