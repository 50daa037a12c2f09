"""Truth of ``rnnzoo_export.serving.server``: half an hour of everything at once, and an end in the midst of it.

Answers are compared with NumPy's all the time. ``RNNZOO_LOAD_SECONDS`` makes the half hour shorter or longer.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from served_digits import memory, tensor
from serving_client import Server, running
from streamed_models import FEATURES, TAGGER, Recurrence, series
from streamed_models import streamed as streamed
from websocket_client import WebSocketClient

SECONDS = float(os.environ.get("RNNZOO_LOAD_SECONDS", "1800"))
TRUTH = Recurrence.of(FEATURES)
# One function asks once, with a number of its own.
Ask = Callable[[httpx.Client, Server, int], None]


def infer(client: httpx.Client, x: np.ndarray, **more: Any) -> httpx.Response:
    return client.post(f"/v2/models/{TAGGER}/infer", json={"inputs": [tensor(x)], **more})


def numbers(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    found = answer.json()["outputs"][0]
    return np.array(found["data"]).reshape(found["shape"])


def short(client: httpx.Client, server: Server, number: int) -> None:
    x = series(1 + number % 30, number)
    np.testing.assert_allclose(numbers(infer(client, x)), TRUTH(x), atol=1e-5)


def long(client: httpx.Client, server: Server, number: int) -> None:
    x = np.concatenate([series(1000, number)] * 8)
    np.testing.assert_allclose(numbers(infer(client, x)), TRUTH(x), atol=1e-4)


def binary(client: httpx.Client, server: Server, number: int) -> None:
    x = series(5, number)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "features",
                    "datatype": "FP32",
                    "shape": list(x.shape),
                    "parameters": {"binary_data_size": x.nbytes},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    headers = {
        "Inference-Header-Content-Length": str(len(head)),
        "Content-Type": "application/octet-stream",
        "Accept-Encoding": "identity",
    }
    answer = client.post(f"/v2/models/{TAGGER}/infer", content=head + x.tobytes(), headers=headers)
    assert answer.status_code == 200, answer.text
    length = int(answer.headers["Inference-Header-Content-Length"])
    found = np.frombuffer(answer.content[length:], np.float32)
    np.testing.assert_allclose(found, TRUTH(x).ravel(), atol=1e-5)


def raw(client: httpx.Client, server: Server, number: int) -> None:
    answer = client.post(f"/v2/models/{TAGGER}/predict", json={"inputs": series(7, number).tolist()})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["answers"][0]["labels"]) == 7


def sequence(client: httpx.Client, server: Server, number: int) -> None:
    x = series(12, number)
    found = []
    for step in range(0, 12, 3):
        parameters = {"sequence_id": 1 + number, "sequence_start": step == 0, "sequence_end": step == 9}
        found.append(numbers(infer(client, x[:, step : step + 3], parameters=parameters)))
    np.testing.assert_allclose(np.concatenate(found, axis=1), TRUTH(x), atol=1e-5)


def stream(client: httpx.Client, server: Server, number: int) -> None:
    x = series(6, number)
    with WebSocketClient(server.port, f"/v2/models/{TAGGER}/stream") as socket:
        socket.receive()
        for step in range(6):
            answer = socket.ask({"inputs": [tensor(x[:, step : step + 1])]})
            found = np.array(answer["outputs"][0]["data"])
            np.testing.assert_allclose(found, TRUTH(x)[0, step], atol=1e-5)


def wrong(client: httpx.Client, server: Server, number: int) -> None:
    bodies = (b"{", b"[]", b'{"inputs": []}', b'{"inputs": [1]}', b'{"inputs": [], "x": 1}')
    headers = {"Content-Type": "application/json"}
    answer = client.post(f"/v2/models/{TAGGER}/infer", content=bodies[number % 5], headers=headers)
    assert answer.status_code == 400, answer.text
    assert client.get("/v2/models/none").status_code == 404


def leaving(client: httpx.Client, server: Server, number: int) -> None:
    """Asks, and does not wait for the answer."""
    body = json.dumps({"inputs": [tensor(np.concatenate([series(500, number)] * 4))]}).encode()
    head = (
        f"POST /v2/models/{TAGGER}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body[: len(body) if number % 2 else len(body) // 2])
    time.sleep(0.05)


@contextmanager
def load(server: Server, asks: tuple[Ask, ...]) -> Iterator[tuple[Counter[str], list[str], threading.Event]]:
    """Lets a client ask for each, again and again; what it has counted, what went wrong, and what ends it."""
    counted, failed, ended = Counter[str](), list[str](), threading.Event()

    def work(ask: Ask, first: int) -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            for number in itertools.count(first, len(asks)):
                if ended.is_set():
                    return
                try:
                    ask(client, server, number)
                    counted[ask.__name__] += 1
                except Exception as error:  # noqa: BLE001 - it is told in the test
                    if not ended.is_set():
                        failed.append(f"{ask.__name__}: {type(error).__name__}: {str(error)[:300]}")

    threads = [threading.Thread(target=work, args=(ask, first)) for first, ask in enumerate(asks)]
    for thread in threads:
        thread.start()
    try:
        yield counted, failed, ended
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)


ALL: tuple[Ask, ...] = (short, long, binary, raw, sequence, stream, wrong, leaving)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_mixed_load_for_long_brings_neither_errors_nor_growth(streamed: dict[str, Path]) -> None:
    with (
        running(streamed[TAGGER], TAGGER, "--name", TAGGER) as server,
        load(server, ALL) as (counted, failed, _),
    ):
        ends = time.monotonic() + SECONDS
        time.sleep(min(60.0, SECONDS / 3))  # by then all has been asked, and buffers have their size
        before = memory(server.process.pid)
        while time.monotonic() < ends and not failed:
            time.sleep(1)
        assert not failed
        assert min(counted[ask.__name__] for ask in ALL) > SECONDS / 10
        assert memory(server.process.pid) - before < 12e6
        assert httpx.get(f"{server.url}/v2/health/ready", timeout=10).status_code == 200


@pytest.mark.slow
def test_told_to_stop_under_every_load_it_answers_what_it_took_in_and_ends_in_time(
    streamed: dict[str, Path],
) -> None:
    started = "--shutdown-timeout", "8"
    with running(streamed[TAGGER], TAGGER, "--name", TAGGER, *started) as server:
        with load(server, ALL) as (counted, failed, ended):
            time.sleep(3)
            assert not failed
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            ended.set()  # each client ends the request that it has sent, and sends no more
            assert server.process.wait(timeout=12) == 0
            assert time.monotonic() - began < 9
        assert min(counted.values()) > 0


@pytest.mark.slow
def test_killed_under_a_supervisor_it_loses_what_was_under_way_alone(streamed: dict[str, Path]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "rnnzoo",
        "serve",
        str(streamed[TAGGER]),
        "--name",
        TAGGER,
        "--port",
        str(port),
    ]
    loop = 'while true; do "$@" & echo $!; wait $!; done'  # what systemd does with Restart=on-failure
    supervisor = subprocess.Popen(
        ["bash", "-c", loop, "supervisor", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert supervisor.stdout is not None
    url, lost, answered = f"http://127.0.0.1:{port}", 0, 0
    x = series(4)
    try:
        for kills in range(3):
            server = int(supervisor.stdout.readline())
            until(lambda: httpx.get(f"{url}/v2/health/ready").status_code == 200)
            with httpx.Client(base_url=url, timeout=10) as client:
                for _ in range(50):
                    np.testing.assert_allclose(numbers(infer(client, x)), TRUTH(x), atol=1e-5)
                    answered += 1
                if kills == 2:
                    break
                os.kill(server, signal.SIGKILL)
                with pytest.raises(httpx.TransportError):
                    infer(client, x)
                lost += 1
    finally:
        os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait(10)
        supervisor.stdout.close()
    assert (answered, lost) == (150, 2)


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something holds, whatever is raised before."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if holds():
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")
