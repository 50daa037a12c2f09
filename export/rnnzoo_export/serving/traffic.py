"""What is under way: bounds on requests in flight and their bytes, and the way out when the server is told to stop.

Health is asked past all of this, so that it answers however many clients there are.
"""

from __future__ import annotations

import asyncio
import re
import time

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.body import BodyLimits, read_body
from rnnzoo_export.serving.clock import Clock
from rnnzoo_export.serving.observed import observed
from rnnzoo_export.serving.turns import Turns

#: The address of the metrics, which answer as health does.
METRICS = "/metrics"
_HEALTH = re.compile(r"/v2/health/(?:live|ready)|/v2/models/[^/]+(?:/versions/[^/]+)?/ready")
_HEALTH_ENDS = ("/live", "/ready")
_RETRY_AFTER = "1"
_STOPPING = orjson.dumps({"error": "server: is stopping. Ask another, or try again in a second."})


class Traffic:
    """Counts the requests that are under way and lets no more be answered at once than allowed.

    One whose body still arrives takes none of the places, whoever sends it slowly.

    Args:
        max_requests: The most requests that are answered at once.
        max_bytes: The most bytes of the bodies of all requests together.
    """

    def __init__(self, max_requests: int, max_bytes: int) -> None:
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._count = self._answered = self._bytes = 0
        self._ends_at: float | None = None
        self._changed = asyncio.Event()
        #: What keeps the time of bodies that arrive.
        self.clock = Clock()
        #: Set once the server is told to stop; streams and sessions wait for it, and end.
        self.told = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the server has been told to stop: it is not ready then, and lets nothing new in."""
        return self._ends_at is not None

    @property
    def count(self) -> int:
        """How many requests are under way, health not counted."""
        return self._count

    @property
    def bytes_held(self) -> int:
        """How many bytes the bodies of all requests have."""
        return self._bytes

    def close(self, seconds: float) -> None:
        """Lets nothing new in; what is under way has so many seconds to finish."""
        self._ends_at = time.monotonic() + seconds
        self.told.set()
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

    def held(self, request: Request) -> HeldBody:
        """Returns what counts the body of a request, and the request, as long as the context lasts."""
        return HeldBody(self, request)

    def hold(self, size: int) -> None:
        """Counts bytes, or raises ``RequestError`` where there are too many."""
        if self._bytes + size > self._max_bytes:
            raise RequestError(
                f"server: bodies of {self._max_bytes} bytes are under way already. Try again in a second.",
                status=503,
                kind="bytes",
            )
        self._bytes += size

    def let_go(self, size: int) -> None:
        """Counts bytes no more."""
        self._bytes -= size

    def begin(self) -> None:
        """Counts a request that is answered, or raises ``RequestError`` where there are too many."""
        if self._answered >= self._max_requests:
            raise RequestError(
                f"server: {self._max_requests} requests are under way already. Try again in a second.",
                status=503,
                kind="requests",
            )
        self._answered += 1

    def end(self) -> None:
        """Counts it no more."""
        self._answered -= 1

    def enter(self) -> None:
        """Counts a request."""
        self._count += 1

    def leave(self) -> None:
        """Counts it no more."""
        self._count -= 1
        if not self._count:
            self._changed.set()


class HeldBody:
    """The body of a request, which counts as long as the context lasts.

    Args:
        traffic: Where it counts.
        request: The request.
    """

    def __init__(self, traffic: Traffic, request: Request) -> None:
        self._traffic, self._request = traffic, request
        self._size, self._is_answered = 0, False

    async def read(self, limits: BodyLimits) -> bytes:
        """Returns the body; from then on the request is one of those that are answered.

        Args:
            limits: What it may be.

        Raises:
            RequestError: With status 503 if too many requests or bytes are under way; as ``read_body`` does.
        """
        body = await read_body(self._request, limits, self._hold, self._traffic.clock)
        self._traffic.begin()
        self._is_answered = True
        return body

    def _hold(self, size: int) -> None:
        self._traffic.hold(size)
        self._size += size

    def __enter__(self) -> HeldBody:
        return self

    def __exit__(self, *_: object) -> None:
        self._traffic.let_go(self._size)
        observed(self._request.scope).bytes_in = self._size
        if self._is_answered:
            self._traffic.end()


class TrafficControl:
    """ASGI middleware that counts requests, and answers 503 with Retry-After while the server stops.

    Args:
        app: The application.
        traffic: What is under way.
        turns: The turns on the event loop.
    """

    def __init__(self, app: ASGIApp, *, traffic: Traffic, turns: Turns) -> None:
        self._app, self._traffic, self._turns = app, traffic, turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http" or is_health(scope["path"]) or scope["path"] == METRICS:
            await self._app(scope, receive, send)
            return
        if self._traffic.closing:
            observed(scope).kind = "stopping"
            headers = {"Retry-After": _RETRY_AFTER, "Connection": "close"}
            await Response(_STOPPING, 503, headers, "application/json")(scope, receive, send)
            return
        self._traffic.enter()
        try:
            await self._turns.next()  # even the beginning of a thousand requests takes long
            await self._app(scope, receive, send)
        finally:
            self._traffic.leave()


def is_health(path: str) -> bool:
    """Whether an address says how the server or a model is.

    Example:
        >>> is_health("/v2/models/films/ready"), is_health("/v2/models/ready")
        (True, False)
    """
    return path.endswith(_HEALTH_ENDS) and _HEALTH.fullmatch(path) is not None
