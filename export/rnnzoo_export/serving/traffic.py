"""What is under way: a bound on requests in flight, and the way out when the server is told to stop.

Health is asked past all of this, so that it answers however many clients there are.
"""

from __future__ import annotations

import asyncio
import time

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_RETRY_AFTER = "1"


class Traffic:
    """Counts the requests that are under way and lets no more in than allowed.

    Args:
        max_requests: The most requests in flight.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._count = 0
        self._ends_at: float | None = None
        self._changed = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the server has been told to stop: it is not ready then, and lets nothing new in."""
        return self._ends_at is not None

    def close(self, seconds: float) -> None:
        """Lets nothing new in; what is under way has so many seconds to finish."""
        self._ends_at = time.monotonic() + seconds
        self._changed.set()

    def seconds_left(self, default: float) -> float:
        """Returns the seconds until the end, ``default`` where none was set."""
        return default if self._ends_at is None else max(0.0, self._ends_at - time.monotonic())

    async def finished(self) -> None:
        """Waits until nothing is under way, or the time that ``close`` has set is over."""
        while self._count and (left := self.seconds_left(0.0)):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return

    def refusal(self) -> str | None:
        """Returns why a request is not let in now; ``None`` if it is."""
        if self.closing:
            return "server: is stopping. Ask another, or try again in a second."
        if self._count >= self._max_requests:
            return f"server: {self._max_requests} requests are under way already. Try again in a second."
        return None

    def enter(self) -> None:
        """Counts a request."""
        self._count += 1

    def leave(self) -> None:
        """Counts it no more."""
        self._count -= 1
        if not self._count:
            self._changed.set()


class TrafficControl:
    """ASGI middleware that answers 503 with Retry-After to requests beyond the bound, and while the server stops.

    Args:
        app: The application.
        traffic: What is under way.
    """

    def __init__(self, app: ASGIApp, *, traffic: Traffic) -> None:
        self._app, self._traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http" or _is_health(scope["path"]):
            await self._app(scope, receive, send)
            return
        refusal = self._traffic.refusal()
        if refusal is not None:
            headers = {"Retry-After": _RETRY_AFTER} | (
                {"Connection": "close"} if self._traffic.closing else {}
            )
            content = orjson.dumps({"error": refusal})
            await Response(content, 503, headers, "application/json")(scope, receive, send)
            return
        self._traffic.enter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._traffic.leave()


def _is_health(path: str) -> bool:
    return path.startswith("/v2/health/") or (path.startswith("/v2/models/") and path.endswith("/ready"))
