"""Turns on the event loop: what takes long there goes few by few, so that what is short comes in between."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque

# How many turns are given in a round: a round costs time too.
_A_ROUND = 4
# In each of how many rounds the threads that receive and send may run, where they share a processor with this one.
_UNINTERRUPTED = 8


class Turns:
    """Gives few turns in each round of the event loop, in the order in which they were asked for.

    A crowd of requests that are ready at the same time would else all be parsed before the next question about health
    is heard.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken, self._rounds = False, 0

    async def next(self) -> None:
        """Waits for a turn; the first of a round has it at once."""
        loop = asyncio.get_running_loop()
        if not self._taken:
            self._taken = True
            loop.call_soon(self._give, loop)
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rounds += 1
        if self._rounds % _UNINTERRUPTED == 0 and self._waiting:
            _let_others_run()
        given = 0
        while self._waiting and given < _A_ROUND:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                given += 1
        if given:
            loop.call_soon(self._give, loop)
        else:
            self._taken = False


def _let_others_run() -> None:
    """Lets threads run that wait for the processor of this one."""
    if sys.platform != "win32":
        os.sched_yield()
