"""Putting load on a server: clients in a closed loop, or requests at a rate."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable

from rnnzoo_export.load_test.answer_reader import Answer
from rnnzoo_export.load_test.client import Client
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.seen import Seen
from rnnzoo_export.load_test.target import Target

# Seconds between two looks for what is late, and before a connection that failed is tried again.
_LOOK = 0.1
# Seconds after which a connection that asked nothing is replaced: the server may be closing it.
_STALE = 1.0


async def run_load(
    target: Target, message: bytes, plan: LoadPlan, progress: Callable[[Seen], None] | None = None
) -> Seen:
    """Makes one request over and over, as a plan says.

    A request counts from the moment when it was to be made. With a rate that is its time in the plan, however long the
    server keeps the connections busy: what waits for its turn is not hidden (no "coordinated omission").

    Args:
        target: Whom to ask.
        message: The request, as ``Target.message`` makes it.
        plan: How many ask, how often, how long.
        progress: Is called with what was seen so far, several times a second.

    Returns:
        What the clients saw.
    """
    load = _ClosedLoop(target, message, plan) if plan.rate is None else _OpenLoop(target, message, plan)
    await load.run(progress or (lambda _: None))
    return load.seen


class _Load:
    """What both kinds of load have in common."""

    def __init__(self, target: Target, message: bytes, plan: LoadPlan) -> None:
        self._target, self._message, self._plan = target, message, plan
        self._loop = asyncio.get_running_loop()
        self._clients: set[Client] = set()
        self._opening: dict[asyncio.Task[None], float] = {}
        self._ends = float("inf")
        self.seen = Seen()

    async def run(self, progress: Callable[[Seen], None]) -> None:
        """Makes the requests and waits until all are answered, or late."""
        await self._prepare()
        self.seen.began = self.seen.last = self._loop.time()
        self._ends = self.seen.began + self._plan.seconds
        self._start()
        try:
            while self._is_busy():
                self._drop_late()
                progress(self.seen)
                await asyncio.sleep(min(_LOOK, max(0.005, self._ends - self._loop.time())))
        finally:
            self._leave()

    def _leave(self) -> None:
        """Closes all connections; one that could not be opened for long is a request without an answer."""
        for task, since in self._opening.items():
            task.cancel()
            if self._loop.time() - since > _STALE:
                self.seen.no_answer("no connection")
        for client in self._clients:
            client.leave()

    async def _prepare(self, connections: int = 1) -> None:
        """Opens connections before the clock is started; those that cannot be opened yet are left for later."""
        for _ in range(connections):
            self._open()
        await asyncio.wait(self._opening, timeout=self._plan.timeout)

    def _start(self) -> None:
        """Makes the first requests."""

    def _free(self, client: Client) -> None:
        """Is told of a connection that may be asked."""

    def _instead(self, after: float) -> None:
        """Is told that a connection has gone, and after how many seconds another may be opened."""

    def _late(self, now: float) -> None:
        """Drops requests that wait for a connection for too long."""

    def _is_busy(self) -> bool:
        return self._loop.time() < self._ends or any(c.planned is not None for c in self._clients)

    def _open(self, after: float = 0.0) -> None:
        task = self._loop.create_task(self._connect(after))
        self._opening[task] = self._loop.time()
        task.add_done_callback(self._opening.pop)

    async def _connect(self, after: float = 0.0) -> None:
        """Opens a connection; one that cannot be opened counts as a request without an answer, and is tried again."""
        while True:
            await asyncio.sleep(after)
            try:
                async with asyncio.timeout(self._plan.timeout):
                    client = await self._target.connect(lambda: Client(self))
                break
            except OSError as error:  # TimeoutError is one
                self.seen.no_answer(
                    f"no connection ({os.strerror(error.errno) if error.errno else type(error).__name__})"
                )
                after = _LOOK
        self._clients.add(client)
        client.free_since = self._loop.time()
        self._free(client)

    def answered(self, client: Client, answer: Answer, planned: float) -> None:
        now = client.free_since = self._loop.time()
        self.seen.answer(answer.status, answer.body, planned, now)
        if answer.stays:
            self._free(client)
        else:
            self._close(client)
            self._instead(0.0)

    def lost(self, client: Client, planned: float | None) -> None:
        self._close(client)
        if planned is not None:
            self.seen.no_answer("closed before the answer")
        self._instead(_LOOK)

    def _close(self, client: Client) -> None:
        self._clients.discard(client)
        client.leave()

    def _drop_late(self) -> None:
        now = self._loop.time()
        late = [c for c in self._clients if c.planned is not None and now - c.planned > self._plan.timeout]
        for client in late:
            self.seen.no_answer(f"none within {self._plan.timeout:g} s")
            self._close(client)
            self._instead(_LOOK)
        self._late(now)


class _ClosedLoop(_Load):
    """Clients that ask again as soon as they are answered."""

    async def _prepare(self, connections: int = 1) -> None:
        await super()._prepare(self._plan.clients)

    def _start(self) -> None:
        for client in tuple(self._clients):
            self._free(client)

    def _free(self, client: Client) -> None:
        now = self._loop.time()
        if self.seen.began and now < self._ends:
            client.ask(self._message, now)

    def _instead(self, after: float) -> None:
        if self._loop.time() < self._ends:
            self._open(after)


class _OpenLoop(_Load):
    """Requests at times of their own."""

    def __init__(self, target: Target, message: bytes, plan: LoadPlan) -> None:
        super().__init__(target, message, plan)
        self._times = plan.times()
        self._due: deque[float] = deque()
        self._idle: list[Client] = []

    def _start(self) -> None:
        threading.Thread(target=self._remind, daemon=True).start()

    def _remind(self) -> None:
        """Wakes the event loop for each request, from a thread: its own timers are a millisecond late."""
        for planned in (self._times + self.seen.began).tolist():
            if (wait := planned - time.monotonic()) > 0:
                time.sleep(wait)
            if self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(self._add, planned)

    def _add(self, planned: float) -> None:
        self._due.append(planned)
        self._dispatch()

    def _dispatch(self) -> None:
        while self._due and (client := self._idle_client()) is not None:
            client.ask(self._message, self._due.popleft())
        wanted = min(len(self._due), self._plan.clients - len(self._clients))
        for _ in range(wanted - len(self._opening)):
            self._open()

    def _idle_client(self) -> Client | None:
        """Returns the connection that was answered last, for the server may be closing those of long ago."""
        while self._idle:
            client = self._idle.pop()
            if client in self._clients:
                if self._loop.time() - client.free_since < _STALE:
                    return client
                self._close(client)
        return None

    def _free(self, client: Client) -> None:
        self._idle.append(client)
        self._dispatch()

    def _instead(self, after: float) -> None:
        self._dispatch()

    def _late(self, now: float) -> None:
        while self._due and now - self._due[0] > self._plan.timeout:
            self._due.popleft()
            self.seen.no_answer(f"none within {self._plan.timeout:g} s")

    def _is_busy(self) -> bool:
        return bool(self._due) or super()._is_busy()
