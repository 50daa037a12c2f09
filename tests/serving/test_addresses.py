"""Truth of ``rnnzoo_export.serving.addresses``: addresses with a slash at their end, and those that are not there."""

from __future__ import annotations

import httpx
import pytest

from served_digits import NAME, X, tensor
from serving_client import Server


def test_a_slash_at_the_end_means_nothing(server: Server) -> None:
    for path in ("/v2", "/v2/health/live", f"/v2/models/{NAME}", f"/v2/models/{NAME}/versions/1/ready"):
        with_slash, without = httpx.get(f"{server.url}{path}/"), httpx.get(server.url + path)
        assert (with_slash.status_code, with_slash.json()) == (200, without.json())
    assert httpx.post(f"{server.model}/infer/", json={"inputs": [tensor(X)]}).status_code == 200
    assert httpx.get(f"{server.url}/v2//").status_code == 404


def test_an_unknown_address_is_told_the_known_ones(server: Server) -> None:
    error = httpx.get(f"{server.url}/v2/predict").json()["error"]
    assert error.startswith("address: received '/v2/predict'; expected one of /, ")
    assert "/v2/models/NAME/infer, /v2/models/NAME/predict" in error
    assert error.endswith(". See /openapi.json.")
    assert "load" not in error
    assert "{" not in error


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v2/systemsharedmemory/status", "shared memory: not offered. Send tensors in the body"),
        ("POST", "/v2/cudasharedmemory/region/a/register", "shared memory: not offered."),
        ("GET", "/v2/trace/setting", "trace settings: not offered."),
        ("POST", f"/v2/models/{NAME}/trace/setting", "trace settings: not offered."),
        ("POST", "/v2/logging", "log settings: not offered."),
        ("GET", f"/v2/models/{NAME}/stats", "statistics: not offered."),
        ("GET", f"/v2/models/{NAME}/versions/1/stats", "statistics: not offered."),
        ("GET", "/v2/models", "models: not listed here. Ask POST /v2/repository/index."),
        (
            "POST",
            f"/v1/models/{NAME}:predict",
            "protocol 1: not offered. Send raw rows to /v2/models/NAME/predict",
        ),
    ],
)
def test_what_other_servers_have_is_refused_by_name(
    method: str, path: str, message: str, server: Server
) -> None:
    found = httpx.request(method, server.url + path)
    assert (found.status_code, found.json()["error"][: len(message)]) == (404, message)


def test_another_method_is_told_the_right_one(server: Server) -> None:
    for method, path, allowed in (
        ("GET", f"/v2/models/{NAME}/infer", "POST"),
        ("POST", f"/v2/models/{NAME}/config", "GET, HEAD"),
        ("x" * 500, "/v2", "GET, HEAD"),
    ):
        found = httpx.request(method, server.url + path)
        assert found.status_code == 405
        assert sorted(found.headers["Allow"].split(", ")) == allowed.split(", ")
        assert found.json()["error"].startswith(f"method: received '{method[:50].upper()}")
        assert found.json()["error"].endswith(f"expected {allowed}. Ask the address so.")
        assert len(found.content) < 200


def test_the_head_of_an_answer_is_that_of_the_whole(server: Server) -> None:
    for path in ("/", "/v2", "/openapi.json", f"/v2/models/{NAME}"):
        head, whole = httpx.head(server.url + path), httpx.get(server.url + path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]
