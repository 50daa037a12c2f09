"""Keys that a request must carry.

    Authorization: Bearer KEY
    X-API-Key: KEY
    Sec-WebSocket-Protocol: rnnzoo, rnnzoo.key.KEY      of a WebSocket, for which a page can set no other header

The page, health and, where it is wished, the metrics need none.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterable

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rnnzoo.errors import ArgumentError
from rnnzoo.files import read_text
from rnnzoo_export.serving.observed import observed
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.traffic import METRICS, is_health

#: What a WebSocket speaks whose client sends its key beside it.
SUBPROTOCOL = "rnnzoo"
_SUBPROTOCOL_KEY = f"{SUBPROTOCOL}.key."
# What can stand in all three headers.
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~-]{16,256}", re.ASCII)
_MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"


class ApiKeys:
    """A set of keys, any of which opens the server.

    Args:
        keys: The keys; none means that no key is needed.

    Raises:
        ArgumentError: If a key is too short, or holds what cannot stand in a header.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        for number, key in enumerate(keys, start=1):
            if not _WELL_FORMED.fullmatch(key):  # not shown: it may be one letter from a right one
                raise ArgumentError(
                    f"api_key: key {number} of {len(keys)}: received {len(key)} characters; expected 16 to 256 "
                    f"letters, digits and ._~-. {_MAKE_ONE}"
                )
        self._digests = [_digest(key.encode()) for key in keys]

    def __bool__(self) -> bool:
        """Whether a key is needed."""
        return bool(self._digests)

    def opens(self, key: bytes) -> bool:
        """Whether a key is one of them; it takes as long for a wrong one as for a right one."""
        digest = _digest(key)
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0


def keys_of(key: str, path: str) -> ApiKeys:
    """Returns a key and those of a file, each of which may be empty."""
    return ApiKeys([*([key] if key else ()), *(read_api_keys(path) if path else ())])


def read_api_keys(path: str) -> list[str]:
    """Reads a file of keys, one a line; empty lines and those that begin with ``#`` are left out.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it cannot be read.
        ArgumentError: If it holds no key.
    """
    lines = [line.strip() for line in read_text(path, "a file of keys").splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise ArgumentError(f"api_key_file: {path} holds no key; expected one a line. {_MAKE_ONE}")
    return keys


def is_public(settings: Settings, path: str) -> bool:
    """Whether an address may be asked without a key: the page, which asks for one, and health."""
    return path == "/" or is_health(path) or (path == METRICS and settings.metrics_public)


class KeyCheck:
    """ASGI middleware that answers 401 to requests without a right key.

    Args:
        app: The application.
        keys: The keys.
        is_public: Whether the address of a request needs none.
    """

    def __init__(self, app: ASGIApp, *, keys: ApiKeys, is_public: Callable[[str], bool]) -> None:
        self._app, self._keys, self._is_public = app, keys, is_public

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handles one connection."""
        if scope["type"] == "websocket":
            send = _answering_subprotocol(scope, send)
        if (
            not self._keys
            or scope["type"] == "lifespan"
            or (scope["type"] == "http" and self._is_public(scope["path"]))
        ):
            return self._app(scope, receive, send)
        given = _given(scope)
        if given is not None and self._keys.opens(given):
            return self._app(scope, receive, send)
        observed(scope).kind = "key"
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", ()):
            return send({"type": "websocket.close", "code": 1008})
        return _refusal(is_wrong=given is not None)(scope, receive, send)


def _refusal(*, is_wrong: bool) -> Response:
    text = (
        "Authorization: received a key that is not one of this server; "
        if is_wrong
        else "Authorization: received no key; "
    )
    text += "expected one of this server. Send the header 'Authorization: Bearer KEY', or 'X-API-Key: KEY'."
    challenge = 'Bearer realm="rnnzoo"' + (', error="invalid_token"' if is_wrong else "")
    # A body is not read, so that the connection serves no further request.
    headers = {"WWW-Authenticate": challenge, "Connection": "close"}
    return Response(orjson.dumps({"error": text}), 401, headers, "application/json")


def _given(scope: Scope) -> bytes | None:
    """Returns the key that a request carries: of each header the first."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        found.setdefault(name, value)
    scheme, _, key = found.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and key.strip():
        return key.strip()
    if b"x-api-key" in found:
        return found[b"x-api-key"].strip()
    if scope["type"] == "websocket":
        for protocol in scope.get("subprotocols") or ():
            if protocol.startswith(_SUBPROTOCOL_KEY):
                return str(protocol).removeprefix(_SUBPROTOCOL_KEY).encode("latin-1", "replace")
    return None


def _answering_subprotocol(scope: Scope, send: Send) -> Send:
    """Returns what takes up the subprotocol that is offered, without which browsers hang up."""
    if SUBPROTOCOL not in (scope.get("subprotocols") or ()):
        return send

    async def answer(message: Message) -> None:
        if message["type"] == "websocket.accept" and not message.get("subprotocol"):
            message["subprotocol"] = SUBPROTOCOL
        await send(message)

    return answer


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
