"""Bundles that are written by hand, a table of numbers each, so that what serves is tested without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rnnzoo.decoding import Decoding, save_decoding
from rnnzoo.preprocessing import Preprocessing, save_preprocessing
from rnnzoo_export.bundle import write_manifest
from rnnzoo_export.signature import Signature, State, TensorSpec

_TYPES = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32, "bool": TensorProto.BOOL}
STATE = State("state", "next_state", (1,))


def spec(name: str, dtype: str, *axes: str | None, size: int | None = None) -> TensorSpec:
    """A tensor whose axes are free but for the last one, where a size is given."""
    shape = [None] * len(axes) if size is None else [*[None] * (len(axes) - 1), size]
    return TensorSpec(name, dtype, tuple(shape), axes)


def write_onnx(
    path: Path,
    signature: Signature,
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    metadata: dict[str, str] | None = None,
) -> None:
    """Writes a file of a few nodes."""

    def tensor(spec: TensorSpec) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(spec.name, _TYPES[spec.dtype], spec.shape)

    graph = helper.make_graph(
        nodes,
        "handmade",
        [tensor(spec) for spec in signature.inputs],
        [tensor(spec) for spec in signature.outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_bundle(
    folder: Path,
    signature: Signature,
    *,
    preprocessing: Preprocessing | None = None,
    decoding: Decoding | None = None,
) -> Path:
    """Seals what lies in a folder, ``model.onnx`` among it, as a bundle."""
    (folder / "signature.json").write_text(json.dumps(signature.to_config()))
    (folder / "provenance.json").write_text(json.dumps({"name": "handmade"}))
    if preprocessing is not None:
        save_preprocessing(preprocessing, folder / "preprocessing.json")
    if decoding is not None:
        save_decoding(decoding, folder / "decoding.json")
    write_manifest(folder)
    return folder


def scorer(folder: Path, table: np.ndarray, **parts: Any) -> Path:
    """A classifier of texts: the mean of its words' rows ``(vocabulary, classes)``, padding not counted."""
    folder.mkdir(parents=True, exist_ok=True)
    signature = Signature(
        inputs=(spec("tokens", "int32", "batch", "time"),),
        outputs=(spec("logits", "float32", "batch", "classes", size=table.shape[1]),),
    )
    nodes = [
        helper.make_node("Gather", ["table", "tokens"], ["rows"]),
        helper.make_node("Cast", ["tokens"], ["valid"], to=TensorProto.BOOL),
        helper.make_node("Cast", ["valid"], ["ones"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["ones", "last"], ["weights"]),
        helper.make_node("Mul", ["rows", "weights"], ["counted"]),
        helper.make_node("ReduceSum", ["counted", "time"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["weights", "time"], ["count"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["logits"]),
    ]
    constants: dict[str, np.ndarray] = {
        "table": table.astype(np.float32),
        "last": np.array([2], np.int64),
        "time": np.array([1], np.int64),
    }
    write_onnx(folder / "model.onnx", signature, nodes, constants)
    return write_bundle(folder, signature, **parts)


def linear(
    folder: Path,
    weights: dict[str, np.ndarray],
    output: str,
    *equations: str,
    mask: bool = False,
    **parts: Any,
) -> Path:
    """A model that sums its inputs times weights, each by its equation such as ``btf,tfc->bc``; a mask is not read."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs, nodes, shape = [], [], ()
    for (name, value), equation in zip(weights.items(), equations, strict=True):
        (of_input, of_weights), answered = equation.partition("->")[0].split(","), equation.partition("->")[2]
        sizes = dict(zip(of_weights, value.shape, strict=True))
        row, shape = (tuple(sizes[letter] for letter in letters[1:]) for letters in (of_input, answered))
        inputs.append(TensorSpec(name, "float32", (None, *row), ("batch", *[None] * len(row))))
        nodes.append(
            helper.make_node("Einsum", [name, f"{name} weights"], [f"{name} sum"], equation=equation)
        )
    if mask:
        inputs.append(spec("mask", "bool", "batch", "time"))
    nodes.append(helper.make_node("Sum", [f"{name} sum" for name in weights], [output]))
    answers = TensorSpec(output, "float32", (None, *shape), ("batch", *[None] * len(shape)))
    signature = Signature(tuple(inputs), (answers,))
    constants = {f"{name} weights": value.astype(np.float32) for name, value in weights.items()}
    write_onnx(folder / "model.onnx", signature, nodes, constants)
    return write_bundle(folder, signature, **parts)


def writer(
    folder: Path,
    table: np.ndarray,
    preprocessing: Preprocessing,
    *,
    streaming: bool = True,
    decoding: Decoding | None = None,
) -> Path:
    """A language model: the logits after a token are its row of the table ``(vocabulary, vocabulary)``."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = spec("tokens", "int32", "batch", "time")
    logits = spec("logits", "float32", "batch", "time", "tokens", size=len(table))
    look_up = helper.make_node("Gather", ["table", "tokens"], ["logits"])
    constants = {"table": table.astype(np.float32)}
    whole = Signature((tokens,), (logits,))
    write_onnx(folder / "model.onnx", whole, [look_up], constants)
    if streaming:
        state, after = (spec(name, "float32", "batch", None, size=1) for name in ("state", "next_state"))
        stepwise = Signature((tokens, state), (logits, after))
        write_onnx(
            folder / "streaming.onnx",
            stepwise,
            [look_up, helper.make_node("Identity", ["state"], ["next_state"])],
            constants,
            {"states": json.dumps([STATE.to_config()]), "signature": json.dumps(stepwise.to_config())},
        )
    return write_bundle(folder, whole, preprocessing=preprocessing, decoding=decoding)


def translator(folder: Path, table: np.ndarray, *, source_vocabulary: int) -> Path:
    """A translator that does not look at its source: the logits after a token are its row of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = spec("tokens", "int32", "batch", "source")
    memory, keys, valid = (
        spec(name, kind, "batch", "source")
        for name, kind in (("memory", "float32"), ("keys", "float32"), ("valid", "bool"))
    )
    state, after = (spec(name, "float32", "batch", "source") for name in ("state", "next_state"))
    encoder = [
        helper.make_node("Cast", ["tokens"], ["memory"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["tokens"], ["keys"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["tokens"], ["valid"], to=TensorProto.BOOL),
        helper.make_node("Cast", ["tokens"], ["state"], to=TensorProto.FLOAT),
    ]
    write_onnx(folder / "encoder.onnx", Signature((tokens,), (memory, keys, valid, state)), encoder, {})
    decoder = [
        helper.make_node("Gather", ["table", "decoder_tokens"], ["logits"]),
        helper.make_node("Identity", ["state"], ["next_state"]),
    ]
    last = spec("decoder_tokens", "int32", "batch", "step")
    logits = spec("logits", "float32", "batch", "step", "tokens", size=len(table))
    write_onnx(
        folder / "decoder.onnx",
        Signature((last, memory, keys, valid, state), (logits, after)),
        decoder,
        {"table": table.astype(np.float32)},
    )
    header = {"format_version": 1, "source_vocabulary_size": source_vocabulary}
    (folder / "translator.json").write_text(json.dumps(header))
    return folder
