"""Time limits that nearly nothing reaches, as those of requests that are answered in time."""

from __future__ import annotations

import asyncio
import logging
import time
from types import TracebackType
from typing import Protocol

_log = logging.getLogger("rnnzoo.serving")


class Timed(Protocol):
    """What is to be called at a time, unless it is left out before.

    Attributes:
        when: The time, by ``time.monotonic``.
    """

    when: float

    def due(self) -> None:
        """Is called when the time has come."""


class Clock:
    """Makes calls at their times, with one timer of the event loop for all: to set one costs far less than there.

    It serves one event loop at a time.
    """

    def __init__(self) -> None:
        self._waiting: dict[Timed, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._wakes_at = float("inf")

    def add(self, timed: Timed) -> None:
        """Waits for the time of something, on the event loop that runs; again where its time has changed."""
        self._waiting[timed] = None
        loop = asyncio.get_running_loop()
        if timed.when < self._wakes_at or loop is not self._loop:
            self._wake_at(loop, timed.when)

    def leave_out(self, timed: Timed) -> None:
        """Waits no more for it, if it did."""
        self._waiting.pop(timed, None)

    def _wake_at(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._loop, self._wakes_at = loop, when
        self._handle = loop.call_later(max(0.0, when - time.monotonic()), self._wake, loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        come = [timed for timed in self._waiting if timed.when <= now]
        for timed in come:
            del self._waiting[timed]
        self._handle, self._wakes_at = None, float("inf")
        if self._waiting:
            self._wake_at(loop, min(timed.when for timed in self._waiting))
        for timed in come:
            try:
                timed.due()
            except Exception:  # noqa: BLE001 - the others are due too
                _log.exception("what was due has failed")


class TimeLimit:
    """A time at which what the context does is ended by ``TimeoutError``, as ``asyncio.timeout_at`` does.

    Args:
        clock: What keeps the time.
        when: The time, by ``time.monotonic``.
    """

    def __init__(self, clock: Clock, when: float) -> None:
        self.when, self._clock, self._expired = when, clock, False
        task = asyncio.current_task()
        assert task is not None  # only what is awaited can be ended
        self._task, self._cancelling = task, task.cancelling()
        clock.add(self)

    def move(self, when: float) -> None:
        """Sets another time."""
        self.when = when
        self._clock.add(self)

    def due(self) -> None:
        """Ends the context."""
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> TimeLimit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.leave_out(self)
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
