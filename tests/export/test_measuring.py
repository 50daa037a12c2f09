"""Truth of ``rnnzoo_export.deployment.measuring`` and ``rnnzoo_export.measure_config``: files before training."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import build_classifier, create_model, get_spec, list_models
from rnnzoo.errors import ExportError, UnsupportedLayerError
from rnnzoo_export import export_onnx, quantize_onnx
from rnnzoo_export.deployment.measuring import (
    count_parameters,
    least_size,
    measure_untrained,
    time_calls,
)
from rnnzoo_export.measure_config import MEASURES, PRECISIONS, MeasureConfig
from zoo_cases import first_of_each, tiny

FAST = MeasureConfig(rounds=5)
ONNX_MODELS = [name for name in list_models() if get_spec(name).builder != "build_seq2seq"]


def gru(units: int = 8, **options: Any) -> keras.Model:
    return build_classifier(num_classes=2, num_features=3, cell="gru", units=(units,), **options)


def test_all_measures_of_a_small_model() -> None:
    values = measure_untrained(gru(), MEASURES, FAST, steps=20)
    assert values["parameters"] == gru().count_params()
    assert values["latency_ms_low"] <= values["latency_ms"] <= values["latency_ms_high"]
    assert 0 < values["step_ms"] < 20 * values["latency_ms"] + 1
    assert set(values) == {
        "parameters",
        "size_mb",
        *(f"{name}{end}" for name in ("latency_ms", "step_ms") for end in ("", "_low", "_high")),
    }


def test_only_what_is_wanted_is_measured() -> None:
    assert set(measure_untrained(gru(), ["size_mb"], FAST, steps=20)) == {"size_mb"}


@pytest.mark.parametrize("name", first_of_each(ONNX_MODELS, ("builder",)))
def test_no_file_is_smaller_than_its_weights_say(name: str) -> None:
    model = tiny(name)
    size = measure_untrained(model, ["size_mb"], FAST, steps=20)["size_mb"]
    assert least_size(model) <= size <= least_size(model) + 0.2


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_in_fewer_bits_is_as_large_as_the_one_that_is_served(precision: str, tmp_path: Path) -> None:
    model = build_classifier(num_classes=2, num_features=3, cell="lstm", units=(64,))
    config = MeasureConfig(rounds=5, precision=precision)
    size = measure_untrained(model, ["size_mb"], config, steps=20)["size_mb"]
    served = export_onnx(model, tmp_path / "model.onnx").path
    if precision != "float32":
        rows = {"features": np.ones((8, 20, 3), np.float32)}
        answers = np.asarray(model(rows["features"])).argmax(-1)
        limits: Any = {"max_drop": 100, "max_change": 1, "task": "classification"}
        served = tmp_path / "small.onnx"
        quantize_onnx(tmp_path / "model.onnx", served, method=precision, data=[(rows, answers)], **limits)
    assert size == pytest.approx(served.stat().st_size / 1e6, rel=0.02)
    assert least_size(model, precision) <= size


def test_a_precision_that_makes_nothing_smaller_is_refused_and_the_advice_works() -> None:
    with pytest.raises(
        ExportError, match=r"'dynamic_int8' for a model that it makes no smaller.*precision='float32'"
    ):
        measure_untrained(gru(), ["size_mb"], MeasureConfig(precision="dynamic_int8"), steps=9)
    measure_untrained(gru(), ["size_mb"], MeasureConfig(precision="float32"), steps=9)


def test_what_is_not_in_the_file_changes_no_parameter_count() -> None:
    assert count_parameters(gru(dropout=0.5)) == count_parameters(gru())


def test_a_model_that_looks_ahead_has_no_step() -> None:
    model = create_model("series-classifier-bigru", num_classes=2, num_features=3, units=(4,))
    with pytest.raises(UnsupportedLayerError):
        measure_untrained(model, ["step_ms"], FAST, steps=20)


def test_longer_calls_take_longer_and_the_interval_holds_the_median() -> None:
    timings = time_calls({"short": lambda: time.sleep(0.001), "long": lambda: time.sleep(0.005)}, rounds=9)
    assert timings["short"].median < timings["long"].median
    for timing in timings.values():
        assert timing.low <= timing.median <= timing.high
    assert 5 <= timings["long"].median < 50


@pytest.mark.parametrize("rounds", [1, 2, 3, 30])
def test_any_number_of_rounds_has_an_interval(rounds: int) -> None:
    timing = time_calls({"call": lambda: None}, rounds=rounds)["call"]
    assert timing.low <= timing.median <= timing.high


def test_a_batch_and_a_length_cost_what_they_are() -> None:
    one = measure_untrained(gru(32), ["latency_ms"], MeasureConfig(rounds=9), steps=10)["latency_ms"]
    many = measure_untrained(gru(32), ["latency_ms"], MeasureConfig(rounds=9, batch=16, steps=200), steps=10)
    assert many["latency_ms"] > 4 * one


@pytest.mark.slow
def test_untrained_and_trained_files_take_as_long() -> None:
    first, second = gru(64), gru(64)
    second.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in second.get_weights()])
    times = [
        measure_untrained(m, ["latency_ms"], MeasureConfig(), steps=60)["latency_ms"] for m in (first, second)
    ]
    assert times[0] == pytest.approx(times[1], rel=0.3)
