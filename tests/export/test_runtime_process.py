"""Truth of ``rnnzoo_export.parity.runtime_process``: a file that ends a runtime's process leaves the caller's alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from keras import layers

from rnnzoo.errors import ExportError
from rnnzoo_export import check_parity, export_onnx
from rnnzoo_export.parity.other_runtimes import open_in_reference
from rnnzoo_export.parity.runtime_process import RuntimeProcess
from small_networks import series

# Stands for OpenVINO: prints, and does at the first batch what it is told.
PACKAGE = """
import os

__version__ = "1.2.3-of-the-test"

class Compiled:
    outputs = [None]

    def __call__(self, arrays):
        print("a word on the standard output")
        {does}

class Core:
    def compile_model(self, path, device, settings):
        {opens}
        return Compiled()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    export_onnx(series(layers.GRU(4)), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module that stands for OpenVINO."""
    (tmp_path / "openvino").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    real = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "openvino"}
    yield tmp_path / "openvino" / "__init__.py"
    sys.modules.pop("openvino", None)
    sys.modules.update(real)


def test_it_answers_as_the_runtime_does_in_this_process(file: Path) -> None:
    run, here = RuntimeProcess(file, "reference"), open_in_reference(file)
    for rows in (1, 5):
        x = np.random.default_rng(rows).normal(size=(rows, 4, 3)).astype(np.float32)
        for answer, truth in zip(run({"x": x}), here({"x": x}), strict=True):
            np.testing.assert_array_equal(answer, truth)


def test_the_process_ends_with_the_last_reference_to_it(file: Path) -> None:
    run = RuntimeProcess(file, "reference")
    process = run._process
    assert process.poll() is None
    del run
    assert process.poll() is not None


def test_what_the_runtime_says_is_raised_and_the_next_batch_is_answered(file: Path) -> None:
    run = RuntimeProcess(file, "reference")
    with pytest.raises(RuntimeError, match="x"):
        run({"y": np.zeros((1, 4, 3), np.float32)})
    assert run({"x": np.zeros((1, 4, 3), np.float32)})[0].shape == (1, 4)
    file.write_bytes(b"no file")
    with pytest.raises(RuntimeError, match=r"\S"):
        RuntimeProcess(file, "reference")


@pytest.mark.parametrize(("does", "how"), [("os.abort()", "SIGABRT"), ("os._exit(3)", "exit status 3")])
def test_a_file_that_ends_the_process_is_refused(does: str, how: str, file: Path, installed: Path) -> None:
    installed.write_text(PACKAGE.format(does=does, opens=""), encoding="utf-8")
    report = check_parity(file, runtime="openvino")
    (check,) = report.files
    assert (report.runtime, check.status, check.max_difference) == ("OpenVINO 1.2.3", "refused", None)
    assert check.detail == (
        f"model.onnx: OpenVINO 1.2.3 cannot run it (the file ends the process of the runtime: {how}). Use onnxruntime "
        "for this file."
    )
    with pytest.raises(ExportError, match=f"ends the process of the runtime: {how}"):
        check_parity(series(layers.GRU(4)), file, runtime="openvino")


@pytest.mark.parametrize(
    "said",
    [
        "Exception from core.cpp:132:\nNot fully converted. Summary:\n-- No rule for: LabelEncoder\n\n",
        "Exception from core.cpp:132:\nnode: LSTM_1 CALLBACK HAS THROWN: -- No rule for: LabelEncoder",
        "-- No rule for: LabelEncoder",
    ],
)
def test_of_what_openvino_says_the_reason_is_kept(said: str, file: Path, installed: Path) -> None:
    opens = f"raise RuntimeError({said!r})"
    installed.write_text(PACKAGE.format(does="", opens=opens), encoding="utf-8")
    (check,) = check_parity(file, runtime="openvino").files
    assert check.detail == (
        "model.onnx: OpenVINO 1.2.3 cannot load it (-- No rule for: LabelEncoder). Use onnxruntime for this file."
    )
