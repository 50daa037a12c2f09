"""Truth of ``rnnzoo_export.formats.answer_changes``: answers that change with padding or neighbours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from quantized_files import answers
from rnnzoo.decoding.probabilities import softmax
from rnnzoo.errors import AccuracyError
from rnnzoo_export import export_onnx, quantize_onnx


def test_padding_that_changes_an_answer_is_refused(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    x, valid = keras.Input((None, 16), name="x"), keras.Input((None,), dtype="bool", name="valid")
    dense = keras.layers.Dense(16)(keras.layers.Rescaling(1.0, offset=-200.0)(x))
    model = keras.Model([x, valid], keras.layers.Dense(3)(keras.layers.LSTM(32)(dense, mask=valid)))
    # The dense layer reads numbers near 0, and -200 where there is padding: no part of any answer, but scaled alike.
    steps = np.random.default_rng(0).normal(200, 1, (20, 7, 16))
    inputs = {"x": steps.astype(np.float32), "valid": np.ones((20, 7), bool)}
    export_onnx(model, tmp_path / "model.onnx")
    data = [(inputs, answers(tmp_path / "model.onnx", inputs).argmax(-1))]
    arguments: dict[str, Any] = {"data": data, "task": "classification", "max_drop": 100}
    with pytest.raises(AccuracyError, match=r"dynamic_int8 answers a row with padding behind it otherwise"):
        quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", method="dynamic_int8", **arguments)
    report = quantize_onnx(
        tmp_path / "model.onnx", tmp_path / "q.onnx", method="dynamic_int8", max_change=1.0, **arguments
    )
    changes = []
    for row, mask in zip(inputs["x"], inputs["valid"], strict=True):
        alone, padded = (
            softmax(
                answers(
                    report.path,
                    {"x": np.pad(row, ((0, more), (0, 0)))[None], "valid": np.pad(mask, (0, more))[None]},
                )
            )
            for more in (0, 7)
        )
        changes.append(np.abs(alone - padded).max())
    assert report.max_change == report.changes["padded"] > 0.01
    assert report.changes["padded"] == pytest.approx(max(changes), rel=1e-6)


def loud(folder: Path) -> dict[str, Any]:
    """Exports an LSTM and returns arguments whose data hold one loud row among quiet ones."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 16), name="x")
    hidden = keras.layers.LSTM(32, return_sequences=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.LSTM(32)(hidden)))
    export_onnx(model, folder / "model.onnx")
    x = np.random.default_rng(0).normal(size=(40, 6, 16)).astype(np.float32)
    x[7] *= 100
    return {"data": [({"x": x}, np.asarray(model(x)).argmax(-1))], "task": "classification", "max_drop": 100}


def test_answers_that_change_with_their_neighbours_are_refused_and_the_advice_works(tmp_path: Path) -> None:
    arguments = loud(tmp_path)
    source, out = tmp_path / "model.onnx", tmp_path / "q.onnx"
    with pytest.raises(AccuracyError) as caught:
        quantize_onnx(source, out, method="dynamic_int8", **arguments)
    found = re.fullmatch(
        r".*q\.onnx: dynamic_int8 answers a row beside other rows otherwise than alone: a probability changes by "
        r"(0\.\d+); expected at most 0\.01\. Use the method weights_int8, which computes each row by itself, or a "
        r"larger max_change of quantize_onnx\. The file was not written\.",
        str(caught.value),
    )
    assert found is not None
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    report = quantize_onnx(source, out, method="weights_int8", **arguments)
    assert (report.max_change, dict(report.changes)) == (None, {})
    accepted = quantize_onnx(
        source, out, method="dynamic_int8", max_change=float(found[1]) + 0.01, overwrite=True, **arguments
    )
    # It has no mask, so that padding is not padding to it.
    assert dict(accepted.changes) == {"beside": pytest.approx(float(found[1]), rel=0.01)}


def test_changes_of_values_are_told_in_standard_deviations(tmp_path: Path) -> None:
    arguments = loud(tmp_path)
    ((inputs, _),) = arguments["data"]
    truth = answers(tmp_path / "model.onnx", inputs)
    data = [(inputs, truth + 1.0)]
    arguments = {"data": data, "task": "regression", "max_drop": 1e9, "method": "dynamic_int8"}
    with pytest.raises(
        AccuracyError, match=r"a value changes by [\d.]+ standard deviations; expected at most 0"
    ):
        quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", **arguments)
    report = quantize_onnx(tmp_path / "model.onnx", tmp_path / "q.onnx", max_change=9.0, **arguments)
    alone = np.concatenate([answers(report.path, {"x": row[None]}) for row in inputs["x"]])
    # The first 32 places of the sample's own order stand in one batch; all 40 are near enough to bound it.
    together = np.abs(answers(report.path, inputs) - alone) / truth.std(axis=0)
    assert report.max_change is not None
    assert 0.3 * together.max() < report.max_change < 3 * together.max()
