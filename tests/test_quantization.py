"""Smaller files: how small, how near, and when they are refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from rnnzoo import Splits, build_classifier, build_tagger, load_dataset
from rnnzoo.errors import AccuracyError, ArgumentError, DataError, ExportError, PathExistsError
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.lowering import count_operators
from rnnzoo_export.quantization import QuantizationReport

VOCABULARY = 1000


@pytest.fixture(scope="module")
def digits() -> Splits:
    return load_dataset("digits")


@pytest.fixture
def model_path(digits_bundle: Path) -> Path:
    return digits_bundle / "model.onnx"


def tokens(rows: int = 64, steps: int = 30) -> np.ndarray:
    rng = np.random.default_rng(0)
    ids = rng.integers(1, VOCABULARY, (rows, steps)).astype(np.int32)
    return np.where(np.arange(steps) < rng.integers(1, steps + 1, (rows, 1)), ids, 0).astype(np.int32)


def exported(cell: str, path: Path) -> list[tuple[Any, ...]]:
    """Exports a text classifier and returns rows whose truth is its own answer."""
    keras.utils.set_random_seed(0)
    model = build_classifier(
        num_classes=4,
        vocabulary_size=VOCABULARY,
        embedding_size=64,
        cell=cell,
        units=(128, 128),
        bidirectional=True,
    )
    export_onnx(model, path)
    return [({"tokens": tokens()}, np.asarray(model(tokens())).argmax(-1))]


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_int8_weights_are_about_a_quarter_and_answer_alike(cell: str, tmp_path: Path) -> None:
    data = exported(cell, tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "int8.onnx", **arguments)
    assert report.size == (tmp_path / "int8.onnx").stat().st_size
    assert report.size <= 0.30 * report.original_size
    assert 0 < report.max_difference < 0.05
    # The embedding, two kernels a direction and layer, the head.
    recurrent = 4 if cell != "simple_rnn" else 8
    assert len(report.quantized) == recurrent + 2
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


@pytest.fixture(scope="module")
def lstm_int8(tmp_path_factory: pytest.TempPathFactory) -> QuantizationReport:
    folder = tmp_path_factory.mktemp("lstm")
    data = exported("lstm", folder / "model.onnx")
    return quantize_onnx(
        folder / "model.onnx",
        folder / "int8.onnx",
        method="dynamic_int8",
        data=data,
        task="classification",
        max_drop=5.0,
    )


def test_dynamic_int8_computes_lstm_in_8_bits_and_says_what_it_kept(lstm_int8: QuantizationReport) -> None:
    operators = count_operators(onnx.load(lstm_int8.path))
    assert operators["DynamicQuantizeLSTM"] == 2
    assert "LSTM" not in operators
    assert lstm_int8.size <= 0.30 * lstm_int8.original_size
    assert list(lstm_int8.kept.values()) == ["the last dense layer, whose rounding shows in every answer"]


def test_dynamic_int8_answers_alike_on_all_processors(lstm_int8: QuantizationReport) -> None:
    graph = onnx.load(lstm_int8.path).graph
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [
        tensors[name].astype(np.int32)
        for node in graph.node
        if node.op_type == "DynamicQuantizeLSTM"
        for name in node.input[1:3]
    ]
    assert len(weights) == 4
    for weight in weights:
        # Two products with an input of up to 255 are added in 16 bits where there is no VNNI, and cut off there.
        assert np.abs(weight).max() >= 60
        assert 2 * 255 * np.abs(weight).max() <= np.iinfo(np.int16).max


def test_dynamic_int8_of_gru_keeps_the_gru(tmp_path: Path) -> None:
    data = exported("gru", tmp_path / "model.onnx")
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 5.0}
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "int8.onnx", method="dynamic_int8", **arguments
    )
    assert list(report.kept.values()).count("onnxruntime has no 8-bit GRU") == 2
    assert len(report.quantized) == 1  # the embedding


@pytest.mark.parametrize("method", ["weights_int8", "dynamic_int8", "float16"])
def test_a_trained_model_keeps_its_accuracy(
    method: str, model_path: Path, digits: Splits, tmp_path: Path
) -> None:
    if method == "dynamic_int8":  # a single GRU and its head: nothing that onnxruntime computes in 8 bits
        with pytest.raises(ExportError, match="holds nothing that dynamic_int8 makes smaller"):
            quantize_onnx(
                model_path, tmp_path / "q.onnx", method=method, data=digits.validation, task="classification"
            )
        assert list(tmp_path.iterdir()) == []
        return
    report = quantize_onnx(
        model_path,
        tmp_path / "q.onnx",
        method=method,
        data=digits.validation,
        task="classification",
        max_drop=0.4,
    )
    assert report.metric == "accuracy"
    assert report.drop == pytest.approx(100 * (report.original_score - report.score))
    assert report.drop <= 0.4
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "q.onnx").metadata_props}
    assert properties["quantization"] == method
    assert "signature" in properties


def test_padded_steps_do_not_count(tmp_path: Path) -> None:
    model = build_tagger(num_classes=3, num_features=4, cell="lstm", units=(32,))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)
    truth = np.asarray(model(x)).argmax(-1)
    truth[:, 3:] = -1  # wrong, and without weight
    weights = np.zeros((6, 5), np.float32)
    weights[:, :3] = 1
    data = [({"features": x}, truth, weights)]
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", data=data, task="tagging", max_drop=10
    )
    assert report.original_score == 1.0


def test_a_drop_beyond_the_bound_is_refused_and_nothing_written(tmp_path: Path) -> None:
    inputs = keras.Input((None, 32), name="x")
    model = keras.Model(inputs, keras.layers.GRU(16)(inputs))
    export_onnx(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(8, 5, 32)).astype(np.float32)
    exact = np.asarray(model(x))
    shifted = exact + 0.01  # the mean absolute error is 0.01, so that small changes are many percent of it
    arguments: dict[str, Any] = {"data": [({"x": x}, shifted)], "task": "regression", "max_drop": 0.0}
    (tmp_path / "q.onnx").write_bytes(b"the old one")
    rounded = quantize_onnx(tmp_path / "model.onnx", tmp_path / "f.onnx", **{**arguments, "max_drop": 1e3})
    assert rounded.metric == "mae"
    assert rounded.original_score == pytest.approx(0.01, rel=1e-3)
    with pytest.raises(
        AccuracyError, match=r"q\.onnx: weights_int8 lowers mae from .* points; expected at most 0\."
    ):
        quantize_onnx(
            tmp_path / "model.onnx",
            tmp_path / "q.onnx",
            overwrite=True,
            **{**arguments, "data": [({"x": x}, exact)]},
        )
    assert (tmp_path / "q.onnx").read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.onnx", "model.onnx", "q.onnx"]


def test_wrong_use(model_path: Path, digits: Splits, tmp_path: Path) -> None:
    good: dict[str, Any] = {"data": digits.validation, "task": "classification"}
    out = tmp_path / "q.onnx"
    with pytest.raises(ArgumentError, match="method: received 'int4'"):
        quantize_onnx(model_path, out, method="int4", **good)
    with pytest.raises(ArgumentError, match=r"max_drop: received -1; expected 0 or more points\."):
        quantize_onnx(model_path, out, max_drop=-1, **good)
    with pytest.raises(PathExistsError, match="exists; expected a new file"):
        quantize_onnx(model_path, model_path, **good)
    with pytest.raises(DataError, match="data: received no rows"):
        quantize_onnx(model_path, out, data=[], task="classification")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ExportError, match=r"broken\.onnx: not a readable ONNX file"):
        quantize_onnx(tmp_path / "broken.onnx", out, **good)
    quantize_onnx(model_path, out, max_drop=5, **good)
    with pytest.raises(ExportError, match="holds nothing that weights_int8 makes smaller"):
        quantize_onnx(out, tmp_path / "again.onnx", max_drop=5, **good)


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


@pytest.mark.parametrize("inputs", [{"x": np.zeros((1, 8, 8), np.float32)}, np.zeros((1, 8, 8), np.float32)])
def test_data_of_another_model_are_refused(inputs: Any, tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((8, 8), name="features"), keras.layers.GRU(64), keras.layers.Dense(2)]
    )
    export_onnx(model, tmp_path / "m.onnx")
    with pytest.raises(
        DataError, match=r"^data: received the inputs .*; expected arrays by name, \['features'\]\.$"
    ):
        quantize_onnx(
            tmp_path / "m.onnx", tmp_path / "q.onnx", data=[(inputs, np.zeros(1))], task="classification"
        )
    assert not (tmp_path / "q.onnx").exists()
