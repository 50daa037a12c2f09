"""Work on requests: on the event loop in turns, beside it where there is much, and as long as the client is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from rnnzoo_export.serving.batching import Batcher, LeftError
from rnnzoo_export.serving.observed import observed
from rnnzoo_export.serving.pace import Pace
from rnnzoo_export.serving.presence import has_left
from rnnzoo_export.serving.turns import Turns

# Bytes above which a body is parsed, and an answer written, beside the event loop.
_LARGE = 256_000
# Bytes up to which no turn is waited for: each request has had one at its beginning.
_SMALL = 16_000
# Seconds that a call may hold up the event loop.
_SHORT = 0.001


class Work:
    """Decides where what a request needs is done.

    Args:
        turns: The turns on the event loop.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._large = asyncio.Lock()

    async def turn(
        self, batcher: Batcher, since: float, size: int, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """Calls a function that works on so many bytes: at once, in a turn of its own or beside the event loop.

        Args:
            batcher: What knows how long a request may take.
            since: When the request arrived, by ``time.monotonic``.
            size: Bytes.
            function: What is called.
            *arguments: With what.
        """
        if size > _LARGE:
            return await self.beside(size, function, *arguments)
        if size > _SMALL:
            await self._turns.next()
        batcher.check_time(since)
        return function(*arguments)

    async def beside(self, size: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function on another thread; those that work on many bytes one after the other.

        Python runs one thread at a time: many that parse at once would leave little time to the event loop.
        """
        async with self._large if size > _LARGE else contextlib.nullcontext():
            return await run_in_threadpool(function, *arguments)

    async def paced(self, batcher: Batcher, since: float, size: int, pace: Pace, *arguments: Any) -> Any:
        """Calls a function at once where calls for so many bytes are short, else beside the event loop.

        Args:
            batcher: What knows how long a request may take.
            since: When the request arrived, by ``time.monotonic``.
            size: Bytes.
            pace: The function, which may be a user's.
            *arguments: With what.
        """
        if size > _SMALL or pace.seconds(size) > _SHORT:
            return await self.beside(size, pace, size, *arguments)
        batcher.check_time(since)
        return pace(size, *arguments)

    async def outputs(
        self, batcher: Batcher, inputs: Mapping[str, np.ndarray], request: Request, since: float | None = None
    ) -> dict[str, np.ndarray]:
        """Runs a model, as long as the client of the request is there."""
        job = batcher.begin(inputs, since=since, left=partial(has_left, request.receive))
        try:
            return await job.future
        except LeftError:
            raise ClientDisconnect from None
        finally:
            batcher.end(job)
            observed(request.scope).queue_seconds = job.queue_seconds
