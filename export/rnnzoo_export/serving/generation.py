"""A text that a language model writes for a request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from rnnzoo.decoding.sampling import sample_token
from rnnzoo_export.inference.generator import NEVER
from rnnzoo_export.serving.generate_request import GenerateRequest
from rnnzoo_export.serving.stop_text import StopText


@dataclass(frozen=True)
class Piece:
    """What a step has added to a text.

    Attributes:
        text: The characters; there may be none.
        reason: Why it is the last one, ``"length"`` or ``"stop"``; ``None`` where more follow.
    """

    text: str
    reason: str | None = None


class Generation:
    """A text that is being written.

    Args:
        request: What is asked.
        ids: The tokens of its prompt.
    """

    def __init__(self, request: GenerateRequest, ids: np.ndarray) -> None:
        self.request = request
        #: What the model reads next.
        self.unread = np.asarray(ids, np.int32)
        #: The run that read last.
        self.run = 0
        #: How many tokens were written.
        self.tokens = 0
        self._rng = np.random.default_rng(request.seed)
        self._stop = StopText(request.stops)
        self._pieces: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        #: The session of the model that reads and writes it, once there is one.
        self.session: str | None = None
        self.is_over = False

    async def next(self) -> Piece:
        """Waits for the next piece, or raises what has ended the text."""
        piece = await self._pieces.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    def leave(self) -> None:
        """Ends it: nobody waits for the rest."""
        self.is_over = True

    def draw(self, logits: np.ndarray) -> int:
        """Draws the token that follows."""
        token = sample_token(logits, self._rng, forbidden=NEVER, **self.request.drawing)
        self.unread = np.array([token], np.int32)
        return token

    def add(self, text: str) -> None:
        """Hands out what a token adds."""
        if self.is_over:
            return
        self.tokens += 1
        shown, reason = self._stop.add(text), None
        if self._stop.found:
            reason = "stop"
        elif self.tokens >= self.request.max_tokens:
            shown, reason = shown + self._stop.rest(), "length"
        self.is_over = reason is not None
        if shown or reason:
            self._pieces.put_nowait(Piece(shown, reason))

    def fail(self, error: Exception) -> None:
        """Hands out what has ended it."""
        if not self.is_over:
            self.is_over = True
            self._pieces.put_nowait(error)
