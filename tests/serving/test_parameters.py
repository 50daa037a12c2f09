"""Truth of ``rnnzoo_export.serving.parameters``."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from served_digits import NAME, X, infer, tensor
from serving_client import Server

UNSUPPORTED = {
    "request": (
        {"priority": 7},
        "request: received the parameter 'priority', which is not supported; expected none but binary_data_output, "
        "sequence_id, sequence_start, sequence_end for a request. Leave it out.",
    ),
    "input": (
        {"shared_memory_region": "x"},
        "features: received the parameter 'shared_memory_region', which is not supported; expected none but "
        "binary_data_size for an input. Leave it out.",
    ),
    "output": (
        {"classification": 3},
        "logits: received the parameter 'classification', which is not supported; expected none but binary_data "
        "for an output. Take the values and sort them, or ask for labels at /predict.",
    ),
}
OTHERS = [
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
