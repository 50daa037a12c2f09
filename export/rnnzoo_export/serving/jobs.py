"""A request to run the model, of which some rows may be done already."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

Arrays = Mapping[str, np.ndarray]

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

    def take(self, outputs: Arrays, rows: int) -> None:
        """Keeps the answers to the next rows; those of the last end the job."""
        self._done.append(outputs)
        self._place += rows
        if self.left <= 0:
            self.finish(self._joined())

    def finish(self, result: dict[str, np.ndarray] | Exception) -> None:
        """Hands the result to who waits, from any thread."""
        self._ended = True
        try:
            self.loop.call_soon_threadsafe(self._settle, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _log.debug("an answer came after the server had stopped")

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
