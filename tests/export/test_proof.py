"""Truth of ``rnnzoo_export.parity.proof``: what is the truth, and what a file cannot answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from proof_models import Own, series
from rnnzoo.errors import ParityError
from rnnzoo_export import export_onnx


def test_a_graph_that_answers_otherwise_than_the_model_is_no_truth(tmp_path: Path) -> None:
    model = Own(lambda x, rnn: rnn(x * (2.0 if tf.executing_eagerly() else 1.0)), layers.GRU(2))
    model(np.ones((1, 4, 3), np.float32))
    with pytest.raises(ParityError, match=r"the file answers .*, the model "):
        export_onnx(model, tmp_path / "model.onnx", input_signature=keras.Input((None, 3), name="x"))


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
