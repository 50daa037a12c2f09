"""A server in a process of its own, as a user would start it, for commands that ask it something."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnzoo.errors import RunError

_PATIENCE = 30.0


class RunningServer:
    """A server that answers.

    Args:
        url: Its address.
        started: When its process was started, as ``time.perf_counter`` tells it.

    Attributes:
        first_answer_seconds: Seconds from the start of the process to its first answer; ``None`` before it.
    """

    def __init__(self, url: str, started: float) -> None:
        self.url = url
        self._started = started
        self.first_answer_seconds: float | None = None

    def predict(self, name: str, inputs: list[Any]) -> list[dict[str, Any]]:
        """Asks for the answers to raw inputs."""
        body = json.dumps({"inputs": inputs}).encode()
        request = urllib.request.Request(
            f"{self.url}/v2/models/{name}/predict", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
            answers: list[dict[str, Any]] = json.load(response)["answers"]
        if self.first_answer_seconds is None:
            self.first_answer_seconds = round(time.perf_counter() - self._started, 3)
        return answers


@contextmanager
def running_server(bundle: Path) -> Iterator[RunningServer]:
    """Starts `rnnzoo serve` on a free port, waits until it is ready and stops it afterwards.

    Raises:
        RunError: If it does not become ready.
    """
    port = _free_port()
    command = [sys.executable, "-m", "rnnzoo", "serve", str(bundle), "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, started)
        yield RunningServer(url, started)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


def _wait(process: subprocess.Popen[bytes], url: str, started: float) -> None:
    while time.perf_counter() - started < _PATIENCE:
        if process.poll() is not None:
            output = process.stdout.read().decode(errors="replace").strip() if process.stdout else ""
            raise RunError(f"serve: the server ended with code {process.returncode}: {output[-500:]}")
        try:
            with urllib.request.urlopen(f"{url}/v2/health/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RunError(f"serve: the server was not ready after {_PATIENCE:.0f} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
