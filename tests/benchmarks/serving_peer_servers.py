"""The servers that ``serving_peers.py`` asks: each on the last core, in an environment of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = {
    "triton": ("nvidia-pytriton==0.7.0", "onnxruntime==1.32.0", "numpy==1.26.4"),
    "fastapi": ("fastapi==0.165.0", "uvicorn[standard]==0.54.0", "orjson==3.13.0", "onnxruntime==1.32.0"),
}
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Running:
    """A server that has been started.

    Attributes:
        process: Its process.
        url: Its address.
        seconds: What it took from the start of the process until it was ready.
    """

    process: psutil.Process
    url: str
    seconds: float

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    @property
    def used(self) -> float:
        """Seconds of a processor, with those of its children."""
        return float(sum(sum(one.cpu_times()[:2]) for one in self._tree()))

    @property
    def megabytes(self) -> float:
        """Resident memory, with that of its children."""
        return float(sum(one.memory_info().rss for one in self._tree()) / 1e6)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Makes an environment where it is not there yet, and returns its folder."""
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *packages], check=True)
        (folder / "complete").touch()
    return folder


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], port: int, changes: dict[str, str] | None = None
) -> Iterator[Running]:
    """Starts a server on the last core and waits until it is ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, **(changes or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, CORES[-1:]),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.perf_counter() - began < 60, f"{command[0]} is not ready"
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(f"{url}/v2/health/ready", timeout=5).status == 200:
                    break
            time.sleep(0.005)
        yield Running(psutil.Process(process.pid), url, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(60)


def installed(peers: Path) -> Path:
    """Installs this checkout as on a machine that only serves, and returns the folder of the environment's programs."""
    needed = ROOT / "export" / "rnnzoo_export" / "serving" / "requirements-serve.txt"
    programs = environment(peers / "rnnzoo", ["-r", str(needed)]) / "bin"
    options = ("-q", "--force-reinstall", "--no-deps")
    subprocess.run([str(programs / "python"), "-m", "pip", "install", *options, str(ROOT)], check=True)
    return programs


def rnnzoo(programs: Path, bundle: Path) -> contextlib.AbstractContextManager[Running]:
    (port,) = free_ports(1)
    return started([programs / "rnnzoo", "serve", bundle, "--port", str(port)], port)


def triton(bundle: Path, peers: Path, folder: Path, model: str) -> contextlib.AbstractContextManager[Running]:
    """Starts Triton with the model in its Python backend."""
    from rnnzoo_export import export_triton

    installed = environment(peers / "triton", ENVIRONMENTS["triton"])
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    site = installed / "lib" / f"python{version}" / "site-packages"
    home = site / "pytriton" / "tritonserver"
    repository, backends = folder / "repository", folder / "backends"
    export_triton(bundle, repository)
    config = repository / model / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    assert "dynamic_batching" in text
    config.write_text(text.replace('backend: "onnxruntime"', 'backend: "python"'), encoding="utf-8")
    shutil.copyfile(HERE / "serving_triton_model.py", repository / model / "1" / "model.py")
    shutil.copytree(home / "backends" / "python", backends / "python")
    shutil.copy(home / "python_backend_stubs" / version / "triton_python_backend_stub", backends / "python")
    ports = free_ports(3)
    addresses = [
        option
        for kind, port in zip(("http", "grpc", "metrics"), ports, strict=True)
        for option in (f"--{kind}-address=127.0.0.1", f"--{kind}-port={port}")
    ]
    command: list[str | Path] = [
        home / "bin" / "tritonserver",
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        "--allow-gpu-metrics=false",
        *addresses,
    ]
    changes = {
        "LD_LIBRARY_PATH": str(site / "nvidia_pytriton.libs"),
        # Its Python backend takes the packages of the first python on the path.
        "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(site),
    }
    return started(command, ports[0], changes)


def fastapi(bundle: Path, peers: Path) -> contextlib.AbstractContextManager[Running]:
    """Starts FastAPI with uvicorn, uvloop and httptools."""
    installed = environment(peers / "fastapi", ENVIRONMENTS["fastapi"])
    (port,) = free_ports(1)
    app: list[str | Path] = [
        "-m",
        "uvicorn",
        "serving_fastapi_app:app",
        "--app-dir",
        HERE,
        "--no-access-log",
        "--log-level",
        "error",
    ]
    changes = {"MODEL": str(bundle / "model.onnx"), "PYTHONPATH": ""}
    return started([installed / "bin" / "python", *app, "--port", str(port)], port, changes)
