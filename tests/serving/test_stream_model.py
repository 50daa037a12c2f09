"""Truth of ``rnnzoo_export.serving.stream_model``: sequences by request, with states of the server or of the client."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from rnnzoo_export import OnnxPredictor, Settings, create_app
from rnnzoo_export.serving.bundle_model import BundleModel
from serving_client import Server
from streamed_models import FEATURES, TAGGER, UNITS, WHOLE, Recurrence, series

TRUTH = Recurrence.of(FEATURES)
PARAMETERS = {"sequence_id", "sequence_start", "sequence_end"}


def tensor(name: str, array: np.ndarray) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}


def ask(server: Server, model: str, features: np.ndarray, **parameters: Any) -> httpx.Response:
    body: dict[str, Any] = {"inputs": [tensor("features", features)]}
    if parameters:
        body["parameters"] = parameters
    return httpx.post(f"{server.url}/v2/models/{model}/infer", json=body, timeout=30)


def values(response: httpx.Response) -> dict[str, np.ndarray]:
    assert response.status_code == 200, response.text
    outputs = response.json()["outputs"]
    return {each["name"]: np.array(each["data"]).reshape(each["shape"]) for each in outputs}


@pytest.mark.parametrize("model", [TAGGER, f"{TAGGER}-streaming"])
@pytest.mark.parametrize("name", [7, 2**64 - 1, "a name"])
def test_pieces_are_answered_as_in_one_pass(streams: Server, model: str, name: int | str) -> None:
    x = series(12, seed=1)
    cuts = ((0, 1), (1, 5), (5, 12))
    answers = [
        ask(streams, model, x[:, a:b], sequence_id=name, sequence_start=a == 0, sequence_end=b == 12)
        for a, b in cuts
    ]
    assert {answer.json()["model_name"] for answer in answers} == {model}
    assert [list(values(answer)) for answer in answers] == [["logits"]] * 3
    found = np.concatenate([values(answer)["logits"] for answer in answers], axis=1)
    np.testing.assert_allclose(found, TRUTH(x), rtol=1e-5, atol=1e-5)
    assert ask(streams, model, x, sequence_id=name).status_code == 400


def test_whoever_brings_the_states_can_ask_any_server(streams: Server) -> None:
    x, state, found = series(9, seed=2), np.zeros((1, UNITS)), []
    for step in range(9):
        body = {"inputs": [tensor("features", x[:, step : step + 1]), tensor("h", state)]}
        outputs = values(httpx.post(f"{streams.url}/v2/models/{TAGGER}-streaming/infer", json=body))
        state = outputs["h_out"]
        found.append(outputs["logits"])
    np.testing.assert_allclose(np.concatenate(found, axis=1), TRUTH(x), rtol=1e-5, atol=1e-5)


def test_states_of_several_sequences_are_rows(streams: Server) -> None:
    x = np.concatenate([series(6, seed=seed) for seed in range(3)])
    state = np.zeros((3, UNITS))
    for half in (x[:, :2], x[:, 2:]):
        body = {"inputs": [tensor("features", half), tensor("h", state)]}
        outputs = values(httpx.post(f"{streams.url}/v2/models/{TAGGER}-streaming/infer", json=body))
        state = outputs["h_out"]
    np.testing.assert_allclose(outputs["logits"], TRUTH(x)[:, 2:], rtol=1e-5, atol=1e-5)


def test_metadata_says_what_is_carried(streams: Server) -> None:
    found = httpx.get(f"{streams.url}/v2/models/{TAGGER}-streaming").json()
    assert found == {
        "name": f"{TAGGER}-streaming",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [-1, -1, FEATURES]},
            {"name": "h", "datatype": "FP32", "shape": [-1, UNITS]},
        ],
        "outputs": [
            {"name": "logits", "datatype": "FP32", "shape": [-1, -1, 4]},
            {"name": "h_out", "datatype": "FP32", "shape": [-1, UNITS]},
        ],
        "states": [
            {"input": "h", "output": "h_out", "shape": ["batch", UNITS], "dtype": "float32", "initial": 0.0}
        ],
    }
    assert httpx.get(f"{streams.url}/v2/models/{TAGGER}-streaming/ready").json()["ready"]
    assert httpx.get(f"{streams.url}/v2/models/{WHOLE}-streaming").status_code == 404


# What is refused, in the words of Triton where clients look for them
REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "unknown": (
        {"sequence_id": 99},
        f"sequence 99: request to model '{TAGGER}' must specify the START flag on the first request of the sequence. ",
    ),
    "ended without a start": ({"sequence_id": 99, "sequence_end": True}, "must specify the START flag"),
    "another kind of name": (
        {"sequence_id": "7"},
        "sequence '7': request to model 'tagger' must specify the START",
    ),
    "no name": ({"sequence_start": True}, "must specify a non-zero or non-empty correlation ID"),
    "zero": (
        {"sequence_id": 0, "sequence_start": True},
        "must specify a non-zero or non-empty correlation ID",
    ),
    "empty": (
        {"sequence_id": "", "sequence_start": True},
        "must specify a non-zero or non-empty correlation ID",
    ),
    "negative": (
        {"sequence_id": -1},
        "sequence_id -1; expected a whole number from 1 to 18446744073709551615, or a",
    ),
    "too large": ({"sequence_id": 2**64}, "expected a whole number from 1 to 18446744073709551615"),
    "truth value": ({"sequence_id": True}, "sequence_id True; expected a whole number"),
    "fraction": ({"sequence_id": 1.5}, "sequence_id 1.5; expected a whole number"),
    "long": ({"sequence_id": "x" * 129}, "or a text of at most 128 characters"),
    "list": ({"sequence_id": [1]}, "sequence_id [1]; expected a whole number"),
    "no truth value": ({"sequence_id": 5, "sequence_start": 1}, "sequence_start 1; expected true or false"),
    "other parameter": (
        {"sequence_id": 5, "priority": 1},
        "received the parameter 'priority', which is not supp",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_sequences_are_refused(case: str, streams: Server) -> None:
    parameters, message = REFUSED[case]
    response = ask(streams, TAGGER, series(2), **parameters)
    assert (response.status_code, message in response.json()["error"]) == (400, True), response.text


def test_a_piece_is_one_row(streams: Server) -> None:
    x = np.concatenate([series(2), series(2)])
    response = ask(streams, TAGGER, x, sequence_id=5, sequence_start=True)
    assert (response.status_code, response.json()["error"]) == (
        400,
        "inputs: received 2 rows; must specify batch-size 1 due to requirements of sequence batcher. Send the pieces "
        "of other sequences in requests of their own.",
    )
    assert ask(streams, TAGGER, series(2), sequence_id=5).status_code == 400  # it has not begun


def test_a_wrong_piece_leaves_its_sequence_where_it_was(streams: Server) -> None:
    x = series(6, seed=3)
    ask(streams, TAGGER, x[:, :2], sequence_id="w", sequence_start=True)
    for wrong in (np.full((1, 2, FEATURES), 1e39), x[:, :, :2], np.zeros((1, 5000, FEATURES))):
        assert ask(streams, TAGGER, wrong, sequence_id="w").status_code in (400, 413)
    last = ask(streams, TAGGER, x[:, 2:], sequence_id="w", sequence_end=True)
    np.testing.assert_allclose(values(last)["logits"], TRUTH(x)[:, 2:], rtol=1e-5, atol=1e-5)


def test_a_bundle_without_the_file_says_how_to_get_it(streams: Server) -> None:
    response = ask(streams, WHOLE, series(2), sequence_id=5, sequence_start=True)
    assert (response.status_code, response.json()["error"]) == (
        400,
        "request: received sequence_id; expected whole sequences, for no streaming.onnx, which answers pieces, stands "
        "behind this model. Leave it out, or send arrays to the model's own name, exported with that file: rnnzoo "
        "export RUN --out BUNDLE --streaming",
    )


def test_states_cannot_be_left_out_without_a_sequence(streams: Server) -> None:
    response = ask(streams, f"{TAGGER}-streaming", series(2))
    assert response.status_code == 400
    assert "h missing; expected features, h. Send every input" in response.json()["error"]


def test_no_more_are_open_than_allowed(streamed: dict[str, Path]) -> None:
    settings = Settings(max_sessions=2)
    model = BundleModel(OnnxPredictor(streamed[TAGGER]), settings, name=TAGGER)
    with TestClient(create_app([model], settings=settings), base_url="http://localhost") as client:

        def piece(name: int, **parameters: bool) -> Any:
            body = {
                "inputs": [tensor("features", series(1))],
                "parameters": {"sequence_id": name, **parameters},
            }
            return client.post(f"/v2/models/{TAGGER}/infer", json=body)

        assert [piece(name, sequence_start=True).status_code for name in (1, 2)] == [200, 200]
        full = piece(3, sequence_start=True)
        assert (full.status_code, full.headers["Retry-After"], full.json()["error"]) == (
            503,
            "1",
            "sequences: 2 are open, the most allowed. End some, or try again later.",
        )
        assert piece(1, sequence_end=True).status_code == 200
        assert piece(3, sequence_start=True).status_code == 200


def test_the_openapi_document_says_who_takes_sequences(streams: Server) -> None:
    paths = httpx.get(f"{streams.url}/openapi.json").json()["paths"]

    def parameters(model: str) -> set[str]:
        body = paths[f"/v2/models/{model}/infer"]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        return {name for name in PARAMETERS if f'"{name}"' in str(body).replace("'", '"')}

    assert parameters(TAGGER) == parameters(f"{TAGGER}-streaming") == PARAMETERS
    assert parameters(WHOLE) == set()
