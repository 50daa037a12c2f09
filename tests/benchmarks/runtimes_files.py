"""The files of ``runtimes.py``: a matrix of layers, every entry of the zoo, operators, and models of one's own."""

from __future__ import annotations

import functools
import itertools
import runpy
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import onnx
from keras import layers, ops

import random_networks
from proof_networks import Network
from rnnzoo import get_spec, list_models
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import export_onnx, export_seq2seq_onnx, export_streaming_onnx
from rnnzoo_export.formats.dynamic_quantization import quantize_dynamically
from rnnzoo_export.formats.weight_compression import compress_weights
from summing_cell import SummingCell
from zoo_cases import case as case_of
from zoo_cases import tiny

TESTS = Path(__file__).resolve().parents[1]
#: What a file is, with its name without ``.onnx``.
Case = dict[str, Any]

LAYERS: dict[str, tuple[type[keras.Layer], dict[str, Any]]] = {
    "LSTM": (layers.LSTM, {}),
    "GRU": (layers.GRU, {}),
    "GRU, reset before": (layers.GRU, {"reset_after": False}),
    "SimpleRNN": (layers.SimpleRNN, {}),
}
# Direction, answer, and whether there is a mask.
FORMS = (
    ("forwards", "sequences", True),
    ("forwards", "states", True),
    ("backwards", "last", True),
    ("both", "last", True),
    ("both", "sequences", False),
)


def write_files(folder: Path) -> Iterator[Case]:
    """Writes every file; yields what each is: its group, name, kind of file, and for the matrix its form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a convolution drops a mask, with a warning
        yield from write_layers(folder)
        yield from write_zoo(folder)
        yield from write_networks(folder, "operators", operators())
        yield from write_networks(folder, "own models", own_models())


# The matrix.


def network(layer: str, direction: str, answer: str, *, masked: bool) -> keras.Model:
    """Two layers of one kind, with random biases."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 3), name="x")
    x = layers.Masking()(inputs) if masked else inputs
    kind, arguments = LAYERS[layer]

    def recurrent(**more: Any) -> keras.Layer:
        made = kind(
            4, bias_initializer="glorot_uniform", go_backwards=direction == "backwards", **arguments, **more
        )
        return layers.Bidirectional(made) if direction == "both" else made

    if direction != "backwards":  # whose sequence stands the other way round than the mask
        x = recurrent(return_sequences=True)(x)
    outputs = recurrent(return_sequences=answer == "sequences", return_state=answer == "states")(x)
    return keras.Model(inputs, outputs)


def text_network(model: keras.Model) -> keras.Model:
    """The same layers behind an embedding that masks."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(5, 3, mask_zero=True)(tokens)
    for layer in model.layers:
        if isinstance(layer, layers.RNN | layers.Bidirectional):
            x = type(layer).from_config({**layer.get_config(), "name": layer.name})(x)
    return keras.Model(tokens, x)


def write_layers(folder: Path) -> Iterator[Case]:
    """Layers, directions, answers and masks, in every kind of file."""
    for number, (layer, (direction, answer, masked)) in enumerate(itertools.product(LAYERS, FORMS)):
        model = network(layer, direction, answer, masked=masked)
        name = f"{layer}, {direction}, {answer}, {'masked' if masked else 'no mask'}"
        case = {"group": "layers", "name": name, "layer": layer, "answer": answer, "masked": masked}
        path = folder / f"layers-{number:03}-plain.onnx"
        export_onnx(model, path)
        yield {**case, "kind": "plain", "file": path.stem}
        small = onnx.load(path)
        compress_weights(small, int8=True)
        path = folder / f"layers-{number:03}-weights.onnx"
        onnx.save(small, path)
        yield {**case, "kind": "weights int8", "file": path.stem}
        if layer == "LSTM":  # onnxruntime has no other layer in 8 bits
            path = folder / f"layers-{number:03}-dynamic.onnx"
            quantize_dynamically(onnx.load(folder / f"layers-{number:03}-plain.onnx"), path)
            yield {**case, "kind": "dynamic int8", "file": path.stem}
        if direction == "forwards" and answer == "sequences":  # streams are read forwards
            path = folder / f"layers-{number:03}-streaming.onnx"
            export_streaming_onnx(model, path)
            yield {**case, "kind": "streaming", "file": path.stem}
        if direction == "both" and masked:
            path = folder / f"layers-{number:03}-raw.onnx"
            export_onnx(text_network(model), path, text=TextPreprocessing(["", "[UNK]", "a", "the", "blue"]))
            yield {**case, "kind": "raw", "file": path.stem}


# The zoo.


def write_zoo(folder: Path) -> Iterator[Case]:
    """Every entry in its smallest size: its file or files, and its stream where it has one."""
    for number, name in enumerate(list_models()):
        keras.utils.set_random_seed(4)
        model, case = tiny(name), {"group": "zoo", "name": name}
        stem = f"zoo-{number:03}"
        if get_spec(name).builder == "build_seq2seq":
            export_seq2seq_onnx(model, folder / stem, strict=False)
            for part in ("encoder", "decoder"):
                (folder / stem / f"{part}.onnx").rename(folder / f"{stem}-{part}.onnx")
                yield {**case, "kind": part, "file": f"{stem}-{part}"}
            continue
        export_onnx(model, folder / f"{stem}-plain.onnx", strict=False)
        yield {**case, "kind": "plain", "file": f"{stem}-plain"}
        if model.inputs[0].shape[1] is None and not case_of(name).looks_ahead(get_spec(name)):
            export_streaming_onnx(model, folder / f"{stem}-streaming.onnx", strict=False)
            yield {**case, "kind": "streaming", "file": f"{stem}-streaming"}


# Operators, and models of one's own.


def write_networks(folder: Path, group: str, networks: dict[str, Callable[[], Any]]) -> Iterator[Case]:
    """One plain file of each network: a model, or a model and what a subclassed one takes."""
    for number, (name, build) in enumerate(networks.items()):
        keras.utils.set_random_seed(4)
        built = build()
        model, signature = built if isinstance(built, tuple) else (built, None)
        stem = f"{group.replace(' ', '-')}-{number:03}"
        export_onnx(model, folder / f"{stem}.onnx", strict=False, input_signature=signature)
        yield {"group": group, "name": name, "kind": "plain", "file": stem}


def operators() -> dict[str, Callable[[], Any]]:
    """The operations of ``test_operators.py`` behind a GRU."""
    known = runpy.run_path(str(TESTS / "export" / "test_operators.py"))
    parts = {**known["PARTS"], **known["LATER"]}
    return {name: functools.partial(known["network"], part) for name, part in parts.items()}


def own_models() -> dict[str, Callable[[], Any]]:
    """One model of each kind that the tests of the exporter have, and what people build around recurrent layers."""
    tests = {
        name: runpy.run_path(str(TESTS / "export" / f"test_{name}.py"))
        for name in (
            "onnx_export",
            "model_ports",
            "keras_functions",
            "shared_weights",
            "lookup_nodes",
            "recurrent_nodes",
        )
    }
    series = tests["model_ports"]["series"]
    encoders = tests["shared_weights"]["ENCODERS"]
    return {
        "subclassed model, answers a dictionary": lambda: (
            tests["onnx_export"]["Subclassed"](),
            keras.Input((None, 3), name="x"),
        ),
        "subclassed model, two arguments": lambda: (
            tests["model_ports"]["Pair"](name="pair"),
            (series(), series()),
        ),
        "keras.ops.scan": lambda: _scanned(tests["keras_functions"]["Scanned"]()),
        "sentences of masked words": tests["keras_functions"]["masked_words"],
        "Siamese encoder": lambda: tests["shared_weights"]["siamese"](encoders["both ways"]()),
        "IntegerLookup": tests["lookup_nodes"]["network"],
        "StringLookup, masked": lambda: tests["lookup_nodes"]["reads_words"](mask_token="", mask_zero=True),
        "given states h and c": tests["recurrent_nodes"]["with_states"],
        "subclassed layer, masked": _subclassed_layer,
        "cell of one's own": lambda: _on_series(layers.RNN(SummingCell(4))),
        "stacked cells": lambda: _on_series(layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)])),
        "nested LSTM, both ways, masked ids": Network("LSTM", "both", "ids", nested=True).build,
        "SimpleRNN softsign, states, masked": Network("SimpleRNN", "forwards", "-1").build,
        "LSTM as a Scan, masked": Network("LSTM as a Scan", "forwards", "0").build,
        "sLSTM, both ways, masked": Network("sLSTM", "both", "0", states=False).build,
        "convolution and pooling around a GRU": lambda: _on_series(
            layers.Conv1D(4, 3, padding="valid"),
            layers.MaxPooling1D(2),
            layers.GRU(4, return_sequences=True),
            layers.GlobalAveragePooling1D(),
        ),
        "convolutional LSTM": lambda: _on_series(
            layers.Reshape((-1, 3, 1)), layers.ConvLSTM1D(2, 2), layers.Flatten(), layers.Dense(2)
        ),
        "attention over a masked GRU": _attention,
        "encoder and decoder, masked": _encoder_and_decoder,
        "scalar and dictionary": _scalar_and_dictionary,
        "text beside a series": _text_beside_a_series,
    }


def _on_series(*stack: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((None, 3), name="x"), *stack])


def _scanned(layer: keras.Layer) -> keras.Model:
    x = keras.Input((None, 3), name="x")
    return keras.Model(x, layer(layers.LSTM(4, return_sequences=True)(x)))


def _subclassed_layer() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    masked = layers.Masking()(x)
    return keras.Model(x, random_networks.Doubled(layers.GRU(4))(masked))


def _attention() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.GRU(4, return_sequences=True)(layers.Embedding(9, 3, mask_zero=True)(tokens))
    return keras.Model(tokens, layers.MultiHeadAttention(2, 3)(x, x))


def _encoder_and_decoder() -> keras.Model:
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    _, h, c = layers.LSTM(4, return_state=True)(layers.Embedding(9, 3, mask_zero=True)(source))
    x = layers.Embedding(9, 3)(target)
    x = layers.LSTM(4, return_sequences=True)(x, initial_state=[h, c])
    return keras.Model({"source": source, "target": target}, layers.Dense(9)(x))


def _scalar_and_dictionary() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    states = layers.GRU(3)(x)
    return keras.Model({"x": x}, {"all": ops.sum(states), "units": ops.sum(states, axis=0), "rows": states})


def _text_beside_a_series() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = keras.Input((None, 3), name="x")
    read = layers.Bidirectional(layers.LSTM(4))(layers.Embedding(9, 3, mask_zero=True)(tokens))
    return keras.Model(
        [tokens, x], layers.Dense(2)(layers.Concatenate()([read, layers.GRU(4)(layers.Masking()(x))]))
    )
