"""Truth of ``rnnzoo_export.serving.protocol``: tensors are taken and refused as they are sent."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import Limits
from rnnzoo_export.serving.protocol import MAX_DEPTH, parse_infer, render_infer
from rnnzoo_export.signature import Signature, TensorSpec
from served_digits import X, infer, tensor
from serving_client import Server


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


def spec(name: str, *shape: int | None) -> TensorSpec:
    return TensorSpec(name, "float32", shape, ("batch", "features"))


TWO = Signature((spec("x", None, 1),), (spec("mean", None, 1), spec("spread", None, 2)))


def asked(**more: Any) -> tuple[dict[str, Any], bytes]:
    """The JSON of an answer with two outputs, and the raw tensors behind it."""
    x = {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [0.5]}
    request = parse_infer(json.dumps({"inputs": [x], **more}).encode(), None, TWO, Limits())
    outputs = {"mean": np.ones((1, 1), np.float32), "spread": np.full((1, 2), 2, np.float32)}
    content, length = render_infer(request, outputs, "m", "1")
    return json.loads(content[:length]), content[len(content) if length is None else length :]


def test_outputs_come_as_they_were_asked_for() -> None:
    nothings: list[dict[str, Any]] = [{}, {"outputs": None}, {"outputs": []}]
    for nothing in nothings:
        message, _ = asked(**nothing)
        assert [output["name"] for output in message["outputs"]] == ["mean", "spread"]
        assert "id" not in message
    wanted = [{"name": "spread"}, {"name": "mean"}]
    message, _ = asked(outputs=wanted, id="a")
    assert [output["name"] for output in message["outputs"]] == ["spread", "mean"]
    assert message["id"] == "a"
    message, _ = asked(outputs=wanted[:1])
    assert [output["data"] for output in message["outputs"]] == [[2.0, 2.0]]
    with pytest.raises(RequestError, match="received unknown name 'variance'; expected mean, spread"):
        asked(outputs=[{"name": "variance"}])
    with pytest.raises(RequestError, match="outputs: received 'mean' twice"):
        asked(outputs=[*wanted, {"name": "mean"}])


def test_each_output_is_binary_where_it_says_so_or_else_the_request() -> None:
    def binary(value: bool) -> dict[str, bool]:
        return {"binary_data": value}

    wanted = [{"name": "spread", "parameters": binary(True)}, {"name": "mean"}]
    message, raw = asked(outputs=wanted)
    assert message["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert message["outputs"][1]["data"] == [1.0]
    assert raw == np.full(2, 2, "<f4").tobytes()
    message, raw = asked(
        outputs=[{"name": "mean"}, {"name": "spread", "parameters": binary(False)}],
        parameters={"binary_data_output": True},
        id="b",
    )
    assert (message["id"], message["outputs"][0]["parameters"]) == ("b", {"binary_data_size": 4})
    assert message["outputs"][1]["data"] == [2.0, 2.0]
    assert raw == np.ones(1, "<f4").tobytes()
    _, raw = asked(parameters={"binary_data_output": True})
    assert raw == np.array([1, 2, 2], "<f4").tobytes()


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
