"""Truth of ``rnnzoo_export.formats.weight_compression``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from quantized_files import exported, tokens
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.graph.protos import count_operators


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_int8_weights_are_about_a_quarter_and_answer_alike(cell: str, tmp_path: Path) -> None:
    data = exported(cell, tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "int8.onnx", **arguments)
    assert report.size == (tmp_path / "int8.onnx").stat().st_size
    assert report.size <= 0.30 * report.original_size
    assert 0 < report.max_difference < 0.05
    # The embedding, two kernels a direction and layer, the head.
    assert len(report.quantized) == 8 + 2
    assert all(
        "bias" in reason or "numbers" in reason or "input 3" in reason for reason in report.kept.values()
    )
    half = quantize_onnx(tmp_path / "model.onnx", tmp_path / "half.onnx", method="float16", **arguments)
    assert half.quantized == report.quantized
    assert half.size <= 0.53 * half.original_size
    assert half.max_difference < report.max_difference / 10
    before, after = (
        Counter(count_operators(onnx.load(tmp_path / f"{name}.onnx"))) for name in ("model", "int8")
    )
    assert before <= after
    assert set(after - before) <= {"Cast", "Mul"}


def test_what_the_int8_weights_are_worth(tmp_path: Path) -> None:
    # One column of the head, so that the rounding is known: half a step of 1/127 of the largest weight.
    inputs = keras.Input((None, 32), name="x")
    model = keras.Model(inputs, keras.layers.Dense(16, name="head")(keras.layers.GRU(16)(inputs)))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(8, 5, 32)).astype(np.float32)
    data = [({"x": x}, np.zeros((8, 16), np.float32))]
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "int8.onnx", data=data, task="regression", max_drop=50
    )
    tensors = {
        t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(tmp_path / "int8.onnx").graph.initializer
    }
    (head,) = (name for name in report.quantized if tensors[f"{name}/int8"].shape == (16, 16))
    kernel = np.asarray(model.get_layer("head").kernel)
    restored = tensors[f"{head}/int8"] * tensors[f"{head}/scales"]
    steps = np.abs(kernel).max(axis=0) / 127
    assert (np.abs(restored - kernel) <= steps / 2 + 1e-7).all()
    assert np.abs(tensors[f"{head}/int8"]).max(axis=0).tolist() == [127] * 16


def test_an_embedding_restores_only_the_rows_it_looks_up(tmp_path: Path) -> None:
    exported("gru", tmp_path / "model.onnx")
    data = [({"tokens": tokens()}, np.zeros(64, int))]
    quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", data=data, task="classification", max_drop=100
    )
    graph = onnx.load(tmp_path / "q.onnx").graph
    (lookup,) = (node for node in graph.node if node.op_type == "Gather" and node.input[0].endswith("/int8"))
    (after,) = (node for node in graph.node if lookup.output[0] in node.input)
    assert after.op_type == "Cast"
    assert onnxruntime.InferenceSession(tmp_path / "q.onnx").get_inputs()[0].name == "tokens"
