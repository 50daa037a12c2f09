"""Requests must be addressed to a name that this server has.

A web page of another site can make its own host name point to 127.0.0.1 and so reach a server on the visitor's
machine (DNS rebinding); the browser then sends that name in the Host header. It can also open a WebSocket to any
server, which no browser stops; the page's own address is in the Origin header then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rnnzoo_export.serving.traffic import is_health


class HostCheck:
    """ASGI middleware that answers 421 to requests addressed to another name.

    Health may be asked by any: who watches over many servers knows their numbers, not their names.

    Args:
        app: The application.
        allowed: Host names in lower case; ``None`` allows any.
    """

    def __init__(self, app: ASGIApp, *, allowed: Collection[str] | None) -> None:
        self._app, self._allowed = app, allowed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handles one connection."""
        if scope["type"] in ("http", "websocket") and self._allowed is not None:
            hosts = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
            is_known = len(hosts) == 1 and host_name(hosts[0]) in self._allowed
            if not is_known and not is_health(scope["path"]):
                text = "Host: expected a name of this server. Start it with that host name allowed."
                # A body is not read, so that the connection serves no further request.
                headers = {"Connection": "close"}
                refusal = Response(orjson.dumps({"error": text}), 421, headers, "application/json")
                return refusal(scope, receive, send)
        return self._app(scope, receive, send)


def host_name(header: str) -> str:
    """Returns the name in a Host header, without the port.

    Example:
        >>> host_name("Localhost:8000"), host_name("[::1]:80")
        ('localhost', '::1')
    """
    header = header.strip().lower()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and ":" in header else header


def is_known_origin(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether a connection comes from a page of this server, one that is allowed, or no page at all.

    Args:
        headers: Those of the request.
        allowed: Origins such as ``"https://example.org"``; ``"*"`` allows any.

    Example:
        >>> page = Headers({"host": "localhost:8000", "origin": "http://localhost:8000"})
        >>> other = Headers({"host": "localhost:8000", "origin": "https://example.org"})
        >>> is_known_origin(page, ()), is_known_origin(other, ()), is_known_origin(other, ("https://example.org",))
        (True, False, True)
    """
    origins = headers.getlist("origin")
    if not origins or "*" in allowed:
        return True
    origin = origins[0].strip().lower()
    own = origin.partition("://")[2] == headers.get("host", "").strip().lower()
    return len(origins) == 1 and (own or origin in {name.lower().rstrip("/") for name in allowed})
