"""The wiring of encoder-decoder models: the same layers make the model that is trained and the two that translate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from rnnzoo.errors import ArgumentError
from rnnzoo.layers.skips import lead_around
from rnnzoo.preprocessing.text_coding import PADDING
from rnnzoo.tensors import Tensor

Layers = Mapping[str, Any]


def encode_source(by_name: Layers, tokens: Tensor) -> tuple[Any, Any, Any, list[list[Any]]]:
    """Reads a source.

    Args:
        by_name: The layers of the model.
        tokens: The ids ``(batch, source)``.

    Returns:
        The memory ``(batch, source, features)``, its keys, its valid steps, and the states in which each layer of the
        decoder starts.
    """
    valid = by_name["source_steps"](ops.not_equal(tokens, PADDING))
    x = _dropped(by_name, "source_dropout", by_name["source_embedding"](tokens))
    starts = []
    for depth in _depths(by_name):
        y, *states = by_name[f"encoder_{depth}"](_dropped(by_name, f"encoder_dropout_{depth}", x), mask=valid)
        x = lead_around(by_name.get(f"encoder_skip_{depth}"), x, y)
        kinds = _state_names(by_name, depth)
        # Those of the forward direction come first, then those of the backward one.
        parts = [states[place :: len(kinds)] for place in range(len(kinds))]
        starts.append(
            [
                by_name[f"first_{name}"](ops.concatenate(part, axis=-1) if len(part) > 1 else part[0])
                for name, part in zip(kinds, parts, strict=True)
            ]
        )
    return x, by_name["attention_keys"](x), valid, starts


def decode_target(
    by_name: Layers,
    tokens: Tensor,
    memory: Tensor,
    keys: Tensor,
    valid: Tensor,
    states: Sequence[Sequence[Any]],
) -> tuple[Any, list[list[Any]]]:
    """Goes on with a target.

    Args:
        by_name: The layers of the model.
        tokens: The ids that came before ``(batch, target)``, all of them or one at a time.
        memory: The memory of the source.
        keys: Its keys.
        valid: Its valid steps.
        states: The states of each layer of the decoder.

    Returns:
        The logits of what comes next ``(batch, target, vocabulary)``, and the states after the last token.
    """
    steps = by_name["target_steps"](ops.not_equal(tokens, PADDING))
    x = _dropped(by_name, "target_dropout", by_name["target_embedding"](tokens))
    after = []
    for depth, start in zip(_depths(by_name), states, strict=True):
        y, *ends = by_name[f"decoder_{depth}"](
            _dropped(by_name, f"decoder_dropout_{depth}", x), mask=steps, initial_state=list(start)
        )
        x = lead_around(by_name.get(f"decoder_skip_{depth}"), x, y)
        after.append(ends)
    if "activation_penalty" in by_name:
        x = by_name["activation_penalty"](x, mask=steps)
    context = by_name["attention"](by_name["attention_query"](x), keys, memory, valid)
    x = by_name["attended"](ops.concatenate([x, context], axis=-1))
    return by_name["logits"](_dropped(by_name, "dropout_out", x)), after


def split_seq2seq(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Returns the two halves of a model that ``build_seq2seq`` made; they share its weights.

    Args:
        model: The model, trained or loaded.

    Returns:
        The encoder: ``tokens`` to ``memory``, ``keys``, ``valid`` and ``state_<layer>_<h or c>``. The decoder:
        ``decoder_tokens`` ``(batch, time)`` with all of those to ``logits`` and ``next_<state>``; one token at a time
        or several.

    Raises:
        ArgumentError: If the model is another.

    Example:
        >>> from rnnzoo import build_seq2seq
        >>> model = build_seq2seq(source_vocabulary_size=9, target_vocabulary_size=9, cell="gru", units=4)
        >>> encoder, decoder = split_seq2seq(model)
        >>> encoder.output_names
        ['memory', 'keys', 'valid', 'state_1_h']
        >>> decoder.output_names
        ['logits', 'next_state_1_h']
    """
    by_name = {layer.name: layer for layer in model.layers}
    missing = [name for name in _NEEDED if name not in by_name]
    if missing:
        raise ArgumentError(
            f"model {model.name!r}: has no layer {missing[0]!r}; expected a model that build_seq2seq made."
        )
    memory, keys, valid, starts = encode_source(by_name, model.input[0])
    outputs = {"memory": memory, "keys": keys, "valid": valid}
    outputs |= {
        name: state
        for depth, states in zip(_depths(by_name), starts, strict=True)
        for name, state in zip(_state_names(by_name, depth), states, strict=True)
    }
    encoder = keras.Model(model.input[0], _named(outputs), name=f"{model.name}_encoder")
    return encoder, _decoder_model(model, by_name, outputs)


def _decoder_model(model: keras.Model, by_name: Layers, outputs: Mapping[str, Any]) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    given = {
        name: keras.Input(tensor.shape[1:], dtype="bool" if name == "valid" else "float32", name=name)
        for name, tensor in outputs.items()
    }
    states = [[given[name] for name in _state_names(by_name, depth)] for depth in _depths(by_name)]
    logits, after = decode_target(by_name, tokens, given["memory"], given["keys"], given["valid"], states)
    names = [f"next_{name}" for depth in _depths(by_name) for name in _state_names(by_name, depth)]
    flat = [state for states in after for state in states]
    result = {"logits": logits, **dict(zip(names, flat, strict=True))}
    return keras.Model([tokens, *given.values()], _named(result), name=f"{model.name}_decoder")


def _named(tensors: Mapping[str, Any]) -> list[Any]:
    # Keras names an output after the layer that it comes from.
    return [
        tensor if name == "logits" else layers.Identity(name=name, dtype="float32")(tensor)
        for name, tensor in tensors.items()
    ]


def _depths(by_name: Layers) -> list[int]:
    count = sum(
        1 for name in by_name if name.startswith("decoder_") and name.removeprefix("decoder_").isdigit()
    )
    return list(range(1, count + 1))


def _state_names(by_name: Layers, depth: int) -> list[str]:
    return [name for name in (f"state_{depth}_h", f"state_{depth}_c") if f"first_{name}" in by_name]


def _dropped(by_name: Layers, name: str, x: Tensor) -> Tensor:
    return by_name[name](x) if name in by_name else x


_NEEDED = (
    "source_steps",
    "source_embedding",
    "encoder_1",
    "attention_keys",
    "target_steps",
    "target_embedding",
    "decoder_1",
    "attention_query",
    "attention",
    "attended",
    "logits",
)
