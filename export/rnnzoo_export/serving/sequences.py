"""Sequences whose pieces come in requests of their own: the server keeps their states in between.

The pieces of one sequence are answered in the order in which they came. One that is not answered moves nothing, and
those that wait behind it are refused, for they would follow a piece that never was. All of this is on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.streaming_file import StreamingFile
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.parameters import PieceOf

Arrays = dict[str, np.ndarray]
#: Runs checked inputs with their states.
Run = Callable[[Mapping[str, np.ndarray]], Awaitable[Arrays]]


class _Turn:
    """A piece that waits for the one before it."""

    __slots__ = ("behind", "failed")

    def __init__(self, behind: _Turn | None) -> None:
        self.behind, self.failed = behind, False


class _Sequence:
    """A sequence between its pieces; without states it has not begun."""

    __slots__ = ("last", "lock", "states", "used", "waiting")

    def __init__(self) -> None:
        self.states: Arrays | None = None
        self.lock = asyncio.Lock()
        self.last: _Turn | None = None
        self.waiting, self.used = 0, 0.0


class Sequences:
    """The sequences that are open, so many at most.

    Args:
        file: What answers their pieces.
        model: The name of the model, for messages.
        most: How many may be open at once.
        idle: Seconds without a piece after which one is forgotten.
        deadline: Seconds from the arrival of a piece within which it must be answered.
        now: Tells the time in seconds.
    """

    def __init__(
        self,
        file: StreamingFile,
        model: str,
        *,
        most: int,
        idle: float,
        deadline: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._model, self._now = file, model, now
        self._most, self._idle, self._deadline = most, idle, deadline
        # The one that was used last is the last.
        self._open: OrderedDict[int | str, _Sequence] = OrderedDict()
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open_sessions(self) -> int:
        """How many are open, those of live connections among them."""
        return len(self._open) + self._held

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Takes a place for a sequence whose states the caller keeps; ``RequestError`` 503 if there is none."""
        self._check_room()
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def step(
        self, piece: PieceOf, inputs: Mapping[str, np.ndarray], run: Run, *, since: float | None = None
    ) -> Arrays:
        """Answers a piece when those before it are answered.

        Args:
            piece: Of which sequence it is.
            inputs: Its checked inputs: one row.
            run: Runs them with the states.
            since: When it arrived; now by default.

        Returns:
            The outputs, without states.

        Raises:
            RequestError: If the sequence has not begun (status 400), too many are open (503), a piece before it failed
                while it waited (409) or was not answered in time (504); or whatever ``run`` raises.
        """
        sequence = self._joined(piece)
        turn = _Turn(sequence.last if sequence.waiting else None)
        sequence.last, sequence.waiting = turn, sequence.waiting + 1
        turn.failed = True  # until it is answered
        try:
            await self._turn_of(piece, sequence, self._now() if since is None else since)
            try:
                outputs = await self._answered(piece, sequence, turn, inputs, run)
            finally:
                sequence.lock.release()
            turn.failed = False
            return outputs
        finally:
            turn.behind = None
            sequence.waiting -= 1
            self._keep(piece.sequence, sequence)

    def _joined(self, piece: PieceOf) -> _Sequence:
        """Returns the sequence of a piece, which may begin with it."""
        self._forget_idle()
        sequence = self._open.get(piece.sequence)
        if sequence is None:
            if not piece.start:
                raise self._not_begun(piece)
            self._check_room()
            sequence = self._open[piece.sequence] = _Sequence()
        return sequence

    async def _turn_of(self, piece: PieceOf, sequence: _Sequence, since: float) -> None:
        """Waits until the pieces before are answered, and takes the lock."""
        try:
            async with asyncio.timeout(since + self._deadline - self._now()):
                await sequence.lock.acquire()
        except TimeoutError as error:
            raise RequestError(
                f"sequence {shorten(piece.sequence)}: the pieces before this one took more than {self._deadline:g} s. "
                "Send it again, and wait for each answer.",
                status=504,
            ) from error

    async def _answered(
        self, piece: PieceOf, sequence: _Sequence, turn: _Turn, inputs: Mapping[str, np.ndarray], run: Run
    ) -> Arrays:
        states = self._file.start() if piece.start else sequence.states
        if not piece.start and turn.behind is not None and turn.behind.failed:
            raise RequestError(
                f"sequence {shorten(piece.sequence)}: a piece that was sent before this one was not answered; nothing "
                "of either was taken. Send them again in order.",
                status=409,
            )
        if states is None:
            raise self._not_begun(piece)
        outputs, states = await advance(self._file, states, inputs, run)
        sequence.states = None if piece.end else states
        return outputs

    def _not_begun(self, piece: PieceOf) -> RequestError:
        return RequestError(
            f"sequence {shorten(piece.sequence)}: request to model {self._model!r} must specify the START flag on the "
            f"first request of the sequence. It is not open: it never began, has ended, waited {self._idle:g} s for a "
            'piece, or the server was started anew. Send it from its first piece, with "sequence_start": true.'
        )

    def _check_room(self) -> None:
        self._forget_idle()
        if self.open_sessions >= self._most:
            raise RequestError(
                f"sequences: {self._most} are open, the most allowed. End some, or try again later.",
                status=503,
                kind="sessions",
            )

    # Forgetting

    def _keep(self, name: int | str, sequence: _Sequence) -> None:
        """Notes when a sequence was used last, and forgets one that has ended or never began."""
        if sequence.states is None and not sequence.waiting:
            self._open.pop(name, None)
            return
        sequence.used = self._now()
        self._open.move_to_end(name)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._idle, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._forget_idle()
        if self._open:
            oldest = next(iter(self._open.values())).used
            wait = max(0.1 * self._idle, oldest + self._idle - self._now())
            self._timer = asyncio.get_running_loop().call_later(wait, self._look_again)

    def _forget_idle(self) -> None:
        """Forgets those that have had no piece for too long."""
        until = self._now() - self._idle
        idle = []
        for name, sequence in self._open.items():
            if sequence.used > until:
                break
            if not sequence.waiting:
                idle.append(name)
        for name in idle:
            del self._open[name]


async def advance(
    file: StreamingFile, states: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray], run: Run
) -> tuple[Arrays, Arrays]:
    """Answers a piece.

    Args:
        file: What answers it.
        states: Where the sequence stands, by the names of the inputs.
        inputs: The checked inputs of the piece.
        run: Runs both.

    Returns:
        The outputs, and the next states.
    """
    together = {**inputs, **states}
    found = await run({spec.name: together[spec.name] for spec in file.signature.inputs})
    # Rows of a run that others shared: a view would keep theirs too.
    later = {state.input: np.array(found[state.output]) for state in file.states}
    return {spec.name: found[spec.name] for spec in file.pieces.outputs}, later
