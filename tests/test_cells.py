"""The cells against plain NumPy: in Keras, and in the ONNX file that they become."""

# mypy: disable-error-code="call-overload"

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

import reference
from rnnzoo import build_classifier, build_tagger
from rnnzoo.cells import CELLS
from rnnzoo_export import export_onnx

CLOSE = {"rtol": 2e-5, "atol": 2e-6}
RIGHT_PADDED = np.arange(9) < np.array([9, 4, 1])[:, None]


def random_weights(model: keras.Model) -> None:
    rng = np.random.default_rng(5)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.4, size=variable.shape))


def inputs() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(3, 9, 4)).astype(np.float32)


def truth(model: keras.Model, cell: str, *, last: bool) -> np.ndarray:
    """The model's logits from its weights alone."""
    layer, head = model.get_layer(f"{cell}_1"), model.get_layer("logits")
    outputs, final = reference.run(cell, inputs(), RIGHT_PADDED, [np.asarray(w) for w in layer.weights])
    kernel, bias = head.get_weights()
    return (final if last else outputs) @ kernel + bias


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("last", [True, False])
def test_keras_and_onnx_compute_what_numpy_does(cell: str, last: bool, tmp_path: Path) -> None:
    build = build_classifier if last else build_tagger
    model = build(
        num_classes=3, num_features=4, variable_length=True, cell=cell, units=(6,), bidirectional=False
    )
    random_weights(model)
    expected = truth(model, cell, last=last)
    export_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (from_onnx,) = session.run(["logits"], {"features": inputs(), "mask": RIGHT_PADDED})
    from_keras = np.asarray(model([inputs(), RIGHT_PADDED]))
    valid = ... if last else RIGHT_PADDED
    np.testing.assert_allclose(from_keras[valid], expected[valid], **CLOSE)
    np.testing.assert_allclose(from_onnx[valid], expected[valid], **CLOSE)


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_weights_start_orthogonal_and_forget_gates_open(cell: str) -> None:
    model = build_classifier(num_classes=2, num_features=4, cell=cell, units=(8,))
    _, recurrent, bias = (np.asarray(weight) for weight in model.get_layer(f"{cell}_1").weights)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)
    expected = np.zeros(bias.shape)
    if cell == "lstm":
        expected[8:16] = 1  # i, f, c, o
    np.testing.assert_array_equal(bias, expected)


def test_the_reference_reads_backwards_like_keras() -> None:
    layer = keras.layers.GRU(5, go_backwards=True, return_sequences=True)
    x = inputs()
    expected, _ = reference.run(
        "gru", x, None, [np.asarray(w) for w in _built(layer, x).weights], backwards=True
    )
    np.testing.assert_allclose(np.asarray(layer(x))[:, ::-1], expected, **CLOSE)


def _built(layer: keras.layers.Layer, x: np.ndarray) -> keras.layers.Layer:
    layer(x)
    return layer
