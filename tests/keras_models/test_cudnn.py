"""Truth of ``rnnzoo.keras_models.cudnn``.

The cuDNN verdicts against the graphs that Keras traces for a (pretended) GPU.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from rnnzoo import build_classifier, create_model, explain_cudnn, get_spec, list_models
from rnnzoo.cells import CELLS
from rnnzoo.errors import CudnnWarning


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets Keras believe in a GPU while it traces; nothing is run."""
    backend = importlib.import_module("keras.src.backend.tensorflow.rnn")
    monkeypatch.setattr(backend, "_is_gpu_available", lambda: True)


def uses_cudnn(layer: keras.Layer) -> bool:
    layer.build((None, None, 3))
    graph = tf.function(lambda x: layer(x)).get_concrete_function(tf.TensorSpec((None, None, 3))).graph
    return any(op.type == "CudnnRNNV3" for op in graph.get_operations())


VARIANTS = [
    {},
    {"use_cudnn": False},
    {"dropout": 0.3},
    {"recurrent_dropout": 0.3},
    {"activation": "relu"},
    {"recurrent_activation": "hard_sigmoid"},
    {"use_bias": False},
    {"go_backwards": True},
    {"return_sequences": True, "return_state": True},
]
CASES = [
    *itertools.product([layers.LSTM, layers.GRU], VARIANTS),
    (layers.GRU, {"reset_after": False}),
    (layers.SimpleRNN, {}),
    (layers.SimpleRNN, {"recurrent_dropout": 0.3}),
]


@pytest.mark.parametrize(("kind", "arguments"), CASES)
def test_verdict_is_what_keras_does(gpu: None, kind: type, arguments: dict[str, object]) -> None:
    layer = kind(4, **arguments)
    model = keras.Sequential([layer])
    (verdict,) = explain_cudnn(model).layers
    assert verdict.eligible == uses_cudnn(kind(4, **arguments))
    assert bool(verdict.reason) != verdict.eligible


def test_rnn_around_a_cell_has_no_kernel(gpu: None) -> None:
    model = keras.Sequential([layers.RNN(layers.LSTMCell(4))])
    assert not explain_cudnn(model).eligible
    assert not uses_cudnn(layers.RNN(layers.LSTMCell(4)))


def test_both_directions_of_a_bidirectional_layer_are_judged() -> None:
    model = keras.Sequential([layers.Bidirectional(layers.GRU(4, recurrent_dropout=0.1), name="both")])
    report = explain_cudnn(model)
    assert [layer.eligible for layer in report.layers] == [False, False]
    assert "recurrent_dropout=0.1, cuDNN wants 0" in report.summary


def _small(name: str) -> dict[str, Any]:
    given = get_spec(name).arguments
    return {"units": (4,) * len(given["units"])} if "units" in given else {}


@pytest.mark.parametrize("name", list_models())
def test_zoo_models_trace_as_their_verdict_says(gpu: None, name: str) -> None:
    model = create_model(name, **_small(name))
    specs = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
    graph = tf.function(lambda *x: model(list(x) if len(x) > 1 else x[0])).get_concrete_function(*specs).graph
    found = any(op.type == "CudnnRNNV3" for op in graph.get_operations())
    report = explain_cudnn(model)
    assert report.eligible == found
    assert found == CELLS[get_spec(name).cell].cudnn


def test_a_model_without_recurrent_layer_says_so() -> None:
    report = explain_cudnn(keras.Sequential([layers.Dense(2)]))
    assert report.summary == "no: the model has no recurrent layer"


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrent_dropout_warns_once(cell: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build_classifier(
            num_classes=2, num_features=3, cell=cell, units=(4, 4), bidirectional=True, recurrent_dropout=0.2
        )
    messages = [str(w.message) for w in caught if issubclass(w.category, CudnnWarning)]
    assert len(messages) == 1
    assert messages[0].startswith(f"recurrent_dropout=0.2 takes {cell} off cuDNN")
    assert caught[0].filename == __file__


def test_the_warning_points_to_the_line_that_names_a_model_of_the_zoo() -> None:
    with pytest.warns(CudnnWarning) as caught:
        create_model("series-classifier-gru", units=(4,), recurrent_dropout=0.2)
    assert caught[0].filename == __file__


def test_simple_rnn_was_never_on_cudnn_and_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build_classifier(
            num_classes=2, num_features=3, cell="simple_rnn", units=4, recurrent_dropout=0.2
        )
    assert model(np.zeros((1, 2, 3), "float32")).shape == (1, 2)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_check_on_a_gpu_runs_whole_without_one(project: Path, tmp_path: Path) -> None:
    script, out = project / "tests" / "benchmarks" / "gpu_check.py", tmp_path / "rows.json"
    command = [sys.executable, str(script), "--out", str(out)]
    # Without the variables of this process, for the script is to find the package by itself.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    refused = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert refused.returncode == 2
    assert "TensorFlow sees no GPU; expected one." in refused.stderr
    assert not out.exists()
    tried = subprocess.run(
        [*command, "--without-gpu", "--seconds", "1000"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    rows = json.loads(out.read_text())["rows"]
    assert {row["part"] for row in rows} == {"cuDNN", "export", "mixed precision", "training"}
    assert all(row["holds"] for row in rows)
    assert "| cuDNN | LSTM recurrent_dropout=0.3, training | no cuDNN | no cuDNN | yes |" in tried.stdout
