"""Turns on the event loop: what takes long there goes one by one, so that what is short comes in between."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Gives one turn in each round of the event loop, in the order in which they were asked for.

    A crowd of requests that are ready at the same time would else all be parsed before the next question about health
    is heard.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

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
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                loop.call_soon(self._give, loop)
                return
        self._taken = False
