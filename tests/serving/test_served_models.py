"""Truth of ``rnnzoo_export.serving.models`` and ``rnnzoo_export.serving.bundle_model``: several bundles in a server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from handmade_bundles import scorer
from rnnzoo.errors import ArgumentError, BundleError
from rnnzoo_export import OnnxPredictor, create_app
from rnnzoo_export.bundle import PROVENANCE_FILE, load_bundle, write_manifest
from serving_client import running

IDS = np.array([[1, 2]], np.int32)


def made(folder: Path, name: str, version: object, value: float) -> Path:
    """A bundle whose logits are a number of its own."""
    scorer(folder, np.full((4, 2), value))
    facts = json.loads((folder / PROVENANCE_FILE).read_text())
    (folder / PROVENANCE_FILE).write_text(json.dumps({**facts, "name": name, "version": version}))
    write_manifest(folder)
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return [
        made(folder / "a2", "films", 2, 2.0),
        made(folder / "a10", "films", 10, 10.0),
        made(folder / "b", "books", 1, 1.0),
    ]


@pytest.fixture(scope="module")
def client(bundles: list[Path]) -> Iterator[TestClient]:
    app = create_app([OnnxPredictor(bundle) for bundle in bundles])
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def asked(**more: Any) -> dict[str, Any]:
    tensor = {"name": "tokens", "datatype": "INT32", "shape": [1, 2], "data": [1, 2]}
    return {"inputs": [tensor], **more}


@pytest.mark.parametrize(
    ("path", "version", "value"),
    [
        ("films", "10", 10.0),
        ("films/versions/2", "2", 2.0),
        ("films/versions/10", "10", 10.0),
        ("books", "1", 1.0),
        ("books/versions/1", "1", 1.0),
    ],
)
def test_each_answers_by_its_name_and_version_and_the_newest_where_none_is_named(
    path: str, version: str, value: float, client: TestClient
) -> None:
    answer = client.post(f"/v2/models/{path}/infer", json=asked()).json()
    name = path.partition("/")[0]
    assert (answer["model_name"], answer["model_version"]) == (name, version)
    assert answer["outputs"][0]["data"] == [value, value]
    facts = client.get(f"/v2/models/{path}").json()
    assert facts["name"] == name
    assert facts["versions"] == (["2", "10"] if name == "films" else ["1"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("music", "model: received 'music'; expected one of 'films', 'books'."),
        ("films/versions/3", "version: received '3'; expected one of '2', '10'."),
        ("books/versions/2", "version: received '2'; expected '1'."),
        ("Films", "model: received 'Films'; expected one of 'films', 'books'."),
    ],
)
def test_other_names_are_told(path: str, message: str, client: TestClient) -> None:
    for answer in (
        client.get(f"/v2/models/{path}"),
        client.get(f"/v2/models/{path}/ready"),
        client.post(f"/v2/models/{path}/infer", json=asked()),
        client.post(f"/v2/models/{path}/predict", json={"inputs": ["a"]}),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": message})


def test_a_body_that_names_another_model_than_its_address_is_refused(client: TestClient) -> None:
    wrong = client.post("/v2/models/films/infer", json=asked(model_name="books"))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "model: received 'books'; expected 'films'.")
    wrong = client.post("/v2/models/films/infer", json=asked(model_version="2"))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "version: received '2'; expected '10'.")


def test_two_of_one_name_and_version_are_refused_and_the_advice_works(bundles: list[Path]) -> None:
    two = [bundles[2], bundles[2]]
    with pytest.raises(ArgumentError) as error:
        create_app([OnnxPredictor(bundle) for bundle in two])
    assert str(error.value) == (
        "name: two models are called 'books', version 1; expected one of each name and version. Give other names: "
        "rnnzoo serve A B --name a --name b"
    )
    with pytest.raises(ArgumentError, match="models: received none; expected at least one bundle to serve"):
        create_app([])


def test_the_command_gives_names_to_bundles(bundles: list[Path]) -> None:
    with running(bundles[0], "old", str(bundles[1]), "--name", "old", "--name", "new") as server:
        for name, version, value in (("old", "2", 2.0), ("new", "10", 10.0)):
            answer = httpx.post(f"{server.url}/v2/models/{name}/infer", json=asked()).json()
            assert (answer["model_name"], answer["model_version"]) == (name, version)
            assert answer["outputs"][0]["data"] == [value, value]
        assert httpx.get(f"{server.url}/v2/models/films").status_code == 404


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["one"], "name: received 1 for 2 bundles; expected one for each, in their order."),
        (["one", "t/wo"], "name: received 't/wo'; expected 1 to 128 letters, digits, '_', '.' and '-'"),
        (["one", "one"], "name: two models are called 'one', version 1"),
    ],
)
def test_names_that_cannot_be_are_told_by_the_command(
    names: list[str], message: str, bundles: list[Path]
) -> None:
    options = [part for name in names for part in ("--name", name)]
    command = [sys.executable, "-m", "rnnzoo", "serve", str(bundles[2]), str(bundles[2]), "--port", "0"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


@pytest.mark.parametrize("version", [0, -1, "2", 1.0, True, None])
def test_a_version_that_is_none_is_refused(version: object, bundles: list[Path], tmp_path: Path) -> None:
    copied = Path(shutil.copytree(bundles[0], tmp_path / "copy"))
    facts = json.loads((copied / PROVENANCE_FILE).read_text())
    (copied / PROVENANCE_FILE).write_text(json.dumps({**facts, "version": version}))
    write_manifest(copied)
    with pytest.raises(BundleError, match="expected a whole number from 1"):
        _ = load_bundle(copied).version


def test_a_model_that_answers_no_number_to_padding_can_be_served(client: TestClient) -> None:
    assert client.get("/v2/health/ready").json() == {"ready": True}
