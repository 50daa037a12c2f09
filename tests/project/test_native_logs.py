"""Truth of ``rnnzoo.native_logs``: users of the Python API see their own lines, and none of TensorFlow's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnnzoo.native_logs import quiet_native_logs

# What TensorFlow 2.15 to 2.21 write, and what others do.
OF_TENSORFLOW = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795956892.168493    9699 port.cc:153] oneDNN custom operations are on.
E0000 00:00:1795956917.332429    9731 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)
2024-03-01 10:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:182] This TensorFlow binary is optimized
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow
2024-03-01 10:00:00.123456: W tensorflow/core/common_runtime/gpu/gpu_device.cc:2256] Cannot dlopen some GPU libraries.
Skipping registering GPU devices...
"""
OF_OTHERS = """\
F0000 00:00:1795956917.332429    9731 cpu_feature_guard.cc:97] compiled to use AVX, which is not there
Is 2024-03-01 10:00:00 a date?
UserWarning: a library is old
"""

USE = """
import sys
import numpy as np
import rnnzoo
assert "tensorflow" not in sys.modules
model = rnnzoo.create_model("series-classifier-gru", num_features=2, num_classes=2, units=(4,))
rows = np.random.default_rng(0).normal(size=(40, 5, 2))
splits = rnnzoo.Splits.from_arrays(rows, ["a", "b"] * 20)
config = rnnzoo.TrainConfig(epochs=1)
rnnzoo.train(model, splits, config=config, directory="run", progress=False, baseline_seconds=0)
from rnnzoo_export import export_onnx
export_onnx(model, "model.onnx")
"""
SEARCH = """
from rnnzoo_export import export_saved_model
export_saved_model(model, "saved")
import rnnzoo_tuning
options = dict(max_trials=4, config=config, progress=False, baseline_seconds=0)
rnnzoo_tuning.run_search("series-classifier-gru", splits, directory="search", **options)
"""
TEXTS = """
import rnnzoo
from rnnzoo_export import save_bundle
rows, tags = [["play", "jazz"], ["stop", "now", "please"]] * 20, [["O", "music"], ["O", "O", "O"]] * 20
tagged = rnnzoo.Splits.from_arrays(rows, tags, task="tagging")
labelled = rnnzoo.Splits.from_arrays(["a good film", "a bad film"] * 20, ["up", "down"] * 20)
tagger, classifier = "text-tagger-bilstm", "text-classifier-bilstm"
for splits, name in ((tagged, tagger), (labelled, classifier), (tagged, tagger)):
    model = rnnzoo.create_model(name, **splits.model_arguments, embedding_size=4, units=4)
    given = dict(preprocessing=splits.preprocessing, decoding=splits.decoding, task=splits.task)
    save_bundle(model, "bundle", **given, overwrite=True)
"""


def python(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code as a user does who has set nothing."""
    kept = {k: v for k, v in os.environ.items() if k not in ("TF_CPP_MIN_LOG_LEVEL", "CUDA_VISIBLE_DEVICES")}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**kept, **environment},
        timeout=200,
    )


def written(text: str) -> None:
    os.write(2, text.encode())


def test_lines_of_tensorflow_are_kept_back_and_others_are_passed_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_native_logs():
        written(OF_TENSORFLOW + OF_OTHERS)
    written("after\n")
    assert capfd.readouterr().err == OF_OTHERS + "after\n"


def test_all_lines_are_shown_where_the_import_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet_native_logs():
            written(OF_TENSORFLOW)
            raise ImportError("no CPU of this kind")

    with pytest.raises(ImportError, match="no CPU of this kind"):
        fail()
    assert capfd.readouterr().err == OF_TENSORFLOW


def test_all_lines_are_shown_to_those_who_ask(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with quiet_native_logs():
        written(OF_TENSORFLOW)
    assert capfd.readouterr().err == OF_TENSORFLOW


def test_building_training_and_exporting_write_nothing_to_standard_error(tmp_path: Path) -> None:
    result = python(USE, tmp_path)
    assert (result.stderr, result.returncode) == ("", 0)


@pytest.mark.slow
def test_neither_does_a_search(tmp_path: Path) -> None:
    result = python(USE + SEARCH, tmp_path)
    assert (result.stderr, result.returncode) == ("", 0)


@pytest.mark.slow
def test_neither_does_the_export_of_texts_one_after_the_other(tmp_path: Path) -> None:
    result = python(TEXTS, tmp_path)
    assert (result.stdout, result.stderr, result.returncode) == ("", "", 0)
    assert (tmp_path / "bundle" / "saved_model").is_dir()


@pytest.mark.slow
def test_an_own_import_before_and_an_own_level_are_left_alone(tmp_path: Path) -> None:
    build = "import rnnzoo; rnnzoo.create_model('series-classifier-gru', units=(4,))"
    assert "oneDNN" in python(f"import tensorflow; {build}", tmp_path).stderr
    assert "oneDNN" in python(build, tmp_path, TF_CPP_MIN_LOG_LEVEL="0").stderr


def test_what_a_process_imports_is_as_without_the_hook(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u, sys, rnnzoo; spec = u.find_spec('tensorflow'); import json; "
        "assert 'tensorflow' not in sys.modules; hooks = [f for f in sys.meta_path if 'rnnzoo' in type(f).__module__]; "
        "print(json.dumps([type(spec.loader).__name__, spec.origin[-11:], len(hooks), u.find_spec('tensorflo')]))"
    )
    result = python(code, tmp_path)
    assert (result.stdout, result.stderr) == ('["SourceFileLoader", "__init__.py", 1, null]\n', "")


def test_without_standard_error_an_import_goes_on(tmp_path: Path) -> None:
    code = "import os; os.close(2); from rnnzoo.native_logs import *\nwith quiet_native_logs(): print('here')"
    assert python(code, tmp_path).stdout == "here\n"
