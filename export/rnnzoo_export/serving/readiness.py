"""Whether a model answers: asked of the model itself, and seldom."""

from __future__ import annotations

import asyncio
import logging
import time

from rnnzoo.errors import one_line
from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.jobs import Arrays

# Seconds for which an answer of the model counts, and for which it is not asked again.
_FRESH = 1.0
# Seconds that a question about health waits for the model at most.
_PATIENCE = 2.0
_log = logging.getLogger("rnnzoo.serving")


class Readiness:
    """Asks a model for one small row where it has answered nobody for a second.

    A busy model is not asked at all, for what it answers to clients counts; one that hangs is asked once, however often
    others ask here.

    Args:
        batcher: What runs the model.
        inputs: A small row.
    """

    def __init__(self, batcher: Batcher, inputs: Arrays) -> None:
        self._batcher, self._inputs = batcher, inputs
        self._question: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._was_ready = True

    async def check(self) -> bool:
        """Returns whether the model has answered within a second, and its threads keep up; within two seconds."""
        ready = await self._answers() and self._batcher.ready
        if self._was_ready and not ready:
            _log.warning("the model does not answer; the server is not ready")
        self._was_ready = ready
        return ready

    async def _answers(self) -> bool:
        if self._is_fresh:
            return True
        now = time.monotonic()
        if self._question is None or (self._question.done() and now - self._asked_at >= _FRESH):
            self._asked_at = now
            self._question = asyncio.get_running_loop().create_task(self._ask())
        await asyncio.wait(
            {self._question}, timeout=_PATIENCE
        )  # which leaves it alone where the time is over
        return self._is_fresh

    @property
    def _is_fresh(self) -> bool:
        return time.monotonic() - self._batcher.answered_at < _FRESH

    async def _ask(self) -> None:
        try:
            await self._batcher.probe(self._inputs)
        except Exception as error:  # noqa: BLE001 - whatever it says, it is no answer
            _log.warning("the model failed to answer a small row: %s", one_line(error, 300))
