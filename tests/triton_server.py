"""The real tritonserver, of a package that holds it, in an environment and a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from built_distributions import own_environment
from rnnzoo_export import export_triton

# The newest wheel that holds the server itself, Triton 24.10, and what runs ONNX files in its Python backend.
PACKAGES = ("nvidia-pytriton==0.7.0", "onnxruntime")


@contextmanager
def running_triton(commands: Path, bundle: Path, folder: Path) -> Iterator[str]:
    """Starts the server with the repository that ``export_triton`` writes and yields its address.

    The package has no onnxruntime backend: the repository names the Python backend in its place.

    Args:
        commands: The folder of the commands of an environment that has ``PACKAGES``.
        bundle: What is served.
        folder: A folder for its files.
    """
    (packages,) = commands.parent.glob("lib/python*/site-packages")
    _write_repository(bundle, folder / "repository")
    _write_backend(packages / "pytriton/tritonserver", folder / "backends")
    http, grpc, metrics = _free_ports(3)
    options = {
        "model-repository": folder / "repository",
        "backend-directory": folder / "backends",
        "http-address": "127.0.0.1",
        "http-port": http,
        "grpc-address": "127.0.0.1",
        "grpc-port": grpc,
        "metrics-address": "127.0.0.1",
        "metrics-port": metrics,
        "allow-gpu-metrics": "false",
    }
    command = [str(packages / "pytriton/tritonserver/bin/tritonserver")]
    command += [f"--{name}={value}" for name, value in options.items()]
    libraries = str(packages / "nvidia_pytriton.libs")
    # Its Python finds packages as the first `python3` of PATH does.
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    variables = {**own_environment(), "LD_LIBRARY_PATH": libraries, "PATH": path}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=variables)
    try:
        address = f"http://127.0.0.1:{http}"
        _wait(process, address, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def _write_repository(bundle: Path, folder: Path) -> None:
    for name in export_triton(bundle, folder):
        config = folder / name / "config.pbtxt"
        text = config.read_text()
        assert 'backend: "onnxruntime"' in text
        config.write_text(text.replace('backend: "onnxruntime"', 'backend: "python"'))
        (file,) = (folder / name).glob("*/model.onnx")
        shutil.copy(Path(__file__).with_name("triton_model.py"), file.with_name("model.py"))


def _write_backend(server: Path, folder: Path) -> None:
    shutil.copytree(server / "backends/python", folder / "python")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(server / f"python_backend_stubs/{version}/triton_python_backend_stub", folder / "python")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait(process: subprocess.Popen[bytes], address: str, log: Path, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{address}/v2/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])
