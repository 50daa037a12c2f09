"""Truth of ``rnnzoo_export.serving.app``: right answers, and right refusals, after each of which it lives on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import keras
import numpy as np
import pytest

from rnnzoo import load_model
from rnnzoo.errors import RequestError
from rnnzoo_export import OnnxPredictor, load_bundle, save_bundle
from rnnzoo_export.serving.app import create_app
from rnnzoo_export.serving.stream_socket import StreamSocket
from served_digits import NAME, X, infer, memory, tensor
from serving_client import Server, running


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
        {"Content-Type": "application/json", "Content-Encoding": "br"},
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


@pytest.mark.parametrize("size", [100, 300_000])
@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/v2/models/other/infer", "application/json", 404),
        ("/nothing", "application/json", 404),
        ("/v2", "application/json", 405),
        (f"/v2/models/{NAME}/infer", "text/plain", 415),
    ],
)
def test_a_client_whose_body_nobody_reads_is_told_that_the_connection_ends(
    path: str, kind: str, status: int, size: int, server: Server
) -> None:
    with httpx.Client() as client:
        for _ in range(5):
            refused = client.post(server.url + path, content=b" " * size, headers={"Content-Type": kind})
            assert (refused.status_code, refused.headers.get("Connection")) == (status, "close")
            assert client.get(f"{server.url}/v2").status_code == 200


def test_a_connection_lives_on_after_a_refused_body(server: Server) -> None:
    with httpx.Client() as client:
        refused = client.post(
            f"{server.model}/infer", content=b" " * 300_000, headers={"Content-Type": "application/json"}
        )
        assert (refused.status_code, refused.headers.get("Connection")) == (400, None)
        assert httpx.get(f"{server.url}/nothing").headers.get("Connection") is None


def test_another_sites_name_for_this_machine_is_refused(server: Server) -> None:
    for host in ("evil.example", "evil.example:8000", "localhost.evil.example"):
        assert httpx.get(f"{server.url}/v2", headers={"Host": host}).status_code == 421
    for host in ("localhost", f"127.0.0.1:{server.port}", "LOCALHOST:80", "[::1]"):
        assert httpx.get(f"{server.url}/v2", headers={"Host": host}).status_code == 200


def test_the_page_asks_nobody_else(server: Server) -> None:
    response = httpx.get(server.url)
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    text = response.text
    assert NAME in text
    assert "src=" not in text.replace("script-src", "")
    assert not [word for word in ("https://", "//cdn", "@import", "url(") if word in text]
    assert [w for w in text.split() if w.startswith("http://")] == []


def test_a_single_input_outside_a_list_is_told_to_be_put_in_one(server: Server) -> None:
    for wrong in (1.5, "good", {"values": [[0.1]]}):
        answer = httpx.post(f"{server.url}/v2/models/{NAME}/predict", json={"inputs": wrong})
        assert answer.status_code == 400
        assert answer.json()["error"].endswith(
            'expected {"inputs": [...]} with at least one raw input. Put a single input in a list too: '
            '{"inputs": [input]}.'
        )


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


def test_a_fault_of_a_websocket_that_is_not_open_yet_is_no_http_answer(
    digits_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(StreamSocket, "_admitted", broken)
    app, sent = create_app(OnnxPredictor(digits_bundle)), list[Any]()

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": f"/v2/models/{NAME}/stream",
        "headers": [(b"host", b"localhost")],
        "subprotocols": [],
    }

    async def connected() -> None:
        await app(scope, receive, send)

    with pytest.raises(ValueError, match="a fault"):
        asyncio.run(connected())
    assert sent == []
