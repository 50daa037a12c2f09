"""Truth of ``rnnzoo_export.serving.traffic``.

How many may ask at once, and how the server ends: over real sockets, within seconds.
"""

# mypy: disable-error-code="union-attr"

from __future__ import annotations

import asyncio
import json
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.serving.body import BodyLimits
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.traffic import Traffic
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


@contextmanager
def many_open_files(count: int) -> Iterator[None]:
    """This process, and what is started inside, may open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 100:
        pytest.skip(f"{count} connections need a hard limit of {count + 100} open files; it is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 100), hard))
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


def long_request(rows: int = 120, steps: int = 4096) -> bytes:
    """A request whose answer takes a while."""
    data = b"\x00" * (rows * steps * 8 * 4)
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": [rows, steps, 8],
        "parameters": {"binary_data_size": len(data)},
    }
    message = json.dumps({"inputs": [tensor]}).encode()
    head = (
        f"POST /v2/models/{NAME}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        f"Inference-Header-Content-Length: {len(message)}\r\nContent-Length: {len(message) + len(data)}\r\n\r\n"
    ).encode()
    return head + message + data


def test_short_requests_are_answered_beside_long_ones_and_those_whose_clients_left_are_dropped(
    digits_bundle: Path,
) -> None:
    with running(digits_bundle, NAME) as server, ExitStack() as stack, httpx.Client() as client:
        client.post(f"{server.model}/predict", json=json.loads(BODY))
        alone = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        began = time.monotonic()
        alone.sendall(long_request())
        assert answer(alone)[0] == 200
        one_long = time.monotonic() - began
        many = [connected(server, stack) for _ in range(8)]
        for connection in many:
            connection.sendall(long_request())
        time.sleep(0.2)
        for _ in range(10):
            began = time.monotonic()
            assert client.post(f"{server.model}/predict", json=json.loads(BODY)).status_code == 200
            assert time.monotonic() - began < max(0.5, one_long)
        for connection in many:
            connection.close()
        time.sleep(0.3)
        began = time.monotonic()
        alone.sendall(long_request(rows=1))
        assert answer(alone)[0] == 200
        assert time.monotonic() - began < max(1.0, 2 * one_long)


def test_good_requests_are_answered_beside_slow_bodies_and_idle_connections(digits_bundle: Path) -> None:
    with many_open_files(1_400), running(digits_bundle, NAME) as server, ExitStack() as stack:
        slow = [connected(server, stack) for _ in range(300)]
        for connection in slow:
            connection.sendall(HEAD + BODY[:10])
        for _ in range(1_000):
            connected(server, stack)
        with httpx.Client() as client:
            for _ in range(3):
                began = time.monotonic()
                assert client.post(f"{server.model}/predict", json=json.loads(BODY)).status_code == 200
                assert time.monotonic() - began < 1.0
                for connection in slow:
                    connection.sendall(b" ")
        status, text = answer(slow[0])
        assert status == 408
        assert "expected at least 1000 a second, with pauses of 5 s at most. Send it faster." in text


def test_a_thousand_clients_that_keep_their_connections_are_all_answered(digits_bundle: Path) -> None:
    with many_open_files(1_100), running(digits_bundle, NAME) as server, ExitStack() as stack:
        connections = [connected(server, stack) for _ in range(1_000)]
        for _ in range(2):
            for connection in connections:
                connection.sendall(HEAD + BODY)
            assert Counter(answer(connection)[0] for connection in connections) == {200: 1_000}


def request_of(size: int) -> Request:
    """A request whose body has so many bytes."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * size, "more_body": False}

    return Request({"type": "http", "headers": [], "method": "POST"}, receive)


@pytest.mark.parametrize(
    ("bounds", "fits", "message"),
    [
        ((10, 100), 40, "server: bodies of 100 bytes are under way already. Try again in a second."),
        ((1, 1000), 0, "server: 1 requests are under way already. Try again in a second."),
    ],
)
def test_requests_that_are_answered_and_the_bytes_of_all_bodies_are_bounded(
    bounds: tuple[int, int], fits: int, message: str
) -> None:
    traffic, limits = Traffic(*bounds), BodyLimits(100, 5.0, 1000)

    async def asked() -> None:
        for _ in range(3):  # what was held is given back
            with traffic.held(request_of(60)) as held:
                assert len(await held.read(limits)) == 60
                with pytest.raises(RequestError) as caught, traffic.held(request_of(60)) as other:
                    await other.read(limits)
                assert caught.value.status == 503
                assert str(caught.value) == message
                if fits:
                    with traffic.held(request_of(fits)) as other:
                        await other.read(limits)
            assert traffic.bytes_held == 0

    asyncio.run(asked())


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
        for _ in range(4):
            connected(server, stack).sendall(long_request())
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
        assert time.monotonic() - started < 3.0


def test_settings_are_checked() -> None:
    with pytest.raises(ArgumentError, match=r"^max_requests: received 0; expected an integer of at least 1"):
        Settings(max_requests=0)
    with pytest.raises(
        ArgumentError, match=r"^max_bytes: received 99, less than max_body_bytes, 100; expected room "
    ):
        Settings(max_bytes=99, max_body_bytes=100)
    assert Settings(max_bytes=100, max_body_bytes=100).body_limits.max_bytes == 100
    with pytest.raises(ArgumentError, match=r"^shutdown_timeout: received 0; expected"):
        Settings(shutdown_timeout=0)
