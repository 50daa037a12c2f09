"""Truth of ``rnnzoo_export.deployment.engines``: files for other engines: Triton Inference Server and KServe."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from rnnzoo import build_classifier
from rnnzoo.errors import ArgumentError, PathExistsError
from rnnzoo.preprocessing import TextPreprocessing
from rnnzoo_export import export_kserve, export_triton, save_bundle

# The newest wheel that holds the server itself, Triton 24.10.
PYTRITON = "nvidia-pytriton==0.7.0"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(0)
    text = TextPreprocessing.fit(["a good film", "a bad film"])
    model = build_classifier(
        vocabulary_size=len(text.vocabulary), num_classes=2, cell="lstm", units=(4,), bidirectional=False
    )
    path = tmp_path_factory.mktemp("deployment") / "bundle"
    save_bundle(model, path, preprocessing=text, name="films", also=["streaming", "raw"])
    return path


def test_each_file_is_a_model_with_its_configuration(bundle: Path, tmp_path: Path) -> None:
    assert export_triton(bundle, tmp_path / "r", max_sequences=8, sequence_idle_seconds=2.5) == (
        "films",
        "films-streaming",
        "films-raw",
    )
    assert (tmp_path / "r/films/1/model.onnx").read_bytes() == (bundle / "model.onnx").read_bytes()
    assert (tmp_path / "r/films-raw/1/model.onnx").read_bytes() == (bundle / "raw.onnx").read_bytes()
    head = 'backend: "onnxruntime"\nmax_batch_size: 64\n'
    tail = (
        'output [ { name: "logits" data_type: TYPE_FP32 dims: [2] } ]\n'
        "instance_group [ { count: 1 kind: KIND_CPU } ]\n"
        'parameters { key: "intra_op_thread_count" value { string_value: "1" } }\n'
    )
    tokens = 'input [ { name: "tokens" data_type: TYPE_INT32 dims: [-1] } ]\n'
    assert (tmp_path / "r/films/config.pbtxt").read_text() == (
        f'name: "films"\n{head}{tokens}{tail}dynamic_batching {{ }}\n'
    )
    assert (tmp_path / "r/films-raw/config.pbtxt").read_text() == (
        f'name: "films-raw"\n{head}input [ {{ name: "text" data_type: TYPE_STRING dims: [1] reshape {{ shape: [ ] }} }}'
        f" ]\n{tail}dynamic_batching {{ }}\n"
    )
    tensor = "data_type: TYPE_FP32 dims: [4]"
    states = "".join(
        f'  state [ {{ input_name: "lstm_1_{s}" output_name: "lstm_1_{s}_out" {tensor} '
        f'initial_state {{ name: "start" {tensor} zero_data: true }} }} ]\n'
        for s in "hc"
    )
    assert (tmp_path / "r/films-streaming/config.pbtxt").read_text() == (
        f'name: "films-streaming"\n{head}{tokens}{tail}sequence_batching {{\n'
        "  max_sequence_idle_microseconds: 2500000\n"
        f"  oldest {{ max_candidate_sequences: 8 }}\n{states}}}\n"
    )


def test_kserve_has_the_repository_and_a_service(bundle: Path, tmp_path: Path) -> None:
    names = export_kserve(bundle, tmp_path / "k", storage_uri="s3://models/films")
    assert names == ("films", "films-streaming", "films-raw")
    assert (tmp_path / "k/repository/films/config.pbtxt").is_file()
    assert (tmp_path / "k/inference_service.yaml").read_text() == (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n  name: films\nspec:\n  predictor:\n"
        "    model:\n      modelFormat:\n        name: onnx\n      runtime: kserve-tritonserver\n"
        '      protocolVersion: v2\n      storageUri: "s3://models/films"\n'
    )


def test_impossible_deployments_are_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="storage_uri: received 'models'; expected where the cluster"):
        export_kserve(bundle, tmp_path / "new", storage_uri="models")
    with pytest.raises(ArgumentError, match="max_batch_size: received 0"):
        export_triton(bundle, tmp_path / "new", max_batch_size=0)
    with pytest.raises(ArgumentError, match="sequence_idle_seconds: received 0"):
        export_triton(bundle, tmp_path / "new", sequence_idle_seconds=0)
    named = tmp_path / "named"
    save_bundle(keras.Sequential([keras.Input((None, 2)), keras.layers.GRU(2)], name="my>model"), named)
    with pytest.raises(ArgumentError, match="received the name 'my>model'; expected letters, digits"):
        export_triton(named, tmp_path / "new")
    with pytest.raises(ArgumentError, match="expected small letters, digits and '-' only"):
        export_kserve(named, tmp_path / "new", storage_uri="s3://a/b")
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PathExistsError):
        export_triton(bundle, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.fixture(scope="module")
def tritonserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command of the real server, from a virtual environment of its own; it has no onnxruntime backend."""
    folder = tmp_path_factory.mktemp("triton")
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [folder / "bin/python", "-m", "pip", "install", "-q", PYTRITON], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"{PYTRITON} cannot be installed here: {done.stderr.splitlines()[-1]}")
    (packages,) = folder.glob("lib/python*/site-packages")
    (folder / "backends").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_LIBRARY_PATH", str(packages / "nvidia_pytriton.libs"), prepend=os.pathsep)
        yield [
            str(packages / "pytriton/tritonserver/bin/tritonserver"),
            *("--backend-directory", str(folder / "backends"), "--allow-gpu-metrics=false"),
            *("--allow-http=false", "--allow-grpc=false", "--allow-metrics=false"),
        ]


def verdict(server: list[str], repository: Path) -> str:
    command = [*server, "--model-repository", str(repository)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_real_server_reads_the_configuration(
    tritonserver: list[str], bundle: Path, tmp_path: Path
) -> None:
    names = export_triton(bundle, tmp_path / "r")
    log = verdict(tritonserver, tmp_path / "r")
    # Read, checked and refused only for want of the backend, which the wheel does not hold.
    assert log.count(
        "UNAVAILABLE: Invalid argument: unable to find backend library for backend 'onnxruntime'"
    ) == len(names)
    assert "failed to read text proto" not in log
    config = tmp_path / "r/films/config.pbtxt"
    config.write_text(config.read_text().replace("max_batch_size", "max_batch_sise"))
    assert "failed to read text proto" in verdict(tritonserver, tmp_path / "r")
