"""Truth of ``rnnzoo_export.serving.traffic``.

How many may ask at once, and how the server ends: over real sockets, within seconds.
"""

# mypy: disable-error-code="union-attr"

from __future__ import annotations

import json
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from rnnzoo.errors import ArgumentError
from rnnzoo_export.serving.settings import Settings
from serving_client import Server, running

NAME = "series-classifier-gru"
BODY = json.dumps({"inputs": [[[0.0] * 8] * 8]}).encode()
HEAD = (
    f"POST /v2/models/{NAME}/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()
READY = b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def few_open_files(count: int) -> Iterator[None]:
    """What is started inside may open so many files, unless it asks the system for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connected(server: Server, stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))


def answer(connection: socket.socket) -> tuple[int, str]:
    """The status and the whole text of the next answer."""
    text = connection.recv(65536).decode()
    head, _, body = text.partition("\r\n\r\n")
    length = int(head.lower().partition("content-length:")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65536).decode()
    return int(head.split()[1]), f"{head}\r\n\r\n{body}"


def test_three_hundred_open_connections_are_all_answered_and_so_is_health(digits_bundle: Path) -> None:
    with ExitStack() as stack:
        with few_open_files(200):
            server = stack.enter_context(running(digits_bundle, NAME, "--max-requests", "40"))
        connections = [connected(server, stack) for _ in range(300)]
        for connection in connections:
            connection.sendall(READY)
        assert {answer(connection)[0] for connection in connections} == {200}
        for connection in connections:
            connection.sendall(HEAD + BODY)
        answers = [answer(connection) for connection in connections]
        statuses = Counter(status for status, _ in answers)
        assert set(statuses) <= {200, 503}
        assert statuses[200] >= 40
        refused = [text for status, text in answers if status == 503]
        assert all("retry-after: 1\r\n" in text for text in refused)
        assert all(
            text.endswith('{"error":"server: 40 requests are under way already. Try again in a second."}')
            for text in refused
        )
        connections[-1].sendall(HEAD + BODY)
        assert answer(connections[-1])[0] == 200


def test_requests_under_way_are_bounded_and_health_is_not_among_them(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME, "--max-requests", "2") as server, ExitStack() as stack:
        slow = [connected(server, stack) for _ in range(2)]
        for connection in slow:
            connection.sendall(HEAD + BODY[:-1])
        time.sleep(0.3)
        response = httpx.post(
            f"{server.model}/predict", content=BODY, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert response.json() == {
            "error": "server: 2 requests are under way already. Try again in a second."
        }
        for path in ("/v2/health/live", "/v2/health/ready", f"/v2/models/{NAME}/ready"):
            assert httpx.get(server.url + path).status_code == 200
        for connection in slow:
            connection.sendall(BODY[-1:])
            assert answer(connection)[0] == 200
        assert httpx.post(f"{server.model}/predict", json=json.loads(BODY)).status_code == 200


def test_it_stops_in_time_beside_clients_that_do_not_finish(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME, "--shutdown-timeout", "3") as server, ExitStack() as stack:
        idle, body, head, health = (connected(server, stack) for _ in range(4))
        idle.sendall(READY)
        assert answer(idle)[0] == 200
        body.sendall(HEAD + BODY[:-1])
        head.sendall(HEAD[:20])
        time.sleep(0.2)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        health.sendall(READY)
        status, text = answer(health)
        assert (status, text.rpartition("\r\n")[2]) == (503, '{"ready":false}')
        assert httpx.get(f"{server.url}/v2/models/{NAME}/ready").status_code == 503
        assert httpx.get(f"{server.url}/v2/health/live").status_code == 200
        refused = httpx.post(f"{server.model}/predict", json=json.loads(BODY))
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.json() == {"error": "server: is stopping. Ask another, or try again in a second."}
        assert server.process.wait(timeout=20) == 0
        assert 1.5 < time.monotonic() - started < 4.0
        assert body.recv(100) == head.recv(100) == b""


def test_what_is_under_way_is_answered_after_the_signal(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME) as server, ExitStack() as stack:
        body = connected(server, stack)
        body.sendall(HEAD + BODY[:-1])
        time.sleep(0.2)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert httpx.get(f"{server.url}/v2/health/ready").status_code == 503
        body.sendall(BODY[-1:])
        assert answer(body)[0] == 200
        assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - started < 10.0


def test_a_second_signal_cuts_what_is_left_at_once(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME) as server, ExitStack() as stack:
        body = connected(server, stack)
        body.sendall(HEAD + BODY[:-1])
        time.sleep(0.2)
        started = time.monotonic()
        for _ in range(2):
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - started < 10.0


def test_a_model_at_work_does_not_hold_the_end_up(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME, "--shutdown-timeout", "1") as server, ExitStack() as stack:
        rows = b"\x00" * (120 * 4096 * 8 * 4)
        tensor = {
            "name": "features",
            "datatype": "FP32",
            "shape": [120, 4096, 8],
            "parameters": {"binary_data_size": len(rows)},
        }
        message = json.dumps({"inputs": [tensor]}).encode()
        head = (
            f"POST /v2/models/{NAME}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
            f"Inference-Header-Content-Length: {len(message)}\r\nContent-Length: {len(message) + len(rows)}\r\n\r\n"
        ).encode()
        for _ in range(4):
            connected(server, stack).sendall(head + message + rows)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - started < 3.0


def test_settings_are_checked() -> None:
    with pytest.raises(ArgumentError, match=r"^max_requests: received 0; expected an integer of at least 1"):
        Settings(max_requests=0)
    with pytest.raises(ArgumentError, match=r"^shutdown_timeout: received 0; expected"):
        Settings(shutdown_timeout=0)
