"""Truth of ``rnnzoo_export.serving.api_keys``: no address but the public ones is reached without a right key."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from rnnzoo.errors import ArgumentError, PathNotFoundError
from rnnzoo_export.serving.api_keys import ApiKeys, KeyCheck, read_api_keys

KEY, OTHER = "k" * 15 + "1", "A-key_of.another~kind"


async def reached(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ask(
    headers: Any, path: str = "/v2/models/films/infer", keys: tuple[str, ...] = (KEY, OTHER)
) -> httpx.Response:
    app = KeyCheck(reached, keys=ApiKeys(keys), is_public=lambda path: path == "/public")

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_each_key_opens_by_either_header(key: str) -> None:
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key} "},
        {"X-API-Key": key},
    ):
        assert ask(headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Bearer {KEY}{OTHER}"},
        {"Authorization": f"Bearer {KEY.upper()}"},
        {b"Authorization": b"Bearer \xe9"},
        {"X-API-Key": ""},
        {"X-API-Key": f"{KEY},{OTHER}"},
        [("Authorization", "Bearer wrong"), ("Authorization", f"Bearer {KEY}")],
        {"Authorization": "Bearer wrong", "X-API-Key": KEY},
    ],
)
def test_a_wrong_one_opens_nothing(headers: Any) -> None:
    answer = ask(headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="rnnzoo", error="invalid_token"'
    assert answer.json()["error"].startswith("Authorization: received a key that is not one of this server;")
    assert KEY not in answer.text


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": f"Basic {KEY}"}, {"Authorization": KEY}]
)
def test_without_one_it_is_said_how_to_send_it(headers: dict[str, str]) -> None:
    answer = ask(headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="rnnzoo"')
    assert answer.headers["connection"] == "close"
    assert "'Authorization: Bearer KEY'" in answer.json()["error"]


def test_what_is_public_needs_none_and_no_keys_open_all() -> None:
    assert ask({}, "/public").status_code == 200
    assert ask({}, "/public/..").status_code == 401
    assert ask({}, keys=()).status_code == 200


def websocket(
    *protocols: str, headers: tuple[tuple[bytes, bytes], ...] = (), extensions: tuple[str, ...] = ()
) -> dict[str, Any]:
    app = KeyCheck(reached, keys=ApiKeys([KEY]), is_public=lambda _: True)
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {
        "type": "websocket",
        "path": "/public",
        "headers": list(headers),
        "subprotocols": list(protocols),
        "extensions": {name: {} for name in extensions},
    }

    async def connected() -> None:
        await app(scope, receive, send)

    asyncio.run(connected())
    return sent[0]


def test_a_websocket_needs_one_too_beside_its_subprotocol_or_in_a_header() -> None:
    taken = {"type": "websocket.accept", "subprotocol": "rnnzoo"}
    assert websocket("rnnzoo", f"rnnzoo.key.{KEY}") == taken
    assert websocket(headers=((b"x-api-key", KEY.encode()),)) == {"type": "websocket.accept"}
    assert websocket("rnnzoo", headers=((b"authorization", b"Bearer " + KEY.encode()),)) == taken
    for refused in (websocket(), websocket("rnnzoo"), websocket("rnnzoo", "rnnzoo.key.wrong")):
        assert refused == {"type": "websocket.close", "code": 1008}
    answered = websocket(extensions=("websocket.http.response",))
    assert (answered["type"], answered["status"]) == ("websocket.http.response.start", 401)


@pytest.mark.parametrize("key", ["short", "k" * 257, "k" * 20 + " ", "k" * 20 + "\n", "é" * 20, ""])
def test_a_key_that_is_none_is_refused_unshown(key: str) -> None:
    with pytest.raises(
        ArgumentError, match=r"key 2 of 2: received .* characters; expected 16 to 256"
    ) as caught:
        ApiKeys([KEY, key])
    assert not key or key not in str(caught.value)


def test_a_file_has_a_key_a_line(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# of the shop\n{KEY}\n\n  {OTHER}  \n")
    assert read_api_keys(str(path)) == [KEY, OTHER]
    path.write_text("# none\n")
    with pytest.raises(ArgumentError, match="holds no key; expected one a line"):
        read_api_keys(str(path))
    with pytest.raises(PathNotFoundError):
        read_api_keys(str(tmp_path / "none"))
