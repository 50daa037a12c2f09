"""Truth of ``rnnzoo_export.serving.server``: a process that takes many clients, broken ones too, and ends in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from rnnzoo_export import OnnxPredictor
from served_digits import NAME, X, infer, memory, tensor
from serving_client import Server, running, seconds_to_first_answer


def test_half_sent_requests_are_closed_and_hold_nobody_up(digits_bundle: Path, server: Server) -> None:
    waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for connection in waiting:
        connection.sendall(b"POST /v2/models/x/infer HTTP/1.1\r\nHost: local")
    assert server.healthy()
    time.sleep(6)
    for connection in waiting:
        connection.settimeout(3)
        assert b"200" not in connection.recv(1000)
        connection.close()


def test_a_client_that_goes_away_disturbs_nobody(server: Server) -> None:
    body = json.dumps({"inputs": [tensor(np.zeros((256, 64, 8), np.float32))]}).encode()
    head = (
        f"POST /v2/models/{NAME}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + body)
    assert infer(server, tensor(X)).status_code == 200


def test_a_crowd_gets_each_its_own_answer(server: Server, digits_bundle: Path) -> None:
    rng = np.random.default_rng(0)
    requests = [rng.normal(size=(1, int(rng.integers(4, 9)), 8)).astype(np.float32) for _ in range(200)]
    predictor = OnnxPredictor(digits_bundle)
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(16) as pool:

        def ask(number: int) -> httpx.Response:
            x = requests[number] if number % 7 else np.full((1, 4, 8), 1e39)
            return client.post(f"{server.model}/infer", json={"inputs": [tensor(x)]})

        answers = list(pool.map(ask, range(200)))
    for number, (x, answer) in enumerate(zip(requests, answers, strict=True)):
        if number % 7 == 0:
            assert answer.status_code == 400
            continue
        found = np.array(answer.json()["outputs"][0]["data"], np.float32)
        np.testing.assert_allclose(found, predictor.run({"features": x})["logits"][0], rtol=1e-5, atol=1e-5)


def test_small_and_quick(digits_bundle: Path) -> None:
    assert seconds_to_first_answer(digits_bundle) < 2.0
    with running(digits_bundle, NAME) as server:
        for _ in range(20):
            assert infer(server, tensor(X)).status_code == 200
        assert memory(server.process.pid) < 150 * 2**20


def test_many_requests_do_not_grow_it(server: Server) -> None:
    with httpx.Client() as client:

        def some(count: int) -> None:
            for _ in range(count):
                client.post(f"{server.model}/infer", json={"inputs": [tensor(X)]})

        some(300)
        before = memory(server.process.pid)
        some(1500)
        assert memory(server.process.pid) - before < 8 * 2**20


def test_a_taken_port_is_told(server: Server, digits_bundle: Path) -> None:
    command = [sys.executable, "-m", "rnnzoo", "serve", str(digits_bundle), "--port", str(server.port)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr.startswith(
        f"error: port: cannot listen on 127.0.0.1:{server.port} (Address already in use)"
    )
    assert "Choose another with --port, or 0 for any." in result.stderr
    assert server.healthy()
    with running(digits_bundle, NAME, "--port", "0") as any_port:
        assert any_port.port != server.port
    with running(digits_bundle, NAME, "--port", str(any_port.port)) as other:
        assert other.healthy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to_and_answers_what_is_under_way(number: int, digits_bundle: Path) -> None:
    with running(digits_bundle, NAME) as server:
        body = json.dumps({"inputs": [tensor(np.zeros((256, 256, 8), np.float32))]})
        headers = {"Content-Type": "application/json"}
        answers: list[int] = []
        thread = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{server.model}/infer", content=body, headers=headers, timeout=30).status_code
            )
        )
        thread.start()
        time.sleep(0.4)
        server.process.send_signal(number)
        assert server.process.wait(timeout=20) == 0
        thread.join(20)
        assert answers == [200]


def test_every_address_is_announced_loudly(digits_bundle: Path) -> None:
    with running(digits_bundle, NAME, "--host", "0.0.0.0") as server:
        assert server.process.stderr is not None
        assert "can be reached by other machines" in server.process.stderr.readline()
        assert httpx.get(f"{server.url}/v2", headers={"Host": "any.example"}).status_code == 200
