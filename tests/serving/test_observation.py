"""Truth of ``rnnzoo_export.serving.observation`` and ``rnnzoo_export.serving.observed``.

Each request is named, counted and logged, and writes nothing into the log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rnnzoo_export.serving.access_log import AccessLog
from rnnzoo_export.serving.exposition import Exposition
from rnnzoo_export.serving.metrics import Metrics
from rnnzoo_export.serving.observation import Observation
from rnnzoo_export.serving.observed import observed

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def infer(request: Request) -> Response:
    seen = observed(request.scope)
    seen.bytes_in, seen.queue_seconds = len(await request.body()), 0.25
    return Response(b"12345")


async def refuse(request: Request) -> Response:
    observed(request.scope).kind = "queue"
    return Response(status_code=503)


async def stream(_: Request) -> Response:
    return StreamingResponse(iter([b"12", b"345"]))


async def fail(_: Request) -> Response:
    raise KeyError("inside")


ROUTES = [
    Route("/v2/models/{name}/infer", infer, methods=["POST"]),
    Route("/refuse", refuse),
    Route("/stream", stream),
    Route("/fail", fail),
]


class Seen:
    """An application with its middleware, and what it saw."""

    def __init__(self, path: Path) -> None:
        self.metrics, self.path = Metrics(), path
        self.log: AccessLog | None = AccessLog(str(path))

    def ask(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        app = Starlette(routes=ROUTES)
        app.add_middleware(Observation, metrics=self.metrics, models=["films"], log=self.log)
        transport = httpx.ASGITransport(app)

        async def all_of_them() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return [await client.request(method, path, **more) for method, path, more in requests]

        return asyncio.run(all_of_them())

    def lines(self) -> list[dict[str, Any]]:
        assert self.log is not None
        self.log.close()
        return [json.loads(line) for line in self.path.read_text().splitlines()]


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "access.log")


def test_a_line_holds_all_there_is_to_know(seen: Seen) -> None:
    headers = {"X-Request-Id": "order-17", "traceparent": PARENT, "tracestate": "shop=7"}
    (answer,) = seen.ask(
        ("POST", "/v2/models/films/infer?text=secret", {"content": b"123", "headers": headers})
    )
    (line,) = seen.lines()
    assert answer.headers["x-request-id"] == "order-17"
    assert answer.headers["traceparent"] == f"00-{TRACE}-{line['span_id']}-01"
    assert answer.headers["tracestate"] == "shop=7"
    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("seconds") < 10
    assert len(line.pop("span_id")) == 16
    assert line == {
        "method": "POST",
        "route": "/v2/models/{name}/infer",
        "model": "films",
        "status": 200,
        "kind": None,
        "queue_seconds": 0.25,
        "bytes_in": 3,
        "bytes_out": 5,
        "request_id": "order-17",
        "trace_id": TRACE,
        "parent_id": "00f067aa0ba902b7",
        "client": "127.0.0.1",
    }


def test_refusals_and_errors_are_lines_too(seen: Seen) -> None:
    seen.ask(("GET", "/refuse", {}), ("GET", "/fail", {}), ("GET", "/nowhere", {}), ("GET", "/stream", {}))
    found = [(line["route"], line["status"], line["kind"], line["bytes_out"]) for line in seen.lines()]
    assert found == [
        ("/refuse", 503, "queue", 0),
        ("/fail", 500, "error", 55),
        (None, 404, "unknown_name", 9),
        ("/stream", 200, None, 5),
    ]
    text = Exposition(seen.metrics).text().decode()
    assert 'rnnzoo_refusals_total{kind="queue"} 1.0' in text
    assert 'rnnzoo_refusals_total{kind="error"} 1.0' in text
    assert 'rnnzoo_refusals_total{kind="unknown_name"} 1.0' in text
    assert 'rnnzoo_requests_total{model="",route="/stream",status="2xx"} 1.0' in text


def test_nothing_that_a_client_writes_gets_into_the_log_or_the_labels(seen: Seen) -> None:
    evil = 'x"} 1\n{"status": 200, "evil": "'
    seen.ask(
        ("POST", "/v2/models/evil%0A%22model/infer", {"content": b"evil"}),
        (
            "GET",
            "/evil",
            {"headers": {"User-Agent": "evil", "X-Request-Id": "evil name", "traceparent": "evil"}},
        ),
        ("EVIL", "/stream", {"params": {"evil": evil}}),
    )
    lines = seen.lines()
    assert [line["method"] for line in lines] == ["POST", "GET", "other"]
    assert [line["model"] for line in lines] == [None, None, None]
    assert "evil" not in json.dumps(lines)
    assert "evil" not in Exposition(seen.metrics).text().decode()


def test_the_client_is_told_the_name_that_the_server_made(seen: Seen) -> None:
    answers = seen.ask(("GET", "/stream", {}), ("GET", "/stream", {"headers": {"X-Request-Id": "a b"}}))
    assert [line["request_id"] for line in seen.lines()] == [a.headers["x-request-id"] for a in answers]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2
    assert all("traceparent" not in answer.headers for answer in answers)


def test_without_a_log_a_trace_is_passed_on_all_the_same(seen: Seen) -> None:
    seen.log = None
    going, broken = seen.ask(
        ("GET", "/stream", {"headers": {"traceparent": PARENT}}),
        ("GET", "/stream", {"headers": {"traceparent": "broken", "tracestate": "shop=7"}}),
    )
    assert TRACE in going.headers["traceparent"]
    assert TRACE not in broken.headers["traceparent"]
    assert "tracestate" not in broken.headers


def talk(
    app: Callable[[Any, Any, Any], Coroutine[Any, Any, None]],
    scope: dict[str, Any],
    *received: dict[str, Any],
) -> list[dict[str, Any]]:
    """What an ASGI application sends to what it receives."""
    sent: list[dict[str, Any]] = []
    waiting = list(received)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_websocket_is_a_line_with_its_bytes(seen: Seen) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "four"})
        await send({"type": "websocket.close"})

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    scope = {"type": "websocket", "path": "/", "headers": [(b"x-request-id", b"live")], "client": None}
    for app in (echo, refuse):
        sent = talk(
            Observation(app, metrics=seen.metrics, models=(), log=seen.log), dict(scope), {"type": "x"}
        )
        if app is echo:
            assert (b"x-request-id", b"live") in sent[0]["headers"]
    found = [(line["method"], line["status"], line["bytes_out"], line["client"]) for line in seen.lines()]
    assert found == [("WEBSOCKET", 101, 4, None), ("WEBSOCKET", 403, 0, None)]


def test_one_that_is_left_before_the_answer_is_counted_as_left(seen: Seen) -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    scope = {"type": "http", "path": "/", "method": "GET", "headers": [], "client": ("::1", 5)}
    talk(Observation(silent, metrics=seen.metrics, models=(), log=seen.log), scope)
    assert seen.lines()[0]["status"] == 499
    assert 'rnnzoo_refusals_total{kind="client_left"} 1.0' in Exposition(seen.metrics).text().decode()
