"""A server in a process of its own, as a user starts it, and raw sockets to annoy it with."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    port: int
    name: str
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def model(self) -> str:
        return f"{self.url}/v2/models/{self.name}"

    def raw(self, request: bytes, *, wait: float = 10.0) -> bytes:
        """Sends bytes as they are and returns what comes until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            connection.sendall(request)
            connection.settimeout(wait)
            answer = b""
            try:
                while part := connection.recv(65536):
                    answer += part
                    if b"\r\n\r\n" in answer:
                        connection.settimeout(0.3)
            except TimeoutError:
                pass
            return answer

    def healthy(self) -> bool:
        return httpx.get(f"{self.url}/v2/health/ready", timeout=10).status_code == 200


@contextmanager
def running(bundle: Path, name: str, *options: str) -> Iterator[Server]:
    """Starts `rnnzoo serve` on a free port and stops it as an operator would, with SIGTERM."""
    command = [sys.executable, "-m", "rnnzoo", "serve", str(bundle), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"(https?)://[\d.]+:(\d+)/", line)
        assert found, line
        yield Server(process, int(found[2]), name, found[1])
    finally:
        process.terminate()
        _, rest = process.communicate(timeout=20)
        assert process.returncode == 0, rest


def seconds_to_first_answer(bundle: Path) -> float:
    """Seconds from the start of the command to the first answered inference."""
    started = time.perf_counter()
    with running(bundle, "series-classifier-gru") as server:
        body = {"inputs": [[[0.0] * 8] * 8]}
        assert httpx.post(f"{server.model}/predict", json=body).status_code == 200
        return time.perf_counter() - started
