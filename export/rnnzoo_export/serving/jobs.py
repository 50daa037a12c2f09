"""A request to run the model, of which some rows may be done already."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]

# How many answers are handed over in a round of the event loop.
_A_ROUND = 8

_log = logging.getLogger("rnnzoo.serving")


class Job:
    """Checked inputs, whose rows are independent, and who waits for the answer.

    Args:
        inputs: Arrays by input name.
        loop: The event loop of who waits.
        future: What is waited for; once it is done, nobody wants the rest.
        since: When it arrived; now by default.
        free: The inputs whose second axis is that of steps; ``None`` for all that have one.
        look_after: Called with the job when it has waited until ``when``.
        leaves: Waits until the client has left.

    Attributes:
        rows: How many it has.
        steps: The steps of each.
        shape: What jobs must share to be run together.
        queued_at: When it was put in line.
        begun_at: When its first rows were taken; ``None`` before.
        when: When it is to be looked after next, by ``time.monotonic``.
    """

    def __init__(
        self,
        inputs: Arrays,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[dict[str, np.ndarray]],
        since: float | None = None,
        free: Collection[str] | None = None,
        *,
        look_after: Callable[[Job], None] | None = None,
        leaves: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.inputs, self.loop, self.future, self.leaves = inputs, loop, future, leaves
        self._look_after, self.when = look_after, float("inf")
        self.queued_at = time.monotonic()
        self.since = self.queued_at if since is None else since
        self.begun_at: float | None = None
        self.rows, self.steps = len(next(iter(inputs.values()))), 1
        shape: list[Any] = []
        for name, array in inputs.items():
            sizes = array.shape
            if len(sizes) > 1 and sizes[1] > self.steps and (free is None or name in free):
                self.steps = sizes[1]
            shape += (name, sizes[1:], array.dtype)
        self.shape = tuple(shape)
        self._done: list[Arrays] = []
        self._place, self._ended = 0, False

    def due(self) -> None:
        """Is called at the time ``when``."""
        if self._look_after is not None:
            self._look_after(self)

    @property
    def queue_seconds(self) -> float | None:
        """How long it has waited in line; ``None`` as long as it does."""
        return None if self.begun_at is None else self.begun_at - self.queued_at

    @property
    def left(self) -> int:
        """Rows that are not done yet."""
        return self.rows - self._place

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it still."""
        return not (self._ended or self.future.done())

    def next_rows(self, most: int) -> dict[str, np.ndarray]:
        """Returns the next rows, so many at most."""
        if most >= self.rows:
            return dict(self.inputs)
        return {name: array[self._place : self._place + most] for name, array in self.inputs.items()}

    def take(self, outputs: Arrays, rows: int) -> bool:
        """Keeps the answers to the next rows; returns whether those were the last."""
        self._done.append(outputs)
        self._place += rows
        self._ended = self._ended or self.left <= 0
        return self.left <= 0

    def finish(self, error: Exception) -> None:
        """Ends the job with an error, from any thread."""
        self._ended = True
        _soon(self.loop, partial(self._settle, error))

    def settle(self) -> None:
        """Hands the answers to who waits; on the event loop of the job."""
        self._settle(self._joined())

    def _joined(self) -> dict[str, np.ndarray]:
        if len(self._done) == 1:
            return dict(self._done[0])
        return {name: np.concatenate([part[name] for part in self._done]) for name in self._done[0]}

    def _settle(self, result: dict[str, np.ndarray] | Exception) -> None:
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


def hand_over(jobs: Sequence[Job]) -> None:
    """Hands the answers of jobs that are done to who waits, from any thread: to wake an event loop takes long."""
    for loop in {job.loop for job in jobs}:
        _soon(loop, partial(_settle_each, [job for job in jobs if job.loop is loop]))


def _settle_each(jobs: Sequence[Job]) -> None:
    """Hands over few in each round of the event loop: to write their answers takes time, and others wait too."""
    for job in jobs[:_A_ROUND]:
        job.settle()
    if len(jobs) > _A_ROUND:
        jobs[0].loop.call_soon(_settle_each, jobs[_A_ROUND:])


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:  # the loop is closed: nobody waits any more
        _log.debug("an answer came after the server had stopped")
