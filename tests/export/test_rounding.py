"""Truth of ``rnnzoo_export.parity.rounding``: why a file differs, and the tolerance that accepts it."""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from rnnzoo.errors import ArgumentError, ParityError
from rnnzoo_export import (
    check_parity,
    export_onnx,
    export_saved_model,
    export_streaming_onnx,
    save_bundle,
)
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.parity.comparison import ValueDifferenceError, compare
from rnnzoo_export.parity.rounding import own_differences
from small_networks import series

ROUNDING = re.compile(
    r"the file answers \S+, the model \S+; expected a difference of at most 1e-05 \+ 1e-05 x \S+, the largest value of "
    r"its unit\. The file was not written\. This difference of (\S+) is float32 rounding that grows in the network: "
    r"the model's own answer moves by (\S+) where its weights and inputs move to the next float32 number, and "
    r"by (\S+) where its rows are in another order\. To accept it pass "
    r"tolerance=(\S+) \(rnnzoo export: --tolerance (\S+)\)\.$"
)


def harsh() -> keras.Model:
    """A network in which every step makes a difference larger."""
    keras.utils.set_random_seed(0)
    wide = keras.initializers.RandomNormal(stddev=0.6, seed=0)
    return series(layers.SimpleRNN(32, recurrent_initializer=wide, return_sequences=True, name="harsh"))


def next_frames() -> keras.Model:
    """Predicts pictures with harsh weights, as case E6 does."""
    keras.utils.set_random_seed(0)
    wide = keras.initializers.RandomNormal(stddev=1.0, seed=0)
    x = keras.Input((None, 6, 6, 2), name="x")
    layer: Any = {"padding": "same", "kernel_initializer": wide, "recurrent_initializer": wide}
    y = layers.ConvLSTM2D(6, 3, return_sequences=True, **layer)(x)
    return keras.Model(x, layers.ConvLSTM2D(4, 3, **layer)(y))


def refusal(export: Callable[[], object]) -> re.Match[str]:
    with pytest.raises(ParityError) as refused:
        export()
    found = ROUNDING.search(str(refused.value))
    assert found is not None, refused.value
    difference, moved, reordered, tolerance, again = found.groups()
    assert 1e-5 < float(difference) <= 8 * max(float(moved), float(reordered))
    assert tolerance == again
    return found


@pytest.mark.parametrize(
    "build", [harsh, pytest.param(next_frames, marks=pytest.mark.slow)], ids=["steps", "next frames"]
)
def test_rounding_that_grows_is_told_with_a_tolerance_that_accepts_it(
    build: Callable[[], keras.Model], tmp_path: Path
) -> None:
    model, path = build(), tmp_path / "model.onnx"
    tolerance = float(refusal(lambda: export_onnx(model, path))[4])
    assert not path.exists()
    report = export_onnx(model, path, tolerance=tolerance)
    assert report.parity.tolerance == tolerance
    assert report.parity.max_difference > 1e-5
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert metadata["tolerance"] == repr(tolerance)
    assert check_parity(model, path).tolerance == tolerance
    refusal(lambda: check_parity(model, path, tolerance=1e-5))


def test_every_kind_of_file_takes_a_tolerance_and_the_bundle_records_it(tmp_path: Path) -> None:
    model, accepted = series(layers.GRU(4, return_sequences=True)), 1e-3
    assert export_streaming_onnx(model, tmp_path / "b.onnx", tolerance=accepted).parity.tolerance == accepted
    bundle = save_bundle(model, tmp_path / "bundle", tolerance=accepted)
    stated = {name: part["tolerance"] for name, part in bundle.parity.items()}
    assert stated == dict.fromkeys(("model.onnx", "saved_model/1"), accepted)
    assert (
        json.loads((tmp_path / "bundle" / "parity.json").read_text())["model.onnx"]["tolerance"] == accepted
    )
    for path in (bundle.onnx_path, bundle.saved_model_path):
        assert check_parity(model, path).tolerance == accepted
    plain = series(layers.GRU(4))
    export_onnx(plain, tmp_path / "plain.onnx")
    assert check_parity(plain, tmp_path / "plain.onnx").tolerance == 1e-5


@pytest.mark.slow
def test_so_it_is_told_of_streams(tmp_path: Path) -> None:
    model = harsh()
    tolerance = float(refusal(lambda: export_streaming_onnx(model, tmp_path / "a.onnx"))[4])
    report = export_streaming_onnx(model, tmp_path / "b.onnx", tolerance=10 * tolerance)
    assert report.parity.max_difference > 1e-5


def test_a_wrong_conversion_is_told_from_rounding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = importlib.import_module("rnnzoo_export.graph.recurrent_operator")
    monkeypatch.setitem(nodes._GATES, "LSTM", (0, 1, 2, 3))
    message = (
        r"This difference of \S+ is no float32 rounding: the model's own answer moves by \S+e-0\d where its weights "
        r"and inputs move to the next float32 number, and by \S+ where its rows are in another order\. The conversion "
        r"is wrong; please report it with the model\.$"
    )
    with pytest.raises(ParityError, match=message):
        export_onnx(series(layers.LSTM(4)), tmp_path / "model.onnx")
    with pytest.raises(ParityError, match=message):
        export_onnx(series(layers.LSTM(4)), tmp_path / "model.onnx", tolerance=1e-3)


def test_a_small_error_of_a_steady_network_is_no_rounding(tmp_path: Path) -> None:
    model = series(layers.GRU(4, name="gru"))
    export_onnx(model, tmp_path / "model.onnx")
    proto = onnx.load(tmp_path / "model.onnx")
    weight = max(proto.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = onnx.numpy_helper.to_array(weight) * np.float32(1 + 2e-4)
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(ParityError, match="is no float32 rounding"):
        check_parity(model, tmp_path / "model.onnx")


def test_where_no_tolerance_would_do_the_message_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("rnnzoo_export.parity.rounding.LARGEST_TOLERANCE", 2e-5)
    with pytest.raises(
        ParityError, match=r"No tolerance accepts all of the file\. Train the model again with smaller"
    ):
        export_onnx(harsh(), tmp_path / "model.onnx")


def test_asking_the_model_again_leaves_its_weights_as_they_are() -> None:
    model = harsh()
    before = [np.array(value) for value in model.get_weights()]
    exportable = Exportable(model)
    batch = {"x": np.random.default_rng(0).normal(size=(2, 30, 3)).astype(np.float32)}
    truth = exportable.predict(batch)
    (name,) = truth
    with pytest.raises(ValueDifferenceError) as refused:
        compare("file", {name: truth[name] + np.float32(1)}, {name: truth[name]}, batch)
    moved, reordered = own_differences(exportable, refused.value)
    assert 1e-6 < moved < 1
    assert reordered < moved
    for value, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)
    np.testing.assert_array_equal(exportable.predict(batch)[name], truth[name])


def test_answers_without_an_end_move_by_nothing() -> None:
    exportable = Exportable(
        series(layers.Dense(1, kernel_initializer="ones"), layers.Activation("exponential"))
    )
    batch = {"x": np.array([[[0.0, 0.0, 1.0]], [[0.0, 0.0, 200.0]]], np.float32)}
    truth = exportable.predict(batch)
    (name,) = truth
    assert np.isinf(truth[name]).sum() == 1
    error = ValueDifferenceError("", name, (0, 0, 0), (2.0, 2.7))
    error.batch = batch
    moved, reordered = own_differences(exportable, error)
    assert 0 < moved < 1e-5
    assert reordered == 0


@pytest.mark.parametrize("tolerance", [0, -1e-5, math.nan, math.inf, True, "1e-4", None, 0.5])
def test_nonsense_is_refused(tolerance: Any, tmp_path: Path) -> None:
    message = (
        f"tolerance: received {tolerance!r}; expected a finite number above 0 and at most 0.1. Leave it out for 1e-05, "
        "or pass the one that a ParityError names."
    )
    model = series(layers.GRU(4))
    for export in (export_onnx, export_streaming_onnx, export_saved_model, save_bundle):
        with pytest.raises(ArgumentError) as refused:
            export(model, tmp_path / "out", tolerance=tolerance)
        assert str(refused.value) == message
    assert list(tmp_path.iterdir()) == []
