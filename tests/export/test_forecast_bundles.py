"""Truth of ``rnnzoo_export.deployment.bundle_writer``: forecasters answer in original units."""

# mypy: disable-error-code="index, union-attr"

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from forecast_data import splits
from rnnzoo import (
    Splits,
    TrainConfig,
    create_model,
    train,
)
from rnnzoo.cli.export import export_run
from rnnzoo.cli.predict import _with_quantiles
from rnnzoo.decoding.distributions import DEFAULT_QUANTILES, forecast_quantiles
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import WindowPreprocessing
from rnnzoo_export import OnnxPredictor, export_onnx, quantize_onnx, save_bundle


@pytest.mark.parametrize(
    ("name", "task"),
    [pytest.param("quantile-lstm", "quantile", marks=pytest.mark.slow), ("gaussian-gru", "gaussian")],
)
def test_a_run_becomes_a_bundle_that_answers_in_original_units(name: str, task: str, tmp_path: Path) -> None:
    data = splits()
    keras.utils.set_random_seed(2)
    model = create_model(f"forecaster-{name}", normalization="reversible", units=8, **data.model_arguments)
    config = TrainConfig(epochs=12, learning_rate=0.02, tensorboard=False)
    result = train(model, data, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["test"]["pinball"] < 5
    assert result.metrics["test"]["coverage"] > 0.4
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["task"] == f"{task}_forecasting"
    assert {path.name for path in (tmp_path / "run" / "plots").iterdir()} == {
        "learning_curves.png",
        "forecasts.png",
        "errors_by_step.png",
        "coverage.png",
        "worst_rows.png",
    }
    bundle = export_run(tmp_path / "run", tmp_path / "bundle", overwrite=False, also=["raw"])
    (answer,) = OnnxPredictor(bundle).predict([data.test.raw[3]])
    output = np.asarray(model(data.rows("test").gather([3])[0]["features"]), np.float64)[0]
    for place, (series, mean, scale) in enumerate(
        zip(["quiet", "loud"], data.decoding.mean, data.decoding.scale, strict=True)
    ):
        levels = forecast_quantiles(f"{task}_forecasting", output[:, place], DEFAULT_QUANTILES) * scale + mean
        assert list(answer["quantiles"][series]) == ["0.1", "0.5", "0.9"]
        np.testing.assert_allclose(list(answer["quantiles"][series].values()), levels.T, rtol=1e-4)
        np.testing.assert_allclose(answer["values"][series], levels[:, 1], rtol=1e-4)
        if task == "gaussian":
            np.testing.assert_allclose(answer["scale"][series], output[:, place, 1] * scale, rtol=1e-4)
    columns = _with_quantiles(answer)
    assert list(columns) == [
        f"{series} {level}" for series in ("quiet", "loud") for level in ("0.1", "0.5", "0.9")
    ]
    assert_raw_file(tmp_path / "bundle" / "raw.onnx", data, answer, task)


def assert_raw_file(path: Path, data: Splits, answer: dict[str, Any], task: str) -> None:
    """The file alone, from columns to original units."""
    import onnxruntime

    row = data.test.raw[3]
    inputs = {
        name: np.array([values], object if name == "kind" else np.float64) for name, values in row.items()
    }
    (found,) = onnxruntime.InferenceSession(path).run(None, inputs)
    expected = np.array([answer["values"]["quiet"], answer["values"]["loud"]]).T
    np.testing.assert_allclose(found[0, ..., 1 if task == "quantile" else 0], expected, rtol=1e-9)
    if task == "gaussian":
        scales = np.array([answer["scale"]["quiet"], answer["scale"]["loud"]]).T
        np.testing.assert_allclose(found[0, ..., 1], scales, rtol=1e-9)


def test_a_bundle_saved_by_hand_takes_the_decoding_of_its_model(tmp_path: Path) -> None:
    data = splits()
    model = create_model("forecaster-quantile-lstm", units=3, **data.model_arguments)
    with pytest.raises(ArgumentError) as caught:
        save_bundle(model, tmp_path / "b", preprocessing=data.preprocessing, decoding=data.decoding)
    assert str(caught.value) == (
        "decoding: received one for forecasting; the model's output 'quantiles' is for quantile_forecasting. "
        "Pass splits.for_model(model).decoding, and its task."
    )
    suited = data.for_model(model)
    with pytest.raises(ArgumentError, match="task: received one for forecasting"):
        save_bundle(model, tmp_path / "b", decoding=suited.decoding, task="forecasting")
    other = create_model("forecaster-quantile-lstm", units=24, quantiles=(0.5, 0.9), **data.model_arguments)
    with pytest.raises(ArgumentError, match=r"is not \(batch, horizon, 2, 3\)"):
        export_onnx(
            other,
            tmp_path / "o.onnx",
            series=data.get_preprocessing(WindowPreprocessing),
            decoding=suited.decoding,
        )
    bundle = save_bundle(
        other, tmp_path / "b", decoding=data.for_model(other).decoding, task="quantile_forecasting"
    )
    x = data.rows("test").gather([0])[0]["features"]
    predictor = OnnxPredictor(bundle)
    (answer,) = predictor.decode(predictor.run({"features": x}), [16])
    assert list(answer["quantiles"]["loud"]) == ["0.5", "0.9"]
    report = quantize_onnx(
        tmp_path / "b" / "model.onnx",
        tmp_path / "q.onnx",
        method="float16",
        data=data.validation,
        task="quantile_forecasting",
        quantiles=(0.5, 0.9),
        max_drop=5,
    )
    assert report.metric == "pinball"
