"""The way past the router for what is asked most: `infer` and `predict`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

_MODEL, _OF_VERSION = "/v2/models/{name}/", "/v2/models/{name}/versions/{version}/"


class Direct:
    """ASGI middleware that calls the endpoints of models itself.

    A router tries its routes one after the other, and each layer of an application wraps what is received and sent.
    That takes as long as to read a short request.

    Args:
        app: The application, for all else.
        routes: Its routes, those to the endpoints among them.
        errors: What answers each kind of error.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Iterable[BaseRoute],
        errors: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]],
    ) -> None:
        self._app, self._errors = app, errors
        self._routes = {
            route.path: route for route in routes if isinstance(route, Route) and _is_asked(route)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        route = self._route(scope)
        if route is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except Exception as error:  # noqa: BLE001 - each kind has its answer
            kind = next(kind for kind in type(error).__mro__ if kind in self._errors)
            response = await self._errors[kind](request, error)
        await response(scope, receive, send)

    def _route(self, scope: Scope) -> Route | None:
        """Returns where a request goes, and notes what its path names; ``None`` for one that the router takes."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
            return None
        start, *parts = scope["path"].split("/")
        if start or parts[:2] != ["v2", "models"] or not all(parts):
            return None
        if len(parts) == 4:
            route, names = self._routes.get(_MODEL + parts[3]), {"name": parts[2]}
        elif len(parts) == 6 and parts[3] == "versions":
            route = self._routes.get(_OF_VERSION + parts[5])
            names = {"name": parts[2], "version": parts[4]}
        else:
            return None
        if route is not None:
            scope["path_params"], scope["route"] = names, route
        return route


def _is_asked(route: Route) -> bool:
    """Whether a route answers POST below a model."""
    return "POST" in (route.methods or ()) and route.path.startswith(_MODEL)
