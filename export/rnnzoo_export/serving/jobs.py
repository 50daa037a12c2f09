"""A request to run the model, of which some rows may be done already."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

Arrays = Mapping[str, np.ndarray]

# How many answers are handed over in a round of the event loop.
_A_ROUND = 8

_log = logging.getLogger("rnnzoo.serving")


@dataclass(eq=False)
class Job:
    """Checked inputs, whose rows are independent, and who waits for the answer.

    Attributes:
        inputs: Arrays by input name.
        loop: The event loop of who waits.
        future: What is waited for; once it is done, nobody wants the rest.
        since: When it arrived.
        free: The inputs whose second axis is that of steps; ``None`` for all that have one.
    """

    inputs: Arrays
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[dict[str, np.ndarray]]
    since: float = field(default_factory=time.monotonic)
    free: Collection[str] | None = None

    def __post_init__(self) -> None:
        self.rows = len(next(iter(self.inputs.values())))
        self.steps = 1
        for name, array in self.inputs.items():
            if array.ndim > 1 and (self.free is None or name in self.free):
                self.steps = max(self.steps, array.shape[1])
        #: What jobs must share to be run together.
        self.shape = tuple((name, array.shape[1:], array.dtype.str) for name, array in self.inputs.items())
        #: When it was put in line, and when its first rows were taken.
        self.queued_at = time.monotonic()
        self.begun_at: float | None = None
        self._done: list[Arrays] = []
        self._place, self._ended = 0, False

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
