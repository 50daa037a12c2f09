"""What becomes of each request: counted, measured, logged, and named to its client.

The outermost middleware, so that refusals of all others are seen too. What lies within tells more through
``observed(scope)``.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rnnzoo_export.serving.access_log import AccessLog
from rnnzoo_export.serving.answers import fault_answer
from rnnzoo_export.serving.metrics import KINDS, Metrics
from rnnzoo_export.serving.observed import KEY, LEFT, Observed
from rnnzoo_export.serving.request_ids import request_id
from rnnzoo_export.serving.trace_context import trace_context

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"))


class Observation:
    """ASGI middleware that observes requests.

    Args:
        app: The application.
        metrics: What is counted.
        models: The names of the models that are served; others are never shown.
        log: Where a line is written for each request; ``None`` for nowhere.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, models: Collection[str], log: AccessLog | None
    ) -> None:
        self._app, self._metrics, self._models, self._log = app, metrics, models, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        seen, sent = self._begin(scope)

        async def observe(message: Message) -> None:
            kind = message["type"]
            if kind == "http.response.body":
                seen.bytes_out += len(message.get("body", b""))
            elif kind in ("http.response.start", "websocket.http.response.start"):
                seen.status = message["status"]
                message["headers"] = [*message.get("headers", ()), *sent]
            elif kind == "websocket.accept":
                seen.status = 101
                message["headers"] = [*message.get("headers", ()), *sent]
            elif kind == "websocket.send":
                seen.bytes_out += len(message.get("bytes") or message.get("text") or "")
            elif kind == "websocket.close" and seen.status == LEFT:
                seen.status = 403  # it was never accepted
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except Exception as error:
            if seen.status != LEFT or scope["type"] != "http":
                raise  # an answer has begun, and must be cut
            await fault_answer(error)(scope, receive, observe)
        finally:
            self._end(scope, seen, time.perf_counter() - began)

    def _begin(self, scope: Scope) -> tuple[Observed, list[tuple[bytes, bytes]]]:
        """Reads the headers, and returns those of the answer."""
        given, parents, states = None, [], []
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"traceparent":
                parents.append(value)
            elif name == b"tracestate":
                states.append(value)
        name = request_id(given)
        seen = scope[KEY] = Observed(name)
        headers = [(b"x-request-id", name.encode())]
        if parents or self._log is not None:
            seen.trace = trace_context(parents, states)
        if parents and seen.trace is not None:
            headers.append((b"traceparent", seen.trace.traceparent.encode()))
            if seen.trace.state:
                headers.append((b"tracestate", seen.trace.state.encode()))
        return seen, headers

    def _end(self, scope: Scope, seen: Observed, seconds: float) -> None:
        route: str = getattr(scope.get("route"), "path", "")
        model = scope.get("path_params", {}).get("name")
        model = model if isinstance(model, str) and model in self._models else ""
        if seen.kind is None and seen.status >= 400:
            seen.kind = KINDS.get(seen.status, "other")
        self._metrics.answered(model, route, seen.status, seconds, seen.kind)
        if self._log is not None:
            self._log.write(_entry(scope, seen, route, model, seconds))


def _entry(scope: Scope, seen: Observed, route: str, model: str, seconds: float) -> dict[str, Any]:
    """Returns the line of a request; it holds nothing that a client can choose freely."""
    method = scope.get("method", "WEBSOCKET")
    client, trace = scope.get("client"), seen.trace
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "method": method if method in _METHODS or method == "WEBSOCKET" else "other",
        "route": route or None,
        "model": model or None,
        "status": seen.status,
        "kind": seen.kind,
        "seconds": round(seconds, 6),
        "queue_seconds": None if seen.queue_seconds is None else round(seen.queue_seconds, 6),
        "bytes_in": seen.bytes_in,
        "bytes_out": seen.bytes_out,
        "request_id": seen.request_id,
        "trace_id": None if trace is None else trace.trace_id,
        "span_id": None if trace is None else trace.span_id,
        "parent_id": None if trace is None else trace.parent_id,
        "client": client[0] if client else None,
    }
