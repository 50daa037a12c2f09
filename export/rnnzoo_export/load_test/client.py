"""One connection that asks one question over and over."""

from __future__ import annotations

import asyncio
from typing import Protocol

from rnnzoo_export.load_test.answer_reader import Answer, AnswerReader


class Crowd(Protocol):
    """Whom clients belong to."""

    def answered(self, client: Client, answer: Answer, planned: float) -> None:
        """Is told of the answer to the request that was to be made at ``planned``."""

    def lost(self, client: Client, planned: float | None) -> None:
        """Is told that the server has closed the connection, and when what was under way was to be made."""


class Client(asyncio.Protocol):
    """A connection; it has one request under way at most.

    Attributes:
        planned: When the request under way was to be made; ``None`` while there is none.
        free_since: When it was opened, or last answered.
    """

    __slots__ = ("_crowd", "_reader", "_transport", "free_since", "planned")

    def __init__(self, crowd: Crowd) -> None:
        self._crowd: Crowd | None = crowd
        self._reader = AnswerReader()
        self.planned: float | None = None
        self.free_since = 0.0

    def ask(self, message: bytes, planned: float) -> None:
        """Makes a request."""
        self.planned = planned
        self._transport.write(message)

    def leave(self) -> None:
        """Closes the connection; nobody is told."""
        self._crowd = self.planned = None
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Is called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Is called by the event loop."""
        if self.planned is None:  # nothing was asked
            self._transport.abort()
            return
        try:
            answer = self._reader.feed(data)
        except ValueError:
            self._transport.abort()
            return
        if answer is not None:
            self._answered(answer)

    def connection_lost(self, _: Exception | None) -> None:
        """Is called by the event loop."""
        if self._crowd is None:
            return
        answer = None if self.planned is None else self._reader.end()
        if answer is not None:
            self._answered(answer)
        else:
            self._crowd.lost(self, self.planned)

    def _answered(self, answer: Answer) -> None:
        assert self._crowd is not None
        assert self.planned is not None
        planned, self.planned = self.planned, None
        self._crowd.answered(self, answer, planned)
