"""Truth of ``rnnzoo_export.serving.rows_model``: raw rows go in as tensors, of every kind of bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from handmade_bundles import scorer
from raw_bundles import asked, panel_bundle, raw_file, series_bundle, text_bundle
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import (
    DNAPreprocessing,
    FeaturePreprocessing,
    LogMelPreprocessing,
    TextPreprocessing,
)
from rnnzoo_export import OnnxPredictor, Settings, create_app
from rnnzoo_export.inference.raw_model import RawModel
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.datatypes import describe_tensors
from rnnzoo_export.serving.tensor_bytes import Tail, read_bytes, write_bytes
from window_panels import WINDOW, panel, request

PANEL = panel(
    scaling="series", future=["number", "category"], static=["category"], calendar=["hour"], missing="ffill"
)
TEXTS = ["stop don't", "école", "日本 stop"]
ROWS: dict[str, list[Any]] = {
    "films": TEXTS,
    "walks": [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]],
    "words": [np.linspace(-1, 1, 900, dtype=np.float32), np.zeros(300, np.float32)],
    "shops": [request(seed, WINDOW + 1, missing=True) for seed in range(3)],
}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "films": text_bundle(folder / "films", TextPreprocessing.fit(TEXTS)),
        "walks": series_bundle(
            folder / "walks", FeaturePreprocessing([1.0, 2.0], [2.0, 4.0], variable_length=True), 2
        ),
        "words": series_bundle(folder / "words", LogMelPreprocessing(8000, num_mels=4), 4),
        "shops": panel_bundle(folder / "shops", PANEL),
        "genes": series_bundle(folder / "genes", DNAPreprocessing(), 4),
        "plain": scorer(folder / "plain", np.ones((4, 2))),
    }


@pytest.fixture(scope="module")
def client(bundles: dict[str, Path]) -> Iterator[TestClient]:
    settings = Settings(max_rows=8, max_steps=200)
    models = [BundleModel(OnnxPredictor(path), settings, name=name) for name, path in bundles.items()]
    with TestClient(create_app(models, settings=settings), base_url="http://localhost") as client:
        yield client


def tensors(model: RawModel, rows: list[Any]) -> dict[str, np.ndarray]:
    """Raw rows as tensors."""
    return model.tensors.arrays(rows)


def as_json(model: RawModel, arrays: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Tensors as a request has them; missing numbers are null."""
    found = []
    for described in describe_tensors(model.signature.inputs):
        array = arrays[described["name"]]
        data = [None if value != value else value for value in array.ravel().tolist()]
        found.append({**described, "shape": list(array.shape), "data": data})
    return found


def as_bytes(model: RawModel, arrays: dict[str, np.ndarray]) -> tuple[bytes, dict[str, str]]:
    """A request whose tensors, and those of its answer, are binary."""
    heads, raw = [], []
    for described in describe_tensors(model.signature.inputs):
        raw.append(write_bytes(arrays[described["name"]]))
        shape = list(arrays[described["name"]].shape)
        heads.append({**described, "shape": shape, "parameters": {"binary_data_size": len(raw[-1])}})
    head = json.dumps({"inputs": heads, "parameters": {"binary_data_output": True}}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    return head + b"".join(raw), headers


@pytest.mark.parametrize("name", ROWS)
def test_raw_tensors_are_answered_as_the_file_answers_them(
    name: str, bundles: dict[str, Path], client: TestClient
) -> None:
    model = RawModel(OnnxPredictor(bundles[name]))
    session, signature = raw_file(bundles[name])
    arrays = tensors(model, ROWS[name])
    (output,), expected = signature.outputs, asked(session, arrays)
    answer = client.post(f"/v2/models/{name}-raw/infer", json={"inputs": as_json(model, arrays)}).json()
    assert (answer["model_name"], answer["model_version"]) == (f"{name}-raw", "1")
    (found,) = answer["outputs"]
    assert (found["name"], found["datatype"]) == (output.name, "FP64" if name == "shops" else "FP32")
    values = np.reshape(found["data"], found["shape"])
    np.testing.assert_allclose(values, expected[output.name], rtol=1e-5, atol=1e-5)

    body, headers = as_bytes(model, arrays)
    binary = client.post(f"/v2/models/{name}-raw/infer", content=body, headers=headers)
    length = int(binary.headers["Inference-Header-Content-Length"])
    (again,) = json.loads(binary.content[:length])["outputs"]
    content = binary.content[length:]
    array = read_bytes(output, len(content), again["datatype"], again["shape"], Tail(memoryview(content)))
    np.testing.assert_array_equal(array, values.astype(array.dtype))


@pytest.mark.parametrize("name", [*ROWS, "genes"])
def test_the_metadata_are_the_signature_of_the_file(
    name: str, bundles: dict[str, Path], client: TestClient
) -> None:
    facts = client.get(f"/v2/models/{name}-raw").json()
    assert facts == client.get(f"/v2/models/{name}-raw/versions/1").json()
    assert client.get(f"/v2/models/{name}-raw/ready").json() == {"name": f"{name}-raw", "ready": True}
    if name == "genes":
        assert facts["inputs"] == [{"name": "sequence", "datatype": "BYTES", "shape": [-1]}]
        return
    signature = raw_file(bundles[name])[1]
    assert facts["inputs"] == describe_tensors(signature.inputs)
    assert facts["outputs"] == describe_tensors(signature.outputs)
    assert facts.get("request") == signature.request


def text(*texts: Any, **changes: Any) -> dict[str, Any]:
    """A request for texts."""
    return {
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": [*texts], **changes}]
    }


def test_forecasts_are_those_of_predict(bundles: dict[str, Path], client: TestClient) -> None:
    model, rows = RawModel(OnnxPredictor(bundles["shops"])), ROWS["shops"]
    answers = client.post("/v2/models/shops/predict", json={"inputs": rows}).json()["answers"]
    answer = client.post(
        "/v2/models/shops-raw/infer", json={"inputs": as_json(model, tensors(model, rows))}
    ).json()
    values = np.reshape(answer["outputs"][0]["data"], answer["outputs"][0]["shape"])
    expected = [[answer["values"][name] for name in ("sales", "visits")] for answer in answers]
    np.testing.assert_allclose(values, np.swapaxes(expected, 1, 2), rtol=1e-12)


@pytest.mark.parametrize(
    ("message", "status", "error"),
    [
        (text("stop", "?!"), 400, "row 1: received the text '?!'; expected at least one word. Drop the row."),
        (text("stop", 3), 400, "text: received 3 at batch 1; expected BYTES values."),
        (text("stop", None), 400, "text: received None at batch 1; expected BYTES values."),
        (text("a", datatype="FP32"), 400, "text: received datatype 'FP32'; expected 'BYTES'."),
        (text("a", name="tokens"), 400, "inputs: received unknown name 'tokens'; expected text."),
        (
            text("a", shape=[1, 1]),
            400,
            "text: received rank 2, shape [1, 1]; expected rank 1, shape (batch).",
        ),
        (text(*["a"] * 9), 413, "text: received 9 rows; expected at most 8. Send them in several requests."),
        (text("stop " * 201), 413, "inputs: row 0: received 201 steps; expected at most 200. Cut it."),
        (
            {**text("a"), "outputs": [{"name": "label"}]},
            400,
            "outputs: received unknown name 'label'; expected logits.",
        ),
        ({**text("a"), "model_name": "films"}, 400, "model: received 'films'; expected 'films-raw'."),
    ],
)
def test_what_is_wrong_is_said(message: dict[str, Any], status: int, error: str, client: TestClient) -> None:
    answer = client.post("/v2/models/films-raw/infer", json=message)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_bytes_that_are_no_text_are_refused(client: TestClient) -> None:
    for content, error in (
        (b"\x02\0\0\0a\xff", "a byte that is no UTF-8 at place 1 of a text at batch 0"),
        (b"\xff\xff\xff\xffab", "the length 4294967295, and 2 bytes after it at batch 0"),
    ):
        tensor = {"name": "text", "datatype": "BYTES", "shape": [1]}
        head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(content)}}]}).encode()
        headers = {
            "Inference-Header-Content-Length": str(len(head)),
            "Content-Type": "application/octet-stream",
        }
        answer = client.post("/v2/models/films-raw/infer", content=head + content, headers=headers)
        assert (answer.status_code, error in answer.json()["error"]) == (400, True)


def test_null_is_missing_where_a_number_may_be_and_nowhere_else(client: TestClient) -> None:
    series = {"name": "series", "datatype": "FP64", "shape": [1, 1, 2], "data": [1.0, None]}
    mask = {"name": "mask", "datatype": "BOOL", "shape": [1, 1], "data": [True]}
    answer = client.post("/v2/models/walks-raw/infer", json={"inputs": [series, mask]})
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "row 0: received nan at step 0, feature 1; expected finite numbers. Drop or fill missing values first.",
    )
    network = {"name": "features", "datatype": "FP32", "shape": [1, 1, 2], "data": [1.0, None]}
    answer = client.post("/v2/models/walks/infer", json={"inputs": [network, mask]})
    assert answer.json()["error"].endswith("expected FP32 values.")


def test_samples_are_no_steps(client: TestClient) -> None:
    lengths = {"name": "lengths", "datatype": "INT64", "shape": [1], "data": [900]}
    sound = {"name": "waveform", "datatype": "FP32", "shape": [1, 900], "data": [0.5] * 900}
    assert client.post("/v2/models/words-raw/infer", json={"inputs": [sound, lengths]}).status_code == 200
    sound |= {"shape": [1, 20_000], "data": [0.5] * 20_000}
    lengths["data"] = [20_000]
    answer = client.post("/v2/models/words-raw/infer", json={"inputs": [sound, lengths]})
    assert (answer.status_code, answer.json()["error"]) == (
        413,
        "inputs: row 0: received 248 steps; expected at most 200. Cut it.",
    )


def test_a_bundle_without_raw_rows_has_no_such_model_and_says_why(client: TestClient) -> None:
    for answer in (
        client.get("/v2/models/plain-raw"),
        client.post("/v2/models/plain-raw/infer", json=text("a")),
    ):
        assert (answer.status_code, answer.json()["error"]) == (
            404,
            "model: received 'plain-raw'; expected one of 'films', 'walks', 'words', 'shops', 'genes', 'plain'. There "
            "is none of raw rows: preprocessing: the bundle has none, so that nothing is known of raw rows; expected "
            "one. Send tensors of the network.",
        )


def test_other_addresses_of_it_are_told(client: TestClient) -> None:
    answer = client.post("/v2/models/films-raw/predict", json={"inputs": ["a"]})
    assert (answer.status_code, answer.json()["error"]) == (
        404,
        "predict: films-raw is asked by infer alone; expected another model.",
    )
    answer = client.get("/?model=films-raw")
    assert (answer.status_code, answer.json()["error"]) == (
        404,
        "model: received 'films-raw', which has no page; expected one of films, walks, words, shops, genes, plain.",
    )
    assert client.get("/v2/models/films-raw/versions/2").status_code == 404


def test_a_bundle_of_that_name_is_refused(bundles: dict[str, Path]) -> None:
    settings = Settings()
    models = [
        BundleModel(OnnxPredictor(bundles["films"]), settings, name=name) for name in ("films", "films-raw")
    ]
    with pytest.raises(ArgumentError) as caught:
        create_app(models)
    assert str(caught.value) == (
        "name: a bundle is called 'films-raw', which is what 'films' is called for raw rows; expected another name. "
        "Give other names: rnnzoo serve A B --name a --name b"
    )
    assert create_app(models[1:]).state.models.names == ["films-raw"]
