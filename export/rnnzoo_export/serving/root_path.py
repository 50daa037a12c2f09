"""The path below which a proxy shows this server, whether the proxy takes it off or not."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """ASGI middleware that takes a prefix off the paths of requests.

    What does not begin with it is left as it is: the proxy has taken it off, or the request comes past the proxy.

    Args:
        app: The application.
        prefix: Such as ``/films``.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path == self._prefix:
            # The addresses in the page are relative to its own, which must end with a slash.
            await RedirectResponse(f"{self._prefix}/", 308)(scope, receive, send)
            return
        if path.startswith(f"{self._prefix}/"):
            scope = {**scope, "path": path[len(self._prefix) :]}
            raw = scope.get("raw_path")
            if raw is not None and raw.startswith(self._prefix.encode()):
                scope["raw_path"] = raw[len(self._prefix) :]
        await self._app(scope, receive, send)
