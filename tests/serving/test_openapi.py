"""Truth of ``rnnzoo_export.serving.openapi``: the document says what the server does, and the server does it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Match, Route

from handmade_bundles import translator, writer
from other_software import environment
from rnnzoo.preprocessing import TokenPreprocessing
from rnnzoo_export import OnnxPredictor, Settings, create_app
from rnnzoo_export.serving.generate_request import PARAMETERS
from rnnzoo_export.serving.models import Models
from rnnzoo_export.serving.open_model import open_model
from rnnzoo_export.serving.openapi import describe_api
from served_digits import NAME
from serving_client import Server, running

SCHEMATHESIS = "schemathesis==4.32.5"
# The checks of the tool, without one: no schema says that data must fill a shape, or what a preprocessing reads.
CHECKS = """
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
positive_data_acceptance.enabled = false
"""


@pytest.fixture(scope="module")
def app(digits_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    words = TokenPreprocessing(["", "[UNK]", "to"])
    writes = writer(tmp_path_factory.mktemp("openapi") / "writer", np.zeros((3, 3)), words)
    return create_app([OnnxPredictor(bundle) for bundle in (digits_bundle, writes)])


def operations(app: Starlette) -> Iterator[tuple[str, str]]:
    for path, item in describe_api(app.state.models, Settings())["paths"].items():
        for method in item:
            yield method.upper(), unquote(path)


def routes(app: Starlette) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route) and route.include_in_schema]


def matches(route: Route, method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path}
    return route.matches(scope)[0] is Match.FULL


def test_every_address_of_the_server_is_in_it_and_no_other(app: Starlette) -> None:
    written = list(operations(app))
    for route in routes(app):
        for method in (route.methods or set()) - {"HEAD"}:
            assert any(matches(route, method, path) for to, path in written if to == method), route.path
    for method, path in written:
        assert any(matches(route, method, path) for route in routes(app)), path


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key == "$ref":
                yield entry
            else:
                yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def test_it_names_the_models_and_their_tensors(app: Starlette) -> None:
    document = json.loads(json.dumps(describe_api(app.state.models, Settings(max_rows=7, max_steps=9))))
    assert document["openapi"] == "3.1.0"
    infer = document["paths"][f"/v2/models/{NAME}/infer"]["post"]
    body = infer["requestBody"]["content"]["application/json"]["schema"]
    (tensor,) = body["properties"]["inputs"]["items"]["oneOf"]
    assert tensor["properties"]["name"] == {"const": "features"}
    assert tensor["properties"]["shape"]["prefixItems"] == [
        {"type": "integer", "minimum": 1, "maximum": 7},
        {"type": "integer", "minimum": 1, "maximum": 9},
        {"const": 8},
    ]
    assert "FP32" in tensor["properties"]["datatype"]["enum"]
    raw = document["paths"][f"/v2/models/{NAME}-raw/versions/1/infer"]["post"]
    (tensor,) = raw["requestBody"]["content"]["application/json"]["schema"]["properties"]["inputs"]["items"][
        "oneOf"
    ]
    assert tensor["properties"]["name"] == {"const": "series"}
    assert tensor["properties"]["data"]["items"] == {"type": ["number", "null", "array"]}
    assert "BYTES" not in tensor["properties"]["datatype"]["enum"]
    for reference in references(document):
        place = document
        for key in reference.removeprefix("#/").split("/"):
            place = place[key]
    predict = document["paths"][f"/v2/models/{NAME}/predict"]["post"]["requestBody"]["content"][
        "application/json"
    ]
    assert len(predict["example"]["inputs"][0]) == 8


def test_it_says_how_texts_are_written_and_translated(app: Starlette, tmp_path: Path) -> None:
    settings = Settings(max_new_tokens=70, max_beams=3)
    folder = translator(tmp_path / "t", np.zeros((6, 6)), source_vocabulary=6)
    models = Models([*app.state.models, open_model(folder, settings)])
    paths = json.loads(json.dumps(describe_api(models, settings)))["paths"]
    for address, streamed in (("generate", False), ("generate_stream", True)):
        assert f"/v2/models/{NAME}/{address}" not in paths
        asked = paths[f"/v2/models/handmade/{address}"]["post"]
        body = asked["requestBody"]["content"]["application/json"]["schema"]
        parameters = {name: kind for name, kind in body["properties"].items() if name in PARAMETERS}
        assert parameters.keys() == set(PARAMETERS)
        assert parameters["max_tokens"]["anyOf"][0]["maximum"] == 70
        assert parameters["stream"]["anyOf"][0] == {"const": streamed}
        assert body["properties"]["parameters"]["anyOf"][0]["properties"] == parameters
        (media,) = asked["responses"]["200"]["content"]
        assert media == ("text/event-stream" if streamed else "application/json")
    body = paths["/v2/models/t/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    search = body["properties"]["parameters"]["anyOf"][0]["properties"]
    assert search.keys() == {"beams", "alpha", "max_length"}
    assert search["beams"]["anyOf"][0]["maximum"] == 3
    assert "/v2/models/t/infer" in paths


@pytest.mark.parametrize(("root", "servers"), [("", None), ("/models", [{"url": "/models"}])])
def test_behind_a_gateway_it_says_where_the_server_is(
    root: str, servers: list[dict[str, str]] | None, app: Starlette
) -> None:
    async def ask() -> Any:
        transport = httpx.ASGITransport(app, root_path=root)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get(f"http://localhost{root}/openapi.json")).json()

    assert asyncio.run(ask()).get("servers") == servers


@pytest.fixture(scope="session")
def schemathesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("schemathesis"), SCHEMATHESIS)


def explored(schemathesis: Path, server: Server, examples: int, folder: Path) -> None:
    """Lets the tool make requests from the document, and fails with what it finds."""
    (folder / "checks.toml").write_text(CHECKS)
    command = [
        *(str(schemathesis / "st"), "--config-file", "checks.toml", "run", f"{server.url}/openapi.json"),
        *("--max-examples", str(examples), "--phases", "examples,coverage,fuzzing"),
        *("--generation-deterministic", "--no-color"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout
    # It leaves out the document itself.
    count = len(httpx.get(f"{server.url}/openapi.json").json()["paths"]) - 1
    assert f"{count} selected / {count} total" in done.stdout
    assert server.healthy()


@pytest.mark.slow
@pytest.mark.timeout(900)  # an installation may take long
def test_schemathesis_finds_nothing(schemathesis: Path, server: Server, tmp_path: Path) -> None:
    explored(schemathesis, server, 200, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing_in_texts_and_sequences(schemathesis: Path, tmp_path: Path) -> None:
    bundle = writer(tmp_path / "writer", np.zeros((3, 3)), TokenPreprocessing(["", "[UNK]", "to"]))
    with running(bundle, "handmade") as server:
        explored(schemathesis, server, 50, tmp_path)
