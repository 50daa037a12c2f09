"""Truth of ``rnnzoo.cli.quickstart``: the main job, as a new user runs it, and the same on real public data."""

# mypy: disable-error-code="union-attr, arg-type, index"

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import TrainConfig, create_model, load_dataset, load_model, read_table, train
from rnnzoo.cli.config_file import read_config
from rnnzoo.cli.export import export_run
from rnnzoo_export import OnnxPredictor, load_bundle, quantize_onnx


def rnnzoo(*arguments: Any, cwd: Path) -> Any:
    command = [sys.executable, "-m", "rnnzoo", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=280)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_quickstart_searches_trains_proves_and_serves(tmp_path: Path) -> None:
    summary = rnnzoo("quickstart", "--json", cwd=tmp_path)
    assert summary["test"]["accuracy"] >= 0.95
    assert summary["baselines"]["logistic regression on all values"]["accuracy"] > 0.9
    assert summary["seconds"] < 360
    assert max(summary["parity"].values()) <= 1e-4
    operators = summary["operators"]
    out = tmp_path / "rnnzoo-quickstart"
    model = load_model(out / "search" / "best" / "model.keras")
    layers = sum(isinstance(layer, keras.layers.Bidirectional) for layer in model.layers)
    assert operators["LSTM"] == layers
    assert not {"Loop", "Scan", "RNN", "GRU"} & set(operators)
    assert summary["answer"]["first_answer_seconds"] < 2
    # What was served is what the predictor and Keras say.
    splits = load_dataset("digits")
    (answer,) = OnnxPredictor(out / "bundle").predict([splits.test.raw[0]])
    assert summary["answer"]["probabilities"] == answer["probabilities"]
    logits = np.asarray(model(splits.rows("test").gather([0])[0]["features"]))
    assert answer["label"] == str(logits.argmax())
    for path in summary["paths"].values():
        assert (tmp_path / path).exists()
    assert read_config(str(out / "search" / "config.yaml")).data == {"data": "digits"}
    report = (out / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 3
    again = subprocess.run(
        [sys.executable, "-m", "rnnzoo", "quickstart"], capture_output=True, text=True, cwd=tmp_path
    )
    assert again.returncode == 2
    assert "not empty" in again.stderr


@pytest.mark.slow
def test_intents_of_real_utterances(real_data: Path, tmp_path: Path) -> None:
    """SNIPS, 7 intents: the README's figure, its ONNX file and its answers."""
    folder = real_data / "snips"
    if not folder.is_dir():
        pytest.skip("RNNZOO_DATA holds no snips")
    columns = ["intent", "tokens", "tags"]
    splits = read_table(
        folder / "snips_train.tsv.gz",
        test=folder / "snips_test.tsv.gz",
        column_names=columns,
        text="tokens",
        label="intent",
    )
    assert (len(splits.test), len(splits.decoding.labels)) == (700, 7)
    keras.utils.set_random_seed(0)
    model = create_model("text-classifier-bilstm", **splits.model_arguments)
    config = TrainConfig(epochs=4, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["accuracy"] >= 0.975
    assert result.seconds < 300
    export_run(tmp_path / "run", tmp_path / "bundle", overwrite=False)
    assert load_bundle(tmp_path / "bundle").parity["model.onnx"]["operators"]["LSTM"] == 2  # a direction each
    predictor = OnnxPredictor(tmp_path / "bundle")
    labels = [answer["label"] for answer in predictor.predict(splits.test.raw)]
    targets = splits.rows("test").gather(range(700))[1]
    right = np.mean([splits.decoding.labels.index(a) == t for a, t in zip(labels, targets, strict=True)])
    assert right == pytest.approx(result.metrics["test"]["accuracy"], abs=1.5 / 700)
    assert predictor.predict(["play some jazz please"])[0]["label"] == "PlayMusic"
    original = tmp_path / "bundle" / "model.onnx"
    smaller = quantize_onnx(
        original, tmp_path / "int8.onnx", data=splits.test, task=splits.task, max_drop=0.3
    )
    assert smaller.original_score == pytest.approx(right, abs=1.5 / 700)
    assert smaller.size <= 0.30 * smaller.original_size


@pytest.mark.slow
def test_air_of_beijing_a_day_ahead(real_data: Path, tmp_path: Path) -> None:
    """Hourly PM2.5: better than persistence and seasonal naive on the same windows."""
    path = real_data / "beijing_pm25" / "beijing_pm25.csv.gz"
    if not path.is_file():
        pytest.skip("RNNZOO_DATA holds no beijing_pm25")
    splits = read_table(
        path,
        target="pm2.5",
        window=72,
        horizon=24,
        categorical=["cbwd", "hour"],
        ignore=["No", "year", "month", "day"],
        missing="ffill",
        seasonality=24,
    )
    keras.utils.set_random_seed(0)
    model = create_model("forecaster-lstm", **splits.model_arguments)
    config = TrainConfig(epochs=3, tensorboard=False)
    train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    baselines = metrics["baselines"]["scores"]
    assert baselines["persistence"]["mae"] == pytest.approx(44.2, abs=0.1)
    assert metrics["test"]["mae"] < min(baselines[name]["mae"] for name in ("persistence", "seasonal naive"))
    export_run(tmp_path / "run", tmp_path / "bundle", overwrite=False)
    (answer,) = OnnxPredictor(tmp_path / "bundle").predict([splits.test.raw[0]])
    forecast = model(splits.rows("test").gather([0])[0]["features"])
    expected = splits.decoding.in_original_units(forecast)[0, :, 0]
    np.testing.assert_allclose(answer["values"]["pm2.5"], expected, rtol=1e-4, atol=1e-2)
