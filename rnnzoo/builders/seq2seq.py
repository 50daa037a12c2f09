"""Sequence in, another sequence out, of any other length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.cells import CELLS
from rnnzoo.keras_models.encoder_decoder import decode_target, encode_source
from rnnzoo.layers.attention import ATTENTIONS, SourceAttention
from rnnzoo.layers.valid_steps import NeverEmpty

SEQ2SEQ_CELLS = ("lstm", "gru")


def build_seq2seq(
    *,
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 128,
    cell: str = "lstm",
    units: int | Sequence[int] = (128,),
    bidirectional: bool = True,
    attention: str = "luong",
    dropout: float = 0.0,
    name: str = "seq2seq",
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
        cell: ``"lstm"`` or ``"gru"``.
        units: Width of each layer of the encoder (of each direction) and of the decoder: ``(64, 64)`` is two and two.
        bidirectional: Whether the encoder also reads backwards.
        attention: ``"bahdanau"``, the additive score ``v . tanh(W q + U k)``, or ``"luong"``, the general product
            ``q . W k``.
        dropout: Share of embeddings, of connections between layers and of the attended outputs dropped in training.
        name: The model's name.

    Raises:
        ArgumentError: If an argument is out of range.

    Example:
        >>> model = build_seq2seq(source_vocabulary_size=50, target_vocabulary_size=60, units=8)
        >>> model.output_shape
        (None, None, 60)

    Reference:
        Bahdanau 2014, Neural Machine Translation by Jointly Learning to Align and Translate, arXiv:1409.0473; Luong
        2015, Effective Approaches to Attention-based Neural Machine Translation, arXiv:1508.04025.
    """
    for argument, size in (
        ("source_vocabulary_size", source_vocabulary_size),
        ("target_vocabulary_size", target_vocabulary_size),
    ):
        checks.integer(argument, size, minimum=5, fix="Ids 0 to 3 mean padding, unknown, start and end.")
    checks.integer("embedding_size", embedding_size, minimum=1)
    checks.choice("cell", cell, SEQ2SEQ_CELLS)
    checks.flag("bidirectional", bidirectional)
    checks.choice("attention", attention, ATTENTIONS)
    widths = checks.widths("units", units)
    checks.number("dropout", dropout, minimum=0, below=1)

    by_name = {
        layer.name: layer
        for layer in (
            _embedding(source_vocabulary_size, embedding_size, "source_embedding"),
            NeverEmpty(name="source_steps"),
            *_encoder_layers(cell, widths, bidirectional),
            _embedding(target_vocabulary_size, embedding_size, "target_embedding"),
            NeverEmpty(name="target_steps"),
            *_decoder_layers(cell, widths),
            *_attention_layers(attention, widths[-1]),
            *_dropout_layers(dropout, len(widths)),
            layers.Dense(target_vocabulary_size, dtype="float32", name="logits"),
        )
    }
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    decoder_tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    memory, keys, valid, states = encode_source(by_name, tokens)
    logits, _ = decode_target(by_name, decoder_tokens, memory, keys, valid, states)
    return keras.Model([tokens, decoder_tokens], logits, name=name)


def _embedding(vocabulary_size: int, size: int, name: str) -> Any:
    # Keras's own start, within 0.05, is so small that for thousands of updates little reaches the attention.
    start = keras.initializers.RandomNormal(stddev=1.0)
    return layers.Embedding(vocabulary_size, size, embeddings_initializer=start, name=name)


def _encoder_layers(cell: str, widths: Sequence[int], bidirectional: bool) -> list[Any]:
    made: list[Any] = []
    for depth, width in enumerate(widths, start=1):
        name = f"encoder_{depth}"
        arguments = {"return_sequences": True, "return_state": True}
        inner = CELLS[cell].layer(width, name=f"{cell}_{depth}" if bidirectional else name, **arguments)
        made.append(layers.Bidirectional(inner, name=name) if bidirectional else inner)
    return made


def _decoder_layers(cell: str, widths: Sequence[int]) -> list[Any]:
    made: list[Any] = []
    for depth, width in enumerate(widths, start=1):
        made.append(
            CELLS[cell].layer(width, return_sequences=True, return_state=True, name=f"decoder_{depth}")
        )
        # An output is bounded by tanh, the inner state of an LSTM is not.
        made.append(layers.Dense(width, activation="tanh", name=f"first_state_{depth}_h"))
        if cell == "lstm":
            made.append(layers.Dense(width, name=f"first_state_{depth}_c"))
    return made


def _attention_layers(attention: str, width: int) -> list[Any]:
    query: Any = (
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


def _dropout_layers(rate: float, depth: int) -> list[Any]:
    if not rate:
        return []
    between = [
        f"{side}_dropout_{number}" for side in ("encoder", "decoder") for number in range(2, depth + 1)
    ]
    return [
        layers.Dropout(rate, name=name)
        for name in ("source_dropout", "target_dropout", *between, "dropout_out")
    ]
