"""Truth of ``rnnzoo_export.serving.infer``: a real Triton server answers the same requests alike, or else on purpose.

The requests are those that any client forms: good ones, and mistakes that such a server answers with an error.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from other_software import environment
from served_digits import NAME, X, tensor
from serving_client import Server
from triton_server import PACKAGES, running_triton

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # an installation may take long
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def triton(digits_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("triton")
    commands = environment(folder / "venv", *PACKAGES)
    with running_triton(commands, digits_bundle, folder) as address:
        yield address


@dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, address: str) -> httpx.Response:
        url = address + self.path.replace("NAME", NAME)
        headers = {"Accept-Encoding": "identity", **self.headers}
        return httpx.request(self.method, url, content=self.body, headers=headers, timeout=30)


def infer(message: Any, path: str = "/v2/models/NAME/infer", **headers: str) -> Call:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Call("POST", path, body, {"Content-Type": "application/json", **headers})


def packed(call: Call, encoding: str) -> Call:
    assert call.body is not None
    body = gzip.compress(call.body) if encoding == "gzip" else zlib.compress(call.body)
    headers = {**call.headers, "Content-Encoding": encoding, "Accept-Encoding": encoding}
    return Call(call.method, call.path, body, headers)


def binary(x: np.ndarray, **more: Any) -> Call:
    head = tensor(x, parameters={"binary_data_size": x.nbytes})
    del head["data"]
    start = json.dumps({"inputs": [head], **more}).encode()
    return infer(start + x.tobytes(), **{LENGTH: str(len(start)), "Content-Type": "application/octet-stream"})


def rows(count: int, steps: int) -> np.ndarray:
    return np.random.default_rng(count + steps).normal(size=(count, steps, 8)).astype(np.float32)


LOGITS = {"name": "logits"}
BINARY_LOGITS = {"name": "logits", "parameters": {"binary_data": True}}
GOOD = {
    "one row": infer({"inputs": [tensor(X)]}),
    "of one step": infer({"inputs": [tensor(rows(1, 1))]}),
    "many rows": infer({"inputs": [tensor(rows(32, 20))]}),
    "nested": infer({"inputs": [tensor(rows(2, 3), data=rows(2, 3).tolist())]}),
    "whole numbers": infer({"inputs": [tensor(X, data=list(range(64)))]}),
    "with an id": infer({"inputs": [tensor(rows(2, 4))], "id": "mine"}),
    "one output": infer({"inputs": [tensor(rows(3, 4))], "outputs": [LOGITS]}),
    "of a version": infer({"inputs": [tensor(rows(3, 5))]}, "/v2/models/NAME/versions/1/infer"),
    "binary": binary(rows(3, 6)),
    "all binary": binary(rows(3, 6), parameters={"binary_data_output": True}),
    "one binary output": binary(rows(3, 6), outputs=[BINARY_LOGITS], id="b"),
    "from JSON to binary": infer({"inputs": [tensor(rows(4, 6))], "outputs": [BINARY_LOGITS]}),
    "gzip": packed(infer({"inputs": [tensor(rows(64, 8))]}), "gzip"),
    "deflate": packed(infer({"inputs": [tensor(rows(64, 8))]}), "deflate"),
    "binary gzip": packed(binary(rows(64, 8), outputs=[BINARY_LOGITS]), "gzip"),
    "binary deflate": packed(binary(rows(64, 8), outputs=[BINARY_LOGITS]), "deflate"),
}


def outputs(response: httpx.Response) -> tuple[dict[str, Any], np.ndarray]:
    """The JSON of an answer without its numbers, and these."""
    assert response.status_code == 200, response.text
    length = int(response.headers.get(LENGTH, len(response.content)))
    message = json.loads(response.content[:length])
    (output,) = message["outputs"]
    if "data" in output:
        return message, np.array(output.pop("data"), np.float32)
    return message, np.frombuffer(response.content[length:], np.float32)


@pytest.mark.parametrize("name", GOOD)
def test_good_requests_are_answered_alike(name: str, server: Server, triton: str) -> None:
    ours, theirs = GOOD[name].send(server.url), GOOD[name].send(triton)
    (our_message, our_numbers), (their_message, their_numbers) = outputs(ours), outputs(theirs)
    assert our_message == their_message
    np.testing.assert_allclose(our_numbers, their_numbers, rtol=1e-5, atol=1e-6)


#: Mistakes that Triton answers with 4xx as well.
MISTAKES = {
    "unknown model": infer({"inputs": [tensor(X)]}, "/v2/models/other/infer"),
    "unknown version": infer({"inputs": [tensor(X)]}, "/v2/models/NAME/versions/7/infer"),
    "version of text": infer({"inputs": [tensor(X)]}, "/v2/models/NAME/versions/x/infer"),
    "metadata of an unknown model": Call("GET", "/v2/models/other"),
    "metadata of an unknown version": Call("GET", "/v2/models/NAME/versions/7"),
    "readiness of an unknown model": Call("GET", "/v2/models/other/ready"),
    "configuration of an unknown model": Call("GET", "/v2/models/other/config"),
    "unknown input": infer({"inputs": [tensor(X, name="other")]}),
    "unknown output": infer({"inputs": [tensor(X)], "outputs": [{"name": "other"}]}),
    "no input": infer({"inputs": []}),
    "datatype of nothing": infer({"inputs": [tensor(X, datatype="FP33")]}),
    "datatype of truth": infer({"inputs": [tensor(X, datatype="BOOL", data=[True] * 64)]}),
    "unknown address": Call("GET", "/v2/nothing"),
    "method of infer": Call("GET", "/v2/models/NAME/infer"),
    "method of the index": Call("GET", "/v2/repository/index"),
}
#: Deliberate differences: what Triton answers, and what this server does.
DIFFERENT = {
    "malformed JSON": (infer(b'{"inputs": ['), 500, 400),
    "no inputs": (infer({}), 500, 400),
    "too few values": (infer({"inputs": [tensor(X, data=[0.5] * 63)]}), 500, 400),
    "too many values": (infer({"inputs": [tensor(X, data=[0.5] * 65)]}), 500, 400),
    "another type of number": (infer({"inputs": [tensor(X, datatype="FP64")]}), 400, 200),
    "a parameter that changes nothing": (infer({"inputs": [tensor(X)], "parameters": {"own": 1}}), 200, 400),
    "a body of a web page's type": (
        infer({"inputs": [tensor(X)]}, **{"Content-Type": "text/plain"}),
        200,
        415,
    ),
    "a slash at the end": (Call("GET", "/v2/models/NAME/"), 404, 200),
    "to load a model": (Call("POST", "/v2/repository/models/NAME/load"), 503, 403),
    "statistics": (Call("GET", "/v2/models/NAME/stats"), 200, 404),
    "shared memory": (Call("GET", "/v2/systemsharedmemory/status"), 200, 404),
    "log settings": (Call("GET", "/v2/logging"), 200, 404),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_answered_with_the_same_class_of_status(name: str, server: Server, triton: str) -> None:
    ours, theirs = MISTAKES[name].send(server.url), MISTAKES[name].send(triton)
    assert ours.status_code // 100 == theirs.status_code // 100 == 4
    assert ours.json().keys() == theirs.json().keys() == {"error"}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_answered_otherwise_is_so_on_purpose(name: str, server: Server, triton: str) -> None:
    call, theirs, ours = DIFFERENT[name]
    assert (call.send(triton).status_code, call.send(server.url).status_code) == (theirs, ours)


def test_what_is_said_of_a_model_is_the_same(server: Server, triton: str) -> None:
    def said(path: str, method: str = "GET") -> list[Any]:
        return [Call(method, path).send(address).json() for address in (server.url, triton)]

    ours, theirs = said("/v2/models/NAME")
    assert {**ours, "platform": ""} == {**theirs, "platform": ""}
    assert [sorted(entry) for entry in said("/v2")] == [["extensions", "name", "version"]] * 2
    ours, theirs = said("/v2/repository/index", "POST")
    assert [entry for entry in ours if entry["name"] == NAME] == theirs
    ours, theirs = said("/v2/models/NAME/config")
    assert ours.keys() <= theirs.keys()
    for kind in ("input", "output"):
        for our_tensor, their_tensor in zip(ours[kind], theirs[kind], strict=True):
            assert our_tensor.items() <= their_tensor.items()
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/NAME/ready"):
        assert [Call("GET", path).send(address).status_code for address in (server.url, triton)] == [200, 200]
