"""Truth of ``rnnzoo_export.serving.root_path``: the same addresses behind a proxy, whether it takes the prefix off."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rnnzoo_export.serving.root_path import RootPath


async def named(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.path_params.get('name')}")


APP = Starlette(routes=[Route("/", named), Route("/v2/models/{name}", named)])


def ask(path: str) -> httpx.Response:
    app = RootPath(APP, prefix="/films")

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            return await client.get(path)

    return asyncio.run(asked())


@pytest.mark.parametrize("path", ["/films/v2/models/lstm", "/v2/models/lstm"])
def test_a_prefix_is_taken_off_where_it_is_there(path: str) -> None:
    assert (ask(path).status_code, ask(path).text) == (200, "lstm")


def test_the_page_is_shown_at_a_slash_so_that_its_relative_addresses_are_right() -> None:
    answer = ask("/films")
    assert (answer.status_code, answer.headers["location"]) == (308, "/films/")
    assert ask("/films/").status_code == ask("/").status_code == 200


def test_another_path_that_begins_alike_is_another() -> None:
    assert ask("/filmstrip/v2/models/lstm").status_code == 404
    assert ask("/v2/models/films").text == "films"


def test_the_scope_of_who_calls_is_left_as_it_is() -> None:
    seen: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["path"], scope["raw_path"]))

    scope = {"type": "websocket", "path": "/films/v2 x", "raw_path": b"/films/v2%20x"}
    asyncio.run(RootPath(inner, prefix="/films")(scope, None, None))  # type: ignore[arg-type]
    assert seen == [("/v2 x", b"/v2%20x")]
    assert scope["path"] == "/films/v2 x"
