"""Truth of ``rnnzoo_export.serving.app``: the clients of Triton and KServe, and curl, are answered unchanged."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from other_software import environment
from rnnzoo_export import OnnxPredictor
from served_digits import NAME, X, tensor
from serving_client import Server

TRITON, KSERVE = "tritonclient[http,grpc]==2.73.0", "kserve==0.21.0"
#: Enough rows for an answer that is worth its compression.
ROWS = np.random.default_rng(0).normal(size=(256, 8, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def logits(digits_bundle: Path) -> np.ndarray:
    return OnnxPredictor(digits_bundle).run({"features": ROWS})["logits"]


def asked(commands: Path, script: str, project: Path, tmp_path: Path, *address: str) -> dict[str, Any]:
    """What a client was answered."""
    path = tmp_path / "x.npy"
    np.save(path, ROWS)
    command = [str(commands / "python"), str(project / "tests/clients" / script), *address, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)  # an installation may take long
def test_tritons_client(server: Server, logits: np.ndarray, project: Path, tmp_path: Path) -> None:
    commands = environment(tmp_path / "venv", TRITON)
    found = asked(commands, "triton_calls.py", project, tmp_path, f"127.0.0.1:{server.port}", NAME)
    assert (found["live"], found["ready"], found["other_ready"]) == (True, True, False)
    assert {"binary_tensor_data", "model_configuration", "model_repository"} <= set(found["extensions"])
    assert found["metadata"]["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, -1, 8]}]
    assert found["fields"] == sorted(found["config"])  # it has no field that Triton's own has not
    assert {"name": NAME, "version": "1", "state": "READY"} in found["index"]
    statuses = [status for status, _ in found["refused"]]
    assert statuses == ["403", "403", "404", "404", "404", "404", "404", "400", "400"]
    assert "models are loaded when the server starts" in found["refused"][0][1]
    assert "shared memory: not offered" in found["refused"][3][1]
    assert "'priority'" in found["refused"][7][1]
    assert len(found["answers"]) == 15
    for answer in found["answers"]:
        np.testing.assert_allclose(answer, logits, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(900)  # an installation may take long
def test_kserves_client(server: Server, logits: np.ndarray, project: Path, tmp_path: Path) -> None:
    commands = environment(tmp_path / "venv", KSERVE)
    found = asked(commands, "kserve_calls.py", project, tmp_path, server.url, NAME)
    assert (found["live"], found["ready"], found["model_ready"]) == (True, True, True)
    assert len(found["answers"]) == 4
    for answer in found["answers"]:
        np.testing.assert_allclose(answer, logits, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(server: Server, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text(json.dumps({"inputs": [tensor(np.repeat(X, 256, 0))]}))
    (tmp_path / "body.json.gz").write_bytes(gzip.compress((tmp_path / "body.json").read_bytes()))

    def curl(*arguments: str) -> Any:
        command = ["curl", "--silent", "--fail-with-body", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)

    kind = ("-H", "Content-Type: application/json")
    plain = curl(f"{server.model}/infer", *kind, "-d", "@body.json")
    assert plain["outputs"][0]["shape"] == [256, 10]
    packed = ("-H", "Content-Encoding: gzip", "--compressed", "--data-binary", "@body.json.gz")
    assert curl(f"{server.model}/infer", *kind, *packed) == plain
    assert curl("-X", "POST", f"{server.url}/v2/repository/index")[0]["name"] == NAME
