"""Truth of ``rnnzoo_export.parity.parity``: files that answer otherwise than their model are found."""

from __future__ import annotations

import importlib
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from rnnzoo.errors import (
    ArgumentError,
    ParityError,
)
from rnnzoo_export import check_parity, export_onnx
from small_networks import TOLERANCE, embedded, series


def test_a_wrong_conversion_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = importlib.import_module("rnnzoo_export.graph.recurrent_operator")
    monkeypatch.setitem(nodes._GATES, "LSTM", (0, 1, 2, 3))
    (tmp_path / "model.onnx").write_bytes(b"the old one")
    with pytest.raises(
        ParityError, match=r"the file answers .*, the model .*; expected a difference of at most 1e-05"
    ):
        export_onnx(series(layers.LSTM(4)), tmp_path / "model.onnx", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"the old one"


def test_parity_finds_a_file_of_another_model(tmp_path: Path) -> None:
    first, second = series(layers.GRU(4, name="gru")), series(layers.GRU(4, name="gru"))
    export_onnx(first, tmp_path / "model.onnx")
    assert check_parity(first, tmp_path / "model.onnx").max_difference <= TOLERANCE
    with pytest.raises(ParityError):
        check_parity(second, tmp_path / "model.onnx")
    with pytest.raises(ParityError, match="has the inputs"):
        check_parity(embedded(), tmp_path / "model.onnx")


@pytest.mark.parametrize("place", [0, 1])
def test_parity_finds_an_axis_that_is_fixed(place: int, tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    export_onnx(model, tmp_path / "model.onnx")
    proto = onnx.load(tmp_path / "model.onnx")
    proto.graph.input[0].type.tensor_type.shape.dim[place].dim_value = 7
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(ParityError, match=r"has the axes \[.*7.*\]; the model has \[None, None, 3\]"):
        check_parity(model, tmp_path / "model.onnx")


def test_held_out_inputs_are_compared_too(tmp_path: Path) -> None:
    model = series(layers.GRU(4))
    inputs = {"x": np.full((2, 3, 3), 5.0, np.float32)}
    plain = export_onnx(model, tmp_path / "a.onnx").parity
    given = export_onnx(model, tmp_path / "b.onnx", parity_inputs=inputs).parity
    assert (given.cases, given.values) == (plain.cases + 1, plain.values + 8)
    with pytest.raises(ArgumentError, match=r"inputs: received \['y'\]; expected \['x'\]"):
        export_onnx(model, tmp_path / "c.onnx", parity_inputs={"y": inputs["x"]})


def test_nan_of_the_model_is_nan_of_the_file(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    valid = layers.Masking()(x)
    model = keras.Model(x, layers.GRU(2)(layers.MultiHeadAttention(1, 2)(valid, valid)))
    export_onnx(model, tmp_path / "model.onnx")
    values = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    values[1] = 0.0
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    found, expected = session.run(None, {"x": values})[0], np.asarray(model(values))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-5)
    hopeless = keras.Sequential(
        [keras.Input((None, 3), name="x"), layers.GRU(2), layers.Lambda(lambda x: x * np.nan)]
    )
    with pytest.raises(ParityError, match=r"the model answers \w+ with NaN alone for"):
        export_onnx(hopeless, tmp_path / "nan.onnx")
