"""Sequence in, one class per step out."""

from __future__ import annotations

from typing import Unpack

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.inputs import sequence_inputs
from rnnzoo.builders.parts.option_types import TaggerOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.chain_potentials import ChainPotentials
from rnnzoo.layers.character_encoder import encode_characters
from rnnzoo.tensors import Tensor

_WORDS = OptionWords(TaggerOptions, encoder=EncoderConfig(units=(64, 64), bidirectional=True))


@_WORDS.sign
def build_tagger(
    *,
    num_classes: int,
    num_features: int | None = None,
    variable_length: bool = False,
    crf: bool = False,
    character_vocabulary_size: int | None = None,
    character_embedding_size: int = 30,
    name: str = "tagger",
    **options: Unpack[TaggerOptions],
) -> keras.Model:
    """Builds a recurrent tagger that answers at every step: part of speech, slot, phase of a gesture.

    Inputs: ``tokens`` int32 ``(batch, time)`` or ``features`` float32 ``(batch, time, features)`` (and ``mask``
    bool ``(batch, time)`` if ``variable_length``); words also as ``characters`` int32 ``(batch, time, characters)``
    (id 0 is padding) where ``character_vocabulary_size`` is given. Output: ``logits`` ``(batch, time, classes)``; what
    stands at padded steps means nothing.

    With ``crf`` the tags of a row are scored together, as a linear-chain conditional random field: which tag may
    follow which is learned too. The output is then ``potentials`` ``(batch, time, classes, classes)``, whose sum along
    a path of tags is the score of the path: see ``rnnzoo.layers.chain_potentials``. Train it for the task
    ``"crf_tagging"``; answers are the best path (Viterbi 1967).

    Args:
        num_classes: Number of tags.
        num_features: Number of features per step; give this or ``vocabulary_size``.
        variable_length: Whether feature sequences differ in length; adds the input ``mask``.
        crf: Whether the tags of a row are scored together.
        character_vocabulary_size: Number of character ids, padding and unknown included; ``None`` to read words
            whole. Only beside ``vocabulary_size``.
        character_embedding_size: Width of the character embedding, and number of filters that read it.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``bidirectional``, ``dropout``,
            ``recurrent_dropout``, ``skip``, ``regularization``; of ``EmbeddingConfig``: ``vocabulary_size``,
            ``embedding_size``, ``embedding_weights``, ``trainable_embedding``; or ready ones as ``encoder`` and
            ``embedding``. By default two LSTM layers of 64 in both directions, so that a tag may depend on what
            follows.

    Raises:
        ArgumentError: If an argument is out of range or two do not go together.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_tagger(num_classes=17, vocabulary_size=100, units=8)
        >>> model.output_shape
        (None, None, 17)

    Reference:
        Huang 2015, Bidirectional LSTM-CRF models for sequence tagging, arXiv:1508.01991; Ma & Hovy 2016, End-to-end
        sequence labeling via bi-directional LSTM-CNNs-CRF, arXiv:1603.01354 (characters).
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    checks.integer("num_classes", num_classes, minimum=2)
    inputs, x, mask = sequence_inputs(embedding, num_features=num_features, variable_length=variable_length)
    if character_vocabulary_size is not None:
        inputs, x = _with_characters(inputs, x, character_vocabulary_size, character_embedding_size)
    x = encode(x, mask, encoder)
    if not checks.flag("crf", crf):
        return keras.Model(inputs, dense_head(x, num_classes, name="logits"), name=name)
    scores = dense_head(x, num_classes, name="scores")
    return keras.Model(inputs, ChainPotentials(dtype="float32", name="potentials")(scores, mask), name=name)


def _with_characters(
    tokens: Tensor, x: Tensor, vocabulary_size: int, embedding_size: int
) -> tuple[list[Tensor], Tensor]:
    """Adds the input ``characters``, and what the characters of each word say to what the word does."""
    if isinstance(tokens, list) or tokens.name != "tokens":
        raise ArgumentError(
            f"character_vocabulary_size: received {vocabulary_size!r} without vocabulary_size; expected both, for "
            "characters belong to words. Leave it out for series."
        )
    checks.integer(
        "character_vocabulary_size", vocabulary_size, minimum=3, fix="Ids 0 and 1 mean padding and unknown."
    )
    checks.integer("character_embedding_size", embedding_size, minimum=1)
    characters = keras.Input((None, None), dtype="int32", name="characters")
    read = encode_characters(characters, vocabulary_size=vocabulary_size, embedding_size=embedding_size)
    return [tokens, characters], layers.Concatenate(name="word_and_characters")([x, read])
