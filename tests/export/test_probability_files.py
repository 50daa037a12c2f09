"""Truth of ``rnnzoo_export.formats.probability_files``: a file that ends in probabilities is scored by them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from rnnzoo.decoding.probabilities import sigmoid, softmax
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.formats.probability_files import as_logits, find_ending

LOGITS = np.array([[-3.0, 0.0, 2.0], [30.0, 1.0, 0.0]])


@pytest.mark.parametrize(("ending", "function"), [("Softmax", softmax), ("Sigmoid", sigmoid)])
def test_logits_give_the_same_probabilities(ending: str, function: type) -> None:
    shares = function(LOGITS)
    np.testing.assert_allclose(function(as_logits(shares, ending)), shares, rtol=1e-9)
    assert np.isfinite(as_logits(np.array([[0.0, 1.0]]), ending)).all()


@pytest.mark.parametrize(
    ("activation", "units", "task"),
    [("softmax", 3, "classification"), ("sigmoid", 1, "binary_classification")],
)
def test_a_file_scores_the_same_with_and_without_its_last_activation(
    activation: str, units: int, task: str, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 8), name="x")
    model = keras.Model(inputs, layers.Dense(units, name="head")(layers.LSTM(64, name="lstm")(inputs)))
    x = np.random.default_rng(0).normal(size=(60, 5, 8)).astype("float32")
    logits = np.asarray(model(x))
    truth = logits.argmax(-1) if units > 1 else (logits[:, 0] > 0).astype(int)
    truth[:6] = (truth[:6] + 1) % max(units, 2)
    reports = {}
    for name in ("linear", activation):
        model.get_layer("head").activation = keras.activations.get(name)
        export_onnx(model, tmp_path / f"{name}.onnx")
        reports[name] = quantize_onnx(
            tmp_path / f"{name}.onnx",
            tmp_path / f"{name}-8.onnx",
            method="dynamic_int8",
            data=({"x": x}, truth),
            task=task,
            max_drop=100,
            max_change=1,
        )
    plain, ended = reports["linear"], reports[activation]
    assert find_ending(tmp_path / f"{activation}.onnx", task) == activation.capitalize()
    assert find_ending(tmp_path / f"{activation}.onnx", "regression") is None
    assert ended.original_score == plain.original_score == 0.9
    assert ended.changes["beside"] == pytest.approx(plain.changes["beside"], abs=1e-5)
    assert plain.changes["beside"] > 1e-4
