"""Truth of ``rnnzoo_export.parity.file_checks``: what other runtimes make of exported files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from rnnzoo import create_model
from rnnzoo.errors import ArgumentError, ExportError, ParityError, UnknownNameError
from rnnzoo_export import check_parity, export_onnx, load_bundle, save_bundle
from rnnzoo_export.parity import file_checks
from rnnzoo_export.parity.runtimes import open_run
from small_networks import TOLERANCE, embedded, series


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtimes") / "bundle"
    model = create_model(
        "text-tagger-bilstm", vocabulary_size=12, num_classes=3, units=(4,), embedding_size=3
    )
    save_bundle(model, folder)
    return folder


def test_every_file_of_a_bundle_is_right_in_the_reference_evaluator(bundle: Path) -> None:
    report = check_parity(bundle, runtime="reference")
    assert report.right, report
    assert [check.file for check in report.files] == ["model.onnx"]
    assert report == check_parity(load_bundle(bundle), runtime="reference")
    assert str(report).splitlines() == [
        f"onnx's reference evaluator {onnx.__version__}",
        f"model.onnx: right, largest difference {report.files[0].max_difference:.2g}",
    ]


def test_a_model_is_proved_in_another_runtime(tmp_path: Path) -> None:
    model = embedded()
    export_onnx(model, tmp_path / "model.onnx")
    report = check_parity(model, tmp_path / "model.onnx", runtime="reference")
    assert report.max_difference <= TOLERANCE
    assert any(report.masks.values())


def test_what_a_runtime_computes_otherwise_is_wrong(tmp_path: Path) -> None:
    # The reference evaluator computes tanh whatever the activation.
    model = series(layers.GRU(4, activation="softsign", name="gru"))
    export_onnx(model, tmp_path / "model.onnx")
    (check,) = check_parity(tmp_path / "model.onnx", runtime="reference").files
    assert check.status == "wrong"
    assert check.max_difference is not None
    assert check.max_difference > 1e-4
    assert "onnxruntime" in check.detail
    assert "the model" not in check.detail
    with pytest.raises(ParityError, match="the file answers"):
        check_parity(model, tmp_path / "model.onnx", runtime="reference")


def test_a_file_that_a_runtime_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_onnx(series(layers.GRU(4)), tmp_path / "model.onnx")

    def refuse(path: Path, runtime: str, **rest: Any) -> Any:
        if runtime == "reference":
            raise ExportError(f"{path.name}: cannot be loaded")
        return open_run(path, runtime, **rest)

    monkeypatch.setattr(file_checks, "open_run", refuse)
    (check,) = check_parity(tmp_path / "model.onnx", runtime="reference").files
    assert (check.status, check.max_difference) == ("refused", None)
    assert check.detail == "model.onnx: cannot be loaded"


def test_given_inputs_are_compared_too(tmp_path: Path) -> None:
    export_onnx(series(layers.GRU(4, name="gru")), tmp_path / "model.onnx")
    inputs = {"x": np.ones((2, 3, 3), np.float32)}
    assert check_parity(tmp_path / "model.onnx", runtime="reference", inputs=inputs).right


@pytest.mark.skipif(importlib.util.find_spec("openvino") is not None, reason="OpenVINO is installed")
def test_a_runtime_that_is_not_installed_says_how_to_get_it(bundle: Path) -> None:
    with pytest.raises(ArgumentError, match=r"not installed\. Run: pip install openvino"):
        check_parity(bundle, runtime="openvino")


def test_wrong_arguments_say_what_is_expected(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="reference"):
        check_parity(bundle, runtime="referense")
    with pytest.raises(ArgumentError, match="Pass the bundle or file alone"):
        check_parity(load_bundle(bundle), bundle / "model.onnx")
    with pytest.raises(ArgumentError, match="expected the ONNX file or SavedModel"):
        check_parity(series(layers.GRU(4)))
    with pytest.raises(ArgumentError, match="a directory; expected an ONNX file"):
        check_parity(series(layers.GRU(4)), bundle, runtime="reference")
    foreign = onnx.load(bundle / "model.onnx")
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(ExportError, match="expected a file of rnnzoo_export"):
        check_parity(tmp_path / "foreign.onnx")


def test_batches_have_every_shape_of_mask(tmp_path: Path) -> None:
    x, valid = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="bool", name="valid")
    export_onnx(keras.Model([x, valid], layers.GRU(4)(x, mask=valid)), tmp_path / "model.onnx")
    batches = list(file_checks._batches(file_checks._signature(tmp_path / "model.onnx")))
    masks = np.concatenate([batch["valid"] for batch in batches if batch["valid"].shape[1] > 20])
    assert masks.all(axis=1).any()
    assert not masks.any(axis=1).all()
    assert ((np.diff(masks.astype(int)) > 0).sum(axis=1) > 1).any()
