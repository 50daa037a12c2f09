"""Words or characters in, at every step a score for each that may come next."""

from __future__ import annotations

from typing import Unpack

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.embedding_config import EmbeddingConfig
from rnnzoo.builders.parts.encoder import encode
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.heads import dense_head
from rnnzoo.builders.parts.inputs import check_vocabulary
from rnnzoo.builders.parts.option_types import LanguageModelOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.layers.valid_steps import NeverEmpty
from rnnzoo.layers.word_embedding import OutputBias, WordEmbedding

_WORDS = OptionWords(
    LanguageModelOptions,
    encoder=EncoderConfig(units=(200, 200)),
    embedding=EmbeddingConfig(embedding_size=200),
)


@_WORDS.sign
def build_language_model(
    *,
    tied_embeddings: bool = True,
    embedding_dropout: float = 0.0,
    name: str = "language_model",
    **options: Unpack[LanguageModelOptions],
) -> keras.Model:
    """Builds a language model that reads forwards only, so that it can be streamed and can write.

    Input: ``tokens`` int32 ``(batch, time)``, id 0 is padding. Output: ``logits`` ``(batch, time, vocabulary)``, at
    each step those of the next token. Trained on one long text by truncated back-propagation, ``rnnzoo.train`` carries
    the states from window to window (see ``rnnzoo.data.readers.running_text``); the model itself keeps none, so that
    it can be exported.

    Args:
        tied_embeddings: Whether the logits come from the embedding's own matrix, which saves ``vocabulary_size x
            embedding_size`` weights. Where the last layer is of another width, a projection stands between.
        embedding_dropout: Share of the words left out of a batch, wherever they occur.
        name: The model's name.
        **options: Fields of ``EncoderConfig``: ``cell``, ``units``, ``dropout``, ``recurrent_dropout``, ``skip``,
            ``regularization``; of ``EmbeddingConfig``: ``vocabulary_size``, ``embedding_size``,
            ``embedding_weights``, ``trainable_embedding``; or ready ones as ``encoder`` and ``embedding``.
            ``vocabulary_size`` must be given. By default two LSTM layers of 200 over an embedding of 200.

    Raises:
        ArgumentError: If an argument is out of range.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_language_model(vocabulary_size=50, embedding_size=8, units=(8,))
        >>> model.output_shape
        (None, None, 50)

    Reference:
        Zaremba 2014, Recurrent Neural Network Regularization, arXiv:1409.2329; Merity 2018, Regularizing and Optimizing
        LSTM Language Models, arXiv:1708.02182.
    """
    encoder, embedding = _WORDS.encoder(options), _WORDS.embedding(options)
    vocabulary_size = check_vocabulary(embedding)
    checks.flag("tied_embeddings", tied_embeddings)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    words = WordEmbedding(
        vocabulary_size,
        embedding.embedding_size,
        dropout=embedding_dropout,
        trainable=embedding.trainable_embedding,
        name="embedding",
    )
    mask = NeverEmpty(name="valid_steps")(ops.not_equal(tokens, 0))
    x = encode(words(tokens), mask, encoder)
    if embedding.embedding_weights is not None:
        words.embeddings.assign(embedding.embedding_weights)
    if not tied_embeddings:
        return keras.Model(tokens, dense_head(x, vocabulary_size, name="logits"), name=name)
    if x.shape[-1] != embedding.embedding_size:
        x = layers.Dense(embedding.embedding_size, name="projection")(x)
    return keras.Model(tokens, OutputBias(name="logits")(words(x, reverse=True)), name=name)
