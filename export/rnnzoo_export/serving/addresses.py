"""Addresses: those that end in a slash, and those that this server does not have."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import NoReturn

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten

_VERSION = "/versions/{version}"
_SHARED_MEMORY = (
    "shared memory: not offered. Send tensors in the body; the binary extension is the fastest way."
)
_STATISTICS = "statistics: not offered."
_TRACE = "trace settings: not offered."
# What clients of Triton and of KServe's first protocol may ask for.
_NOT_OFFERED = {
    "/v2/systemsharedmemory{rest:path}": _SHARED_MEMORY,
    "/v2/cudasharedmemory{rest:path}": _SHARED_MEMORY,
    "/v2/trace/setting": _TRACE,
    "/v2/models/{name}/trace/setting": _TRACE,
    "/v2/logging": "log settings: not offered. They are set when the server starts.",
    "/v2/models/{name}/stats": _STATISTICS,
    "/v2/models/{name}" + _VERSION + "/stats": _STATISTICS,
    "/v2/models": "models: not listed here. Ask POST /v2/repository/index.",
    "/v1/{rest:path}": "protocol 1: not offered. Send raw rows to /v2/models/NAME/predict, tensors to .../infer.",
}


class TrailingSlash:
    """ASGI middleware to which an address with a slash at its end is the one without.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handles one connection."""
        path = scope.get("path", "")
        if path.endswith("/") and len(path) > len(scope.get("root_path", "")) + 1:
            scope = {**scope, "path": path[:-1]}
        return self._app(scope, receive, send)


def not_offered() -> list[BaseRoute]:
    """Returns routes that say of what other servers have that this one has not, and what to do in its place."""
    return [Route(path, _Refusal(message), include_in_schema=False) for path, message in _NOT_OFFERED.items()]


class _Refusal:
    """Answers 404, whatever the method."""

    def __init__(self, message: str) -> None:
        self._message = message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> NoReturn:
        raise RequestError(self._message, status=404)


def unknown_address(request: Request) -> str:
    """Returns what is said of an address that the server does not have."""
    expected = ", ".join(known_addresses(request.app.routes))
    return (
        f"address: received {shorten(request.scope['path'])}; expected one of {expected}. See /openapi.json."
    )


def known_addresses(routes: Iterable[BaseRoute]) -> list[str]:
    """Returns the addresses of routes, without those of versions, for messages."""
    paths = [route.path for route in routes if isinstance(route, Route) and route.include_in_schema]
    return [path.replace("{name}", "NAME") for path in dict.fromkeys(paths) if _VERSION not in path]
