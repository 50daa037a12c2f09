"""Truth of ``rnnzoo_export.serving.repository``: the models are listed; none is loaded by a request."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from rnnzoo_export import create_app
from rnnzoo_export.serving.models import ServedModel
from served_digits import NAME
from serving_client import Server


class Plain(ServedModel):
    """A model that says what it is."""

    def __init__(self, name: str, version: str, ready: bool) -> None:
        self.name, self.version, self._ready = name, version, ready

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def at_work(self) -> bool:
        return False

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "platform": "plain"}


def listed(*models: ServedModel, **request: Any) -> Any:
    """What an application of these models lists."""

    async def ask() -> Any:
        transport = httpx.ASGITransport(create_app(models))
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.post("http://localhost/v2/repository/index", **request)).json()

    return asyncio.run(ask())


def test_all_versions_of_all_models_are_listed() -> None:
    models = [Plain("films", "1", True), Plain("films", "2", True), Plain("tags", "3", False)]
    ready = [
        {"name": "films", "version": "1", "state": "READY"},
        {"name": "films", "version": "2", "state": "READY"},
    ]
    reason = "it does not answer; see the log of the server"
    tags = {"name": "tags", "version": "3", "state": "UNAVAILABLE", "reason": reason}
    assert listed(*models) == [*ready, tags]
    assert listed(*models, json={}) == listed(*models, json={"ready": False}) == [*ready, tags]
    assert listed(*models, json={"ready": True}) == ready


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"ready": 1}', "ready: received 1; expected true or false"),
        (b'{"ready": null}', "ready: received None; expected true or false"),
        (b'{"models": []}', "request: received the unknown key 'models'; expected ready."),
        (b"[]", "body: received a JSON list"),
        (b"{", "body: not valid JSON"),
    ],
)
def test_another_question_is_refused(body: bytes, message: str, server: Server) -> None:
    headers = {"Content-Type": "application/json"}
    found = httpx.post(f"{server.url}/v2/repository/index", content=body, headers=headers)
    assert (found.status_code, found.json()["error"][: len(message)]) == (400, message)


@pytest.mark.parametrize("what", ["load", "unload"])
def test_models_are_loaded_when_the_server_starts(what: str, server: Server) -> None:
    found = httpx.post(f"{server.url}/v2/repository/models/{NAME}/{what}", json={})
    assert (found.status_code, found.json()["error"]) == (
        403,
        "repository: models are loaded when the server starts, not by requests. Start it anew with the models that it "
        "shall serve.",
    )
    assert httpx.post(f"{server.url}/v2/repository/models/other/{what}").status_code == 404
    assert server.healthy()
