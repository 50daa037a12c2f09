"""Truth of ``rnnzoo_export.formats.quantization``: smaller files, how near, and when they are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from rnnzoo import Splits, build_tagger, load_dataset
from rnnzoo.errors import AccuracyError, ArgumentError, DataError, ExportError, PathExistsError
from rnnzoo_export import export_onnx, export_streaming_onnx, quantize_onnx


@pytest.fixture(scope="module")
def digits() -> Splits:
    return load_dataset("digits")


@pytest.fixture
def model_path(digits_bundle: Path) -> Path:
    return digits_bundle / "model.onnx"


def test_a_streaming_file_is_not_for_8_bit_arithmetic(tmp_path: Path) -> None:
    model = build_tagger(num_classes=3, num_features=4, cell="lstm", units=(32,), bidirectional=False)
    export_streaming_onnx(model, tmp_path / "s.onnx")
    data = [({"features": np.zeros((2, 5, 4), np.float32)}, np.zeros((2, 5), int))]
    with pytest.raises(ExportError) as caught:
        quantize_onnx(
            tmp_path / "s.onnx", tmp_path / "q.onnx", method="dynamic_int8", data=data, task="tagging"
        )
    assert str(caught.value) == (
        f"{tmp_path / 's.onnx'}: takes sequences piece by piece; expected a file of export_onnx for dynamic_int8, "
        "which scales its input by the largest number of a whole piece, so that an answer would depend on where a "
        "sequence is cut. Stream with the float32 file."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["s.onnx"]


@pytest.mark.parametrize("method", ["weights_int8", "dynamic_int8"])
def test_a_file_that_would_be_larger_is_refused(method: str, tmp_path: Path) -> None:
    inputs = keras.Input((None, 1), name="x")
    # A scale for each column takes as much as the column; a small LSTM weighs less than what 8 bits need beside it.
    wide = keras.layers.GlobalAveragePooling1D()(keras.layers.Dense(300)(inputs))
    small = keras.layers.Dense(2)(keras.layers.LSTM(2)(inputs))
    model = keras.Model(inputs, wide if method == "weights_int8" else small)
    export_onnx(model, tmp_path / "model.onnx")
    data = [({"x": np.ones((2, 5, 1), np.float32)}, np.zeros(2, int))]
    size = (tmp_path / "model.onnx").stat().st_size
    with pytest.raises(ExportError) as caught:
        quantize_onnx(
            tmp_path / "model.onnx", tmp_path / "q.onnx", method=method, data=data, task="classification"
        )
    assert re.fullmatch(
        rf".*q\.onnx: {method} would make a file of \d+ bytes from one of {size}; expected a smaller one\. Keep the "
        r"float32 file: its weights are too few\. Nothing was written\.",
        str(caught.value),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


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
    with pytest.raises(
        ArgumentError, match=r"^max_change: received nan; expected a finite number at least 0\.$"
    ):
        quantize_onnx(model_path, out, max_change=float("nan"), **good)
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
