"""Sequence in, another sequence out, of any other length."""

from __future__ import annotations

from typing import Unpack

import keras
import numpy as np
from keras import layers

from rnnzoo import checks
from rnnzoo.builders.parts.embedding_config import check_embedding_weights
from rnnzoo.builders.parts.encoder_config import EncoderConfig
from rnnzoo.builders.parts.option_types import EncoderOptions
from rnnzoo.builders.parts.option_words import OptionWords
from rnnzoo.builders.parts.recurrent_layers import (
    drop_weights,
    dropout_layer,
    recurrent_layer,
    warn_off_cudnn,
)
from rnnzoo.keras_models.encoder_decoder import decode_target, encode_source
from rnnzoo.layers.activation_penalty import ActivationPenalty
from rnnzoo.layers.attention import ATTENTIONS, SourceAttention
from rnnzoo.layers.skips import skip_layer
from rnnzoo.layers.valid_steps import NeverEmpty
from rnnzoo.tensors import Layer

SEQ2SEQ_CELLS = ("lstm", "gru")
_WORDS = OptionWords(
    EncoderOptions,
    encoder=EncoderConfig(units=(128,), bidirectional=True),
    cells=lambda: SEQ2SEQ_CELLS,
)


@_WORDS.sign
def build_seq2seq(
    *,
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 128,
    source_embedding_weights: np.ndarray | None = None,
    target_embedding_weights: np.ndarray | None = None,
    trainable_embedding: bool = True,
    attention: str = "luong",
    name: str = "seq2seq",
    **options: Unpack[EncoderOptions],
) -> keras.Model:
    """Builds an encoder and a decoder with attention, for translation and the like.

    Inputs: ``tokens`` int32 ``(batch, source)`` and, as training knows it, what came before each token of the answer,
    ``decoder_tokens`` int32 ``(batch, target)``, which begins with the start id. Output: ``logits`` ``(batch, target,
    target_vocabulary)`` of the token that comes next. Ids 0 to 3 mean padding, unknown, start and end. Padding of
    either input never changes an answer; an empty source is read as one step of padding.

    The attention reads the decoder's outputs and what it finds is not fed back into the decoder's next step (no input
    feeding): the whole decoder is one recurrent layer over all steps, fast in training, and exact step by step after
    it. ``rnnzoo_export.export_seq2seq_onnx`` writes the two files that translate.

    Args:
        source_vocabulary_size: Number of ids of the source.
        target_vocabulary_size: Number of ids of the target.
        embedding_size: Width of both token embeddings.
        source_embedding_weights: What the embedding of the source starts from, ``(source_vocabulary_size,
            embedding_size)``; ``None`` for random numbers.
        target_embedding_weights: The same for the target.
        trainable_embedding: Whether training changes the two embeddings.
        attention: ``"bahdanau"``, the additive score ``v . tanh(W q + U k)``, or ``"luong"``, the general product
            ``q . W k``.
        name: The model's name.
        **options: Fields of ``EncoderConfig``, of encoder and decoder alike: ``cell`` (``"lstm"`` or ``"gru"``),
            ``units`` (of each layer of the encoder, in each direction, and of the decoder: ``(64, 64)`` is two and
            two), ``bidirectional`` (whether the encoder also reads backwards), ``dropout`` (of embeddings, of
            connections between layers and of the attended outputs), ``recurrent_dropout``, ``skip``,
            ``regularization`` (penalties on outputs are on the decoder's); or a ready one as ``encoder``. By default
            one LSTM layer of 128 that reads both ways.

    Raises:
        ArgumentError: If an argument is out of range.
        UnknownNameError: If there is no such word, cell or other name; the nearest one is suggested.

    Example:
        >>> model = build_seq2seq(source_vocabulary_size=50, target_vocabulary_size=60, units=8)
        >>> model.output_shape
        (None, None, 60)

    Reference:
        Bahdanau 2014, Neural Machine Translation by Jointly Learning to Align and Translate, arXiv:1409.0473; Luong
        2015, Effective Approaches to Attention-based Neural Machine Translation, arXiv:1508.04025.
    """
    encoder = _WORDS.encoder(options)
    for argument, size in (
        ("source_vocabulary_size", source_vocabulary_size),
        ("target_vocabulary_size", target_vocabulary_size),
    ):
        checks.integer(argument, size, minimum=5, fix="Ids 0 to 3 mean padding, unknown, start and end.")
    checks.integer("embedding_size", embedding_size, minimum=1)
    checks.flag("trainable_embedding", trainable_embedding)
    checks.choice("attention", attention, ATTENTIONS)
    encoder.check_skip(return_sequences=True)
    warn_off_cudnn(encoder)

    by_name = {
        layer.name: layer
        for layer in (
            _embedding(source_vocabulary_size, embedding_size, trainable_embedding, "source_embedding"),
            NeverEmpty(name="source_steps"),
            *_encoder_layers(encoder),
            _embedding(target_vocabulary_size, embedding_size, trainable_embedding, "target_embedding"),
            NeverEmpty(name="target_steps"),
            *_decoder_layers(encoder),
            *_attention_layers(attention, encoder.widths[-1]),
            *_dropout_layers(encoder),
            layers.Dense(target_vocabulary_size, dtype="float32", name="logits"),
        )
    }
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    decoder_tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    memory, keys, valid, states = encode_source(by_name, tokens)
    logits, _ = decode_target(by_name, decoder_tokens, memory, keys, valid, states)
    _start_from(by_name["source_embedding"], source_embedding_weights, "source_embedding_weights")
    _start_from(by_name["target_embedding"], target_embedding_weights, "target_embedding_weights")
    return keras.Model([tokens, decoder_tokens], logits, name=name)


def _embedding(vocabulary_size: int, size: int, trainable: bool, name: str) -> Layer:
    # Keras's own start, within 0.05, is so small that for thousands of updates little reaches the attention.
    start = keras.initializers.RandomNormal(stddev=1.0)
    return layers.Embedding(
        vocabulary_size, size, embeddings_initializer=start, trainable=trainable, name=name
    )


def _start_from(embedding: Layer, weights: np.ndarray | None, argument: str) -> None:
    if weights is not None:
        matrix = check_embedding_weights(weights, embedding.input_dim, embedding.output_dim, name=argument)
        embedding.set_weights([matrix])


def _encoder_layers(config: EncoderConfig) -> list[Layer]:
    made: list[Layer] = []
    for depth, width in enumerate(config.widths, start=1):
        name, inner = f"encoder_{depth}", f"{config.cell}_{depth}"
        wrapped = config.bidirectional or config.extra.weight_drop
        layer = recurrent_layer(config, width, return_state=True, name=inner if wrapped else name)
        if config.bidirectional:
            layer = layers.Bidirectional(
                layer, name=f"bidirectional_{depth}" if config.extra.weight_drop else name
            )
        made.append(drop_weights(layer, config, name=name))
        made += _skip(config, depth, f"encoder_skip_{depth}")
    return made


def _decoder_layers(config: EncoderConfig) -> list[Layer]:
    made: list[Layer] = []
    for depth, width in enumerate(config.widths, start=1):
        name = f"decoder_{depth}"
        inner = f"{config.cell}_decoder_{depth}" if config.extra.weight_drop else name
        layer = recurrent_layer(config, width, return_state=True, name=inner)
        made.append(drop_weights(layer, config, name=name))
        made += _skip(config, depth, f"decoder_skip_{depth}")
        # An output is bounded by tanh, the inner state of an LSTM is not.
        made.append(layers.Dense(width, activation="tanh", name=f"first_state_{depth}_h"))
        if config.cell == "lstm":
            made.append(layers.Dense(width, name=f"first_state_{depth}_c"))
    if config.extra.activation_penalty or config.extra.change_penalty:
        size, change = config.extra.activation_penalty, config.extra.change_penalty
        made.append(ActivationPenalty(size=size, change=change, name="activation_penalty"))
    return made


def _skip(config: EncoderConfig, depth: int, name: str) -> list[Layer]:
    return [] if config.skip == "none" or depth == 1 else [skip_layer(config.skip, name)]


def _attention_layers(attention: str, width: int) -> list[Layer]:
    query: Layer = (
        layers.Dense(width, name="attention_query")
        if attention == "bahdanau"
        # The general score has one matrix, which the keys carry.
        else layers.Identity(name="attention_query")
    )
    return [
        layers.Dense(width, use_bias=False, name="attention_keys"),
        query,
        SourceAttention(attention, name="attention"),
        layers.Dense(width, activation="tanh", name="attended"),
    ]


def _dropout_layers(config: EncoderConfig) -> list[Layer]:
    if not config.dropout:
        return []
    between = [
        f"{side}_dropout_{number}"
        for side in ("encoder", "decoder")
        for number in range(2, len(config.widths) + 1)
    ]
    return [
        dropout_layer(config.dropout, config.extra, name=name, steps=True)
        for name in ("source_dropout", "target_dropout", *between, "dropout_out")
    ]
