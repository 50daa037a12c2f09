"""Bundles of a few nodes each, made by hand, that do nearly nothing: a server of them needs no training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper

from handmade_bundles import spec, write_bundle, write_onnx
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import Preprocessing
from rnnzoo_export.bundle import write_manifest
from rnnzoo_export.signature import Signature, TensorSpec


def summed(
    folder: Path,
    weights: Mapping[str, tuple[str, np.ndarray]],
    *,
    bias: Any = 0.0,
    others: tuple[TensorSpec, ...] = (),
    facts: Mapping[str, Any],
    preprocessing: Preprocessing | None = None,
    decoding: Decoding | None = None,
) -> Path:
    """A model that sums its inputs times weights, each by its equation; axes that weights lack are free.

    Args:
        folder: Where to write.
        weights: For each input an equation such as ``btf,fc->bc``, and its weights.
        bias: What is added.
        others: Inputs that are not read.
        facts: The provenance: name, task, example.
        preprocessing: From rows to inputs.
        decoding: From outputs to answers.
    """
    folder.mkdir(parents=True)
    inputs, nodes = [], []
    shape: tuple[int | None, ...] = ()
    for name, (equation, weight) in weights.items():
        given, _, answered = equation.partition("->")
        of_input, of_weight = given.split(",")
        sizes = dict(zip(of_weight, weight.shape, strict=True))
        row, shape = (tuple(sizes.get(letter) for letter in letters[1:]) for letters in (of_input, answered))
        axes = (
            "batch",
            *(f"{name}_{letter}" if sizes.get(letter) is None else None for letter in of_input[1:]),
        )
        inputs.append(TensorSpec(name, "float32", (None, *row), axes))
        nodes.append(
            helper.make_node("Einsum", [name, f"{name} weights"], [f"{name} sum"], equation=equation)
        )
    nodes.append(helper.make_node("Sum", ["bias", *(f"{name} sum" for name in weights)], ["output"]))
    answer = TensorSpec("output", "float32", (None, *shape), ("batch", *[None] * len(shape)))
    signature = Signature((*inputs, *others), (answer,))
    constants = {f"{name} weights": weight.astype(np.float32) for name, (_, weight) in weights.items()}
    write_onnx(folder / "model.onnx", signature, nodes, {**constants, "bias": np.asarray(bias, np.float32)})
    return with_facts(write_bundle(folder, signature, preprocessing=preprocessing, decoding=decoding), facts)


def looked_up(
    folder: Path,
    table: np.ndarray,
    *,
    each_step: bool,
    facts: Mapping[str, Any],
    preprocessing: Preprocessing,
    decoding: Decoding,
) -> Path:
    """A model of words: the logits of each are its row of the table ``(vocabulary, labels)``, or their sum is."""
    folder.mkdir(parents=True)
    axes = ("batch", "time", "labels") if each_step else ("batch", "labels")
    signature = Signature(
        (spec("tokens", "int32", "batch", "time"),),
        (spec("logits", "float32", *axes, size=table.shape[1]),),
    )
    rows = "logits" if each_step else "rows"
    nodes = [helper.make_node("Gather", ["table", "tokens"], [rows])]
    constants: dict[str, np.ndarray] = {"table": table.astype(np.float32)}
    if not each_step:
        nodes.append(helper.make_node("ReduceSum", ["rows", "time"], ["logits"], keepdims=0))
        constants["time"] = np.array([1], np.int64)
    write_onnx(folder / "model.onnx", signature, nodes, constants)
    return with_facts(write_bundle(folder, signature, preprocessing=preprocessing, decoding=decoding), facts)


def with_facts(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Gives a bundle its provenance."""
    (folder / "provenance.json").write_text(json.dumps(facts))
    write_manifest(folder)
    return folder
