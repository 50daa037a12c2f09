"""Truth of ``rnnzoo_export.parity.parity``: large numbers, and what is the truth."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers, ops

from proof_models import Own, series
from rnnzoo.errors import ParityError
from rnnzoo_export import export_onnx


def test_a_graph_that_answers_otherwise_than_the_model_is_no_truth(tmp_path: Path) -> None:
    model = Own(lambda x, rnn: rnn(x * (2.0 if tf.executing_eagerly() else 1.0)), layers.GRU(2))
    model(np.ones((1, 4, 3), np.float32))
    with pytest.raises(ParityError, match=r"the file answers .*, the model "):
        export_onnx(model, tmp_path / "model.onnx", input_signature=keras.Input((None, 3), name="x"))


SOFTPLUS: dict[str, Callable[[], Any]] = {
    "LSTM": lambda: layers.LSTM(2, activation="softplus"),
    "GRU": lambda: layers.GRU(2, activation="softplus", return_sequences=True),
    "GRU, reset before": lambda: layers.GRU(2, activation="softplus", reset_after=False),
    "gates": lambda: layers.LSTM(2, recurrent_activation="softplus", activation="sigmoid"),
    "SimpleRNN": lambda: layers.SimpleRNN(2, activation="softplus"),
    "SimpleRNN, sequences": lambda: layers.SimpleRNN(2, activation="softplus", return_sequences=True),
    "both": lambda: layers.Bidirectional(layers.LSTM(2, activation="softplus")),
    "RNN": lambda: layers.RNN(layers.GRUCell(2, activation="softplus")),
    "backwards": lambda: layers.GRU(2, activation="softplus", go_backwards=True),
}


@pytest.mark.parametrize("name", SOFTPLUS)
def test_softplus_does_not_overflow_before_keras_does(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = series(layers.Masking(), SOFTPLUS[name]())
    report = export_onnx(model, tmp_path / "model.onnx", strict=True)
    assert report.loops == ()
    assert report.operators.get("Loop", 0) == 0
    rng = np.random.default_rng(1)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for size in (1.0, 90.0, 1000.0):
        x = (rng.normal(size=(400, 5, 3)) * size).astype(np.float32)
        x[1, 2:] = 0
        truth = np.asarray(model(x))
        (found,) = session.run(None, {"x": x})
        finite = np.isfinite(truth)
        np.testing.assert_array_equal(np.isfinite(found), finite)
        np.testing.assert_allclose(found[finite], truth[finite], rtol=1e-3, atol=1e-3)


def test_large_numbers_are_halved_until_the_model_answers_finite_ones(tmp_path: Path) -> None:
    # exp overflows from 89 on in Keras too, which is no fault of the file.
    model = series(layers.GRU(2, return_sequences=True), layers.Dense(2))
    x = model.inputs[0]
    grown = keras.Model(x, layers.Add()([model(x)[..., :1], ops.exp(x[..., :1])]))
    assert export_onnx(grown, tmp_path / "model.onnx").parity.cases > 7


def test_answers_that_hang_on_the_last_digit_of_large_numbers_are_not_judged(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    y = layers.MultiHeadAttention(2, 8)(x, x)
    report = export_onnx(keras.Model(x, [layers.GRU(3)(y), ops.sin(x)]), tmp_path / "model.onnx")
    assert report.parity.max_difference <= 1e-5


def test_what_a_file_cannot_answer_is_said_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = series(layers.GRU(3))

    def refuse(*_: Any) -> Any:
        raise RuntimeError("[ONNXRuntimeError] : 2 : no such size")

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", refuse)
    message = (
        r"the file cannot answer x \(1, 1, 3\), which the model can: \[ONNXRuntimeError\] : 2 : no such size "
    )
    with pytest.raises(ParityError, match=message):
        export_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_truth_is_computed_on_the_first_cpu_wherever_the_model_lies(tmp_path: Path) -> None:
    # A second CPU stands for a GPU, whose products may be rounded to ten bits.
    script = """
import keras
import tensorflow as tf

first = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(first, [tf.config.LogicalDeviceConfiguration()] * 2)
from rnnzoo_export.network.exportable import Exportable


class Told(keras.Layer):
    def call(self, x):
        if tf.executing_eagerly():
            print((x + 1.0).device)
        return x


with tf.device("/CPU:1"):
    x = keras.Input((None, 3))
    model = keras.Model(x, keras.layers.GRU(2)(Told()(x)))
    model(tf.zeros((1, 2, 3)))
    exportable = Exportable(model)
    batch = exportable.batches().batch("full", 2, 3).arrays
    exportable.predict_eagerly(batch)
    exportable.predict(batch)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    own, *proof = [line[-5:] for line in ran.stdout.split()]
    assert own == "CPU:1"
    assert proof
    assert set(proof) == {"CPU:0"}
