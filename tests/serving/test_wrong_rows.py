"""Truth of ``rnnzoo_export.serving.rows_model``: whatever tensors come in, they are answered or refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from starlette.testclient import TestClient

from preprocessed_rows import KINDS
from raw_bundles import panel_bundle, series_bundle, text_bundle
from rnnzoo.preprocessing import Preprocessing
from rnnzoo_export import OnnxPredictor, Settings, create_app
from rnnzoo_export.inference.raw_tensors.kinds import find_raw_tensors
from rnnzoo_export.serving.bundle_model import BundleModel
from rnnzoo_export.serving.datatypes import DATATYPES, datatype
from rnnzoo_export.serving.tensor_bytes import write_bytes
from window_panels import panel, request

EVERYTHING = panel(
    scaling="series", future=["number", "category"], static=["number"], calendar=["hour"], missing="ffill"
)
KNOWN: dict[str, tuple[Preprocessing, list[Any]]] = {
    "text": (KINDS["text"][0], ["a dog", "dog"]),
    "genes": (KINDS["dna"][0], ["ACGT", "AC"]),
    "series": (KINDS["features"][0], [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]),
    "events": (KINDS["irregular"][0], [KINDS["irregular"][1]] * 2),
    "sound": (KINDS["log_mel"][0], [np.linspace(-1, 1, 300), np.zeros(250)]),
    "shops": (EVERYTHING, [request(1), request(2)]),
}
#: Numbers that lie at the bounds of types, and others that mean something to a preprocessing.
NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 24, 300, 2**31, -(2**63), 0.5, 1e39, 1e300, -1e300, None, True, "1", "", "a"]
)
VALUES = NUMBERS | st.text(max_size=3) | st.binary(max_size=3).map(lambda raw: raw.decode("latin-1"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder, settings = tmp_path_factory.mktemp("bundles"), Settings(max_rows=8, max_steps=64)
    paths: dict[str, Path] = {
        "text": text_bundle(folder / "text", KNOWN["text"][0]),
        "genes": series_bundle(folder / "genes", KNOWN["genes"][0], 4),
        "series": series_bundle(folder / "series", KNOWN["series"][0], 2),
        "events": series_bundle(folder / "events", KNOWN["events"][0], 6),
        "sound": series_bundle(folder / "sound", KNOWN["sound"][0], 10),
        "shops": panel_bundle(folder / "shops", EVERYTHING),
    }
    models = [BundleModel(OnnxPredictor(path), settings, name=name) for name, path in paths.items()]
    app = create_app(models, settings=settings)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(data=st.data(), name=st.sampled_from(sorted(KNOWN)))
def test_changed_tensors_are_answered_or_refused(name: str, data: st.DataObject, client: TestClient) -> None:
    tensors = find_raw_tensors(KNOWN[name][0])
    arrays = tensors.arrays(KNOWN[name][1])
    message = [
        {
            "name": spec.name,
            "datatype": datatype(spec),
            "shape": list(arrays[spec.name].shape),
            "data": [None if value != value else value for value in arrays[spec.name].ravel().tolist()],
        }
        for spec in tensors.inputs
    ]
    for _ in range(data.draw(st.integers(1, 3))):
        tensor: Any = data.draw(st.sampled_from(message))
        what = data.draw(st.sampled_from(["element", "elements", "datatype", "size", "shape"]))
        if what in ("element", "elements") and tensor["data"]:
            places = range(len(tensor["data"]))
            chosen = [data.draw(st.sampled_from(places))] if what == "element" else places
            value = data.draw(VALUES)
            for place in chosen:
                tensor["data"][place] = value
        elif what == "datatype":
            tensor["datatype"] = data.draw(st.sampled_from(sorted(DATATYPES)))
        elif what == "size" and tensor["shape"]:
            axis = data.draw(st.integers(0, len(tensor["shape"]) - 1))
            tensor["shape"][axis] = data.draw(st.integers(-1, 9))
            tensor["data"] = (tensor["data"] * 9)[: max(0, math.prod(tensor["shape"]))]
        else:
            tensor["shape"] = data.draw(st.lists(st.integers(0, 2**40), max_size=4))
    answer = client.post(f"/v2/models/{name}-raw/infer", json={"inputs": message})
    assert answer.status_code in (200, 400, 413), answer.text
    assert answer.status_code == 200 or len(answer.json()["error"]) < 600


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    content=st.binary(max_size=60),
    texts=st.lists(st.text(max_size=9), max_size=3),
    shape=st.lists(st.integers(0, 2**33), max_size=2) | st.integers(1, 4).map(lambda rows: [rows]),
    said=st.none() | st.integers(-1, 2**40),
)
def test_bytes_are_answered_or_refused(
    content: bytes, texts: list[str], shape: list[int], said: int | None, client: TestClient
) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    raw = write_bytes(np.array(texts, object)) + content
    size = len(raw) if said is None else said
    tensor = {"name": "text", "datatype": "BYTES", "shape": shape, "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    answer = client.post("/v2/models/text-raw/infer", content=head + raw, headers=headers)
    assert answer.status_code in (200, 400, 413), answer.text
    assert client.get("/v2/health/ready").status_code == 200
