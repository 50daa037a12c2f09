"""An answer of server-sent events, each of them JSON."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from rnnzoo_export.serving.answers import error_text, json_bytes
from rnnzoo_export.serving.presence import while_there

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would collect them
]


class EventStream:
    """An ASGI response that sends messages as they come, as long as the client is there.

    What is raised before the first message goes on to the caller, who can still answer with a status; later it is
    sent as the last message, ``{"error": ...}``.

    Args:
        messages: What is sent; it is closed at the end, and when the client leaves.
    """

    def __init__(self, messages: AsyncGenerator[Mapping[str, Any]]) -> None:
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        async with contextlib.aclosing(self._messages):
            first = await while_there(receive, self._first())
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            with contextlib.suppress(ClientDisconnect, OSError):
                await while_there(receive, self._send_all(first, send))

    async def _first(self) -> bytes:
        return _event(await anext(self._messages))

    async def _send_all(self, first: bytes, send: Send) -> None:
        await send(_part(first))
        try:
            async for message in self._messages:
                await send(_part(_event(message)))
        except Exception as error:  # noqa: BLE001 - the status was sent
            await send(_part(_event({"error": error_text(error)})))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _part(content: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": True}


def _event(message: Mapping[str, Any]) -> bytes:
    return b"data: " + json_bytes(message) + b"\n\n"
