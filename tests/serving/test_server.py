"""Truth of ``rnnzoo_export.serving.app``.

The server over real sockets: right answers, and right refusals, after each of which it lives on.
"""

# mypy: disable-error-code="union-attr, index"

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import keras
import numpy as np
import psutil
import pytest

from rnnzoo import load_dataset, load_model
from rnnzoo.errors import RequestError
from rnnzoo_export import OnnxPredictor, load_bundle, save_bundle
from rnnzoo_export.serving.protocol import MAX_DEPTH
from serving_client import Server, running, seconds_to_first_answer

NAME = "series-classifier-gru"


@pytest.fixture(scope="module")
def server(digits_bundle: Path) -> Iterator[Server]:
    with running(digits_bundle, NAME) as server:
        yield server


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    return list(load_dataset("digits").test.raw[:20])


def tensor(x: np.ndarray, **changes: Any) -> dict[str, Any]:
    return {
        "name": "features",
        "datatype": "FP32",
        "shape": list(x.shape),
        "data": x.ravel().tolist(),
        **changes,
    }


def infer(server: Server, *tensors: dict[str, Any], **more: Any) -> httpx.Response:
    return httpx.post(f"{server.model}/infer", json={"inputs": list(tensors), **more}, timeout=30)


def test_metadata_and_health(server: Server) -> None:
    assert httpx.get(f"{server.url}/v2").json()["name"] == "rnnzoo"
    assert httpx.get(f"{server.url}/v2/health/live").json() == {"live": True}
    assert httpx.get(f"{server.url}/v2/health/ready").json() == {"ready": True}
    for address in (server.model, f"{server.model}/versions/1"):
        assert httpx.get(address).json() == {
            "name": NAME,
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "features", "datatype": "FP32", "shape": [-1, -1, 8]}],
            "outputs": [{"name": "logits", "datatype": "FP32", "shape": [-1, 10]}],
        }
        assert httpx.get(f"{address}/ready").json() == {"name": NAME, "ready": True}


def test_served_answers_are_the_predictors_which_are_keras(
    server: Server, images: list[np.ndarray], digits_bundle: Path, digits_run: Path
) -> None:
    predictor = OnnxPredictor(digits_bundle)
    raw = [image.tolist() for image in images]
    served = httpx.post(f"{server.model}/predict", json={"inputs": raw}).json()["answers"]
    assert served == predictor.predict(images)
    x = predictor.collate(predictor.encode(images))["features"]
    response = infer(server, tensor(x), id="mine").json()
    assert response["id"] == "mine"
    assert response["outputs"][0]["shape"] == [20, 10]
    logits = np.array(response["outputs"][0]["data"], np.float32).reshape(20, 10)
    np.testing.assert_array_equal(logits, predictor.run({"features": x})["logits"])
    model = load_model(digits_run / "model.keras")
    np.testing.assert_allclose(logits, np.asarray(model(x)), rtol=1e-5, atol=1e-5)
    assert [a["label"] for a in served] == [str(row.argmax()) for row in logits]


def test_binary_tensors(server: Server, images: list[np.ndarray]) -> None:
    x = np.stack(images).astype(np.float32)
    expected = infer(server, tensor(x)).json()["outputs"][0]["data"]
    head = tensor(x, parameters={"binary_data_size": x.nbytes})
    del head["data"]
    body = json.dumps({"inputs": [head], "parameters": {"binary_data_output": True}}).encode()
    response = httpx.post(
        f"{server.model}/infer",
        content=body + x.tobytes(),
        headers={
            "Inference-Header-Content-Length": str(len(body)),
            "Content-Type": "application/octet-stream",
        },
    )
    length = int(response.headers["Inference-Header-Content-Length"])
    found = np.frombuffer(response.content[length:], np.float32)
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


X = np.zeros((1, 8, 8), np.float32)
BAD_TENSORS: dict[str, tuple[dict[str, Any], int, str]] = {
    "negative rows": ({"shape": [-1, 8, 8]}, 400, "whose axis 'batch' is empty"),
    "negative steps": ({"shape": [1, -8, 8]}, 400, "whose axis 'time' is empty"),
    "boolean size": ({"shape": [True, 8, 8]}, 400, "expected a list of whole numbers"),
    "float size": ({"shape": [1.0, 8, 8]}, 400, "expected a list of whole numbers"),
    "too many steps": ({"shape": [1, 4097, 8]}, 413, "received 4097 steps; expected at most 4096"),
    "beyond 64 bits": ({"shape": [1, 2**70, 8]}, 400, "expected a list of whole numbers"),
    "too many rows": (
        {"shape": [257, 1, 8], "data": [0.0] * 2056},
        413,
        "received 257 rows; expected at most 256",
    ),
    "rank": ({"shape": [8, 8]}, 400, "received rank 2"),
    "width": ({"shape": [1, 16, 4]}, 400, "the size of axis 'features' is 8"),
    "short data": ({"data": [0.0] * 63}, 400, "does not fill the shape"),
    "long data": ({"data": [0.0] * 65}, 400, "does not fill the shape"),
    "nested wrongly": ({"data": [[0.0] * 64]}, 400, "does not fill the shape"),
    "text in data": (
        {"data": ["1.5"] * 64},
        400,
        "'1.5' at batch 0, time 0, features 0; expected FP32 values.",
    ),
    "boolean in data": (
        {"data": [0.0] * 63 + [True]},
        400,
        "received True at batch 0, time 7, features 7; expected FP32 values.",
    ),
    "null in data": ({"data": [None] * 64}, 400, "received None at batch 0, time 0, features 0"),
    "too large": (
        {"data": [0.0] * 9 + [1e39] * 55},
        400,
        "not finite in float32, at batch 0, time 1, features 1; expected finite numbers",
    ),
    "datatype": ({"datatype": "BYTES"}, 400, "received datatype 'BYTES'; expected 'FP32'"),
    "name": ({"name": "other"}, 400, "received unknown name 'other'; expected features"),
    "no name": ({"name": None}, 400, 'expected objects with a "name"'),
    "no shape": ({"shape": None}, 400, "received shape None"),
    "data and binary": ({"parameters": {"binary_data_size": 256}}, 400, 'expected either "data" or'),
    "no size": ({"parameters": {"binary_data_size": None}}, 400, "binary_data_size None; expected a whole"),
    "unknown key": (
        {"dtype": "FP32"},
        400,
        "features: received the unknown key 'dtype'; expected name, shape",
    ),
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_a_bad_tensor_is_refused(name: str, server: Server) -> None:
    changes, status, message = BAD_TENSORS[name]
    response = infer(server, tensor(X, **changes))
    assert (response.status_code, message in response.json()["error"]) == (status, True), response.text
    assert server.healthy()


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "body: empty"),
    "not JSON": (b"{", 400, "not valid JSON"),
    "not UTF-8": (b'{"inputs": "\xff"}', 400, "not valid JSON"),
    "a list": (b"[]", 400, "received a JSON list"),
    "deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), 400, "not valid JSON"),
    "key twice": (
        b'{"inputs": [1], "inputs": [2]}',
        400,
        "body: received the key 'inputs' twice in one object",
    ),
    "NaN": (b'{"inputs": [{"name": "features", "data": [NaN]}]}', 400, "not valid JSON"),
    "no inputs": (b"{}", 400, "inputs: received None"),
    "empty inputs": (b'{"inputs": []}', 400, "inputs: received []"),
    "inputs no list": (b'{"inputs": {"a": 1}}', 400, "inputs: received"),
    "parameters no object": (b'{"inputs": [], "parameters": 3}', 400, "parameters"),
    "id no text": (b'{"inputs": [], "id": 3}', 400, "received"),
    "unknown key": (b'{"inputs": [[]], "sequence_id": 3}', 400, "received the unknown key 'sequence_id'"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
@pytest.mark.parametrize("endpoint", ["infer", "predict"])
def test_a_bad_body_is_refused(name: str, endpoint: str, server: Server) -> None:
    body, status, message = BAD_BODIES[name]
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{server.model}/{endpoint}", content=body, headers=headers, timeout=30)
    assert response.status_code == status, response.text
    assert endpoint == "predict" or message in response.json()["error"]
    assert server.healthy()


def test_infinity_written_as_a_number_is_refused(server: Server) -> None:
    body = json.dumps({"inputs": [tensor(X)]}).replace("0.0", "1e999", 1).encode()
    response = httpx.post(f"{server.model}/infer", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert server.healthy()


def test_inputs_and_outputs_named_wrongly(server: Server) -> None:
    assert "twice" in infer(server, tensor(X), tensor(X)).json()["error"]
    response = infer(server, tensor(X), outputs=[{"name": "probabilities"}])
    assert response.status_code == 400
    assert "received unknown name 'probabilities'; expected logits" in response.json()["error"]


UNSUPPORTED = {
    "request": (
        {"sequence_id": 7, "sequence_start": True},
        "request: received the parameter 'sequence_id', which is not supported; expected none but "
        "'binary_data_output' for a request. The server keeps nothing between requests: send whole sequences.",
    ),
    "input": (
        {"shared_memory_region": "x"},
        "features: received the parameter 'shared_memory_region', which is not supported; expected none but "
        "'binary_data_size' for an input. Leave it out.",
    ),
    "output": (
        {"classification": 3},
        "logits: received the parameter 'classification', which is not supported; expected none but 'binary_data' "
        "for an output. Take the values and sort them, or ask for labels at /predict.",
    ),
}
OTHERS = [
    "sequence_start",
    "sequence_end",
    "priority",
    "timeout",
    "content_type",
    "mine",
    "binary_data",
    "headers",
]


def with_parameters(place: str, parameters: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"inputs": [tensor(X)], "outputs": [{"name": "logits"}]}
    part = {"request": message, "input": message["inputs"][0], "output": message["outputs"][0]}[place]
    part["parameters"] = parameters
    return message


@pytest.mark.parametrize("place", UNSUPPORTED)
def test_a_parameter_that_is_not_carried_out_is_refused(place: str, server: Server) -> None:
    parameters, message = UNSUPPORTED[place]
    response = httpx.post(f"{server.model}/infer", json=with_parameters(place, parameters))
    assert (response.status_code, response.json()) == (400, {"error": message})
    for name in OTHERS:
        if (place, name) != ("output", "binary_data"):
            response = httpx.post(f"{server.model}/infer", json=with_parameters(place, {name: 0}))
            assert response.status_code == 400
            assert f"received the parameter {name!r}" in response.json()["error"]


def test_parameters_that_are_carried_out_must_be_of_their_type(server: Server) -> None:
    for place, name in (("request", "binary_data_output"), ("output", "binary_data")):
        for value, status in ((False, 200), (True, 200), (1, 400), ("true", 400), (None, 400)):
            response = httpx.post(f"{server.model}/infer", json=with_parameters(place, {name: value}))
            assert response.status_code == status, (name, value)
            binary = response.headers.get("Inference-Header-Content-Length") is not None
            assert binary == (value is True)
        assert httpx.post(f"{server.model}/infer", json=with_parameters(place, {})).status_code == 200


def test_clients_that_name_the_model_in_the_body_are_understood(server: Server) -> None:
    assert infer(server, tensor(X), model_name=NAME, model_version="1").status_code == 200
    for names in ({"model_name": "other"}, {"model_version": "2"}):
        response = infer(server, tensor(X), **names)
        assert response.status_code == 400
        assert "expected" in response.json()["error"]


@pytest.mark.parametrize(
    ("header", "size"),
    [("-1", None), ("9999999", None), ("x", None), ("0", None), (None, 255), (None, -4), (None, 10**9)],
)
def test_wrong_binary_lengths(header: str | None, size: int | None, server: Server) -> None:
    head = tensor(X, parameters={"binary_data_size": size or 256})
    del head["data"]
    body = json.dumps({"inputs": [head]}).encode()
    headers = {
        "Inference-Header-Content-Length": header or str(len(body)),
        "Content-Type": "application/octet-stream",
    }
    response = httpx.post(f"{server.model}/infer", content=body + X.tobytes(), headers=headers)
    assert response.status_code == 400, response.text
    assert server.healthy()


RAW_INPUTS: dict[str, tuple[Any, str]] = {
    "no rows": ([], "expected {"),
    "a text": (["hello"], "row 0: received str"),
    "wrong width": ([[[0.0] * 7] * 8], "row 0: received shape (8, 7); expected (time, 8)"),
    "ragged": ([[[0.0] * 8, [0.0]]], "row 0"),
    "null": ([None], "row 0"),
    "an object": ([{"a": 1}], "row 0"),
    "second row": ([X[0].tolist(), [[1.0]]], "row 1"),
    "lengths differ": ([X[0].tolist(), X[0, :3].tolist()], "series: received lengths [3, 8]"),
}


@pytest.mark.parametrize("name", RAW_INPUTS)
def test_raw_inputs_are_refused_by_row(name: str, server: Server) -> None:
    inputs, message = RAW_INPUTS[name]
    response = httpx.post(f"{server.model}/predict", json={"inputs": inputs})
    assert (response.status_code, message in response.json()["error"]) == (400, True), response.text
    assert server.healthy()


def test_too_many_raw_inputs(server: Server) -> None:
    response = httpx.post(f"{server.model}/predict", json={"inputs": [X[0].tolist()] * 257})
    assert response.status_code == 413
    response = httpx.post(f"{server.model}/predict", json={"inputs": [[[0.0] * 8] * 4097]})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v2/models/other", 404),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", "/v2/models/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v2/models/%00", 404),
        ("GET", "/v2/models/" + "x" * 5000, 404),
        ("GET", f"/v2/models/{NAME.upper()}", 404),
        ("GET", f"/v2/models/{NAME}/versions/2", 404),
        ("GET", f"/v2/models/{NAME}/infer", 405),
        ("PUT", f"/v2/models/{NAME}/infer", 405),
        ("DELETE", "/v2/health/live", 405),
        ("TRACE", "/v2", 405),
    ],
)
def test_wrong_addresses_and_methods(method: str, path: str, status: int, server: Server) -> None:
    response = httpx.request(method, server.url + path)
    assert response.status_code == status
    assert len(response.json()["error"]) < 600
    assert server.healthy()


def test_wrong_types_and_encodings_are_415(server: Server) -> None:
    body = json.dumps({"inputs": [tensor(X)]})
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ):
        assert httpx.post(f"{server.model}/infer", content=body, headers=headers).status_code == 415


def test_oversized_bodies_are_413_before_they_are_read(server: Server) -> None:
    head = f"POST /v2/models/{NAME}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    declared = server.raw(head.encode() + b"Content-Length: 400000000\r\n\r\n")
    assert declared.startswith(b"HTTP/1.1 413")

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 2**20

    before = memory(server.process.pid)
    try:
        response = httpx.post(
            f"{server.model}/infer",
            content=chunks(),
            headers={"Content-Type": "application/json"},
            timeout=30,
        )
        assert response.status_code == 413
    except httpx.WriteError:
        pass  # the server has answered and closed while more was being sent
    assert memory(server.process.pid) - before < 64 * 2**20
    assert server.healthy()


def test_another_sites_name_for_this_machine_is_refused(server: Server) -> None:
    for host in ("evil.example", "evil.example:8000", "localhost.evil.example"):
        assert httpx.get(f"{server.url}/v2", headers={"Host": host}).status_code == 421
    for host in ("localhost", f"127.0.0.1:{server.port}", "LOCALHOST:80", "[::1]"):
        assert httpx.get(f"{server.url}/v2", headers={"Host": host}).status_code == 200


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


def test_the_page_asks_nobody_else(server: Server) -> None:
    response = httpx.get(server.url)
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    text = response.text
    assert NAME in text
    assert "src=" not in text.replace("script-src", "")
    assert not [word for word in ("https://", "//cdn", "@import", "url(") if word in text]
    assert [w for w in text.split() if w.startswith("http://")] == []


def test_small_and_quick(digits_bundle: Path) -> None:
    assert seconds_to_first_answer(digits_bundle) < 2.0
    with running(digits_bundle, NAME) as server:
        for _ in range(20):
            assert infer(server, tensor(X)).status_code == 200
        assert memory(server.process.pid) < 150 * 2**20


def memory(pid: int) -> int:
    """Proportional memory (PSS) of a process and its children."""
    process = psutil.Process(pid)
    return sum(p.memory_full_info().pss for p in (process, *process.children(recursive=True)))


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
    assert server.healthy()


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


def test_rows_shorter_than_the_model_needs_are_refused(tmp_path: Path) -> None:
    x = keras.Input((None, 2), name="features")
    y = keras.layers.GRU(2)(keras.layers.Conv1D(3, 4)(x))
    save_bundle(keras.Model(x, y, name="conv"), tmp_path / "bundle")
    assert load_bundle(tmp_path / "bundle").signature.least_steps == 4
    with running(tmp_path / "bundle", "conv") as server:
        refused = infer(server, tensor(np.zeros((2, 3, 2))))
        assert refused.status_code == 400
        assert refused.json() == {
            "error": "features: received 3 steps; expected at least 4, of which the model makes its first answer. "
            "Send longer rows."
        }
        assert infer(server, tensor(np.zeros((2, 4, 2)))).status_code == 200


def test_ids_beyond_the_table_are_refused_as_decimal_numbers_too(tmp_path: Path) -> None:
    x = keras.Input((None,), name="features")  # float32, as Keras has it by default
    y = keras.layers.GRU(2)(keras.layers.Embedding(5, 3)(x))
    save_bundle(keras.Model(x, y, name="ids"), tmp_path / "bundle")
    predictor = OnnxPredictor(tmp_path / "bundle")
    message = (
        "features: received ids from 0.0 to 5.0, the first wrong one at batch 0, time 1; expected 0 to 4"
    )
    with pytest.raises(RequestError, match=message):
        predictor.run({"features": np.array([[0, 5.0]], np.float32)})
    assert predictor.run({"features": np.array([[0, 4.0]], np.float32)})
