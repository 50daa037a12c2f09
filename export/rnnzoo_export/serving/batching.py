"""Batching of concurrent requests: run at once when idle, together when busy, and no long one before the short.

While the session runs, new requests wait; when it is free again, those of one shape that wait go into one run.
So a lone request never waits for company, and a crowd shares the cost of a run. Long jobs are run by a thread of their
own, a piece of each in turn, so that short ones do not wait for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.clock import Clock
from rnnzoo_export.serving.jobs import Arrays, Job
from rnnzoo_export.serving.lane import Lane, RunObserver
from rnnzoo_export.serving.niceness import BEHIND
from rnnzoo_export.serving.run_costs import RunCosts

# Jobs that take longer are run by the thread for long ones, but none that is as short as one row of so many steps.
_SHORT_SECONDS, _SHORT_STEPS = 0.002, 32
#: Seconds of runs that had better hold up the event loop: to wake a thread, and to be woken by it, takes as long as to
#: run a row.
SHORT_RUN = 0.004
# Seconds of a run that should have been short, after which runs are made by the threads, and for how many seconds.
_SLOW_SECONDS, _AFTER_SLOW = 0.02, 5.0
# Seconds after which it is watched whether the client of a job is still there. For a short job that costs as much as to
# run it, so that it is done for those alone that wait long.
_WATCHED_AFTER, _SHORT_WATCHED_AFTER = 0.1, 1.0
# Rounds of the event loop after which a thread is woken at the latest.
_ROUNDS = 8


class LeftError(Exception):
    """The client of a request has left; nobody waits for the answer."""


class Batcher:
    """Runs jobs on threads of its own, and on the event loop those that are known to be short.

    Args:
        execute: Runs arrays whose rows are independent, from several threads; ``OnnxPredictor.execute``.
        max_batch: The most rows of one run; a larger job is run in pieces. ``None`` runs every job alone and
            whole, for models whose number of rows is fixed.
        max_queue: The most jobs that wait.
        deadline: Seconds that a job may take, waiting included. No more work is taken in than can be done in it.
        stoppable: Whether ``execute`` takes, after the arrays, a function that tells whether somebody still waits for
            them; for runs that last long and can end early.
        free: The inputs whose second axis is that of steps; ``None`` for all that have one.
        on_loop: Seconds of a run that is made on the event loop where it is known to take no longer; 0 for none.
    """

    def __init__(
        self,
        execute: Callable[..., Arrays],
        *,
        max_batch: int | None,
        max_queue: int,
        deadline: float,
        free: Collection[str] | None = None,
        stoppable: bool = False,
        on_loop: float = 0.0,
    ) -> None:
        self.costs = RunCosts()
        self._max_queue, self._deadline, self._free = max_queue, deadline, free
        self._short, self._long = self._lanes = tuple(
            Lane(execute, self.costs, max_batch=max_batch, niceness=niceness, stoppable=stoppable)
            for niceness in (0, BEHIND)
        )
        # The threads that are about to be woken, and on which event loop.
        self._waking: dict[Lane, asyncio.AbstractEventLoop] = {}
        self._full = max_batch or 1
        self._clock = Clock()
        self._on_loop, self._on_loop_from = on_loop, float("-inf")

    @property
    def ready(self) -> bool:
        """Whether the threads live and keep up: no run, and no job that waits, is older than the deadline."""
        return all(lane.keeps_up(self._deadline) for lane in self._lanes)

    @property
    def at_work(self) -> bool:
        """Whether a thread lives, though it may have been told to stop."""
        return any(lane.at_work for lane in self._lanes)

    def observe(self, observer: Callable[[], RunObserver]) -> None:
        """Makes somebody for each thread who is told of its runs."""
        for lane in self._lanes:
            lane.observer = observer()

    @property
    def answered_at(self) -> float:
        """When the model last gave an answer, by ``time.monotonic``."""
        return max(lane.answered_at for lane in self._lanes)

    @property
    def jobs_waiting(self) -> int:
        """How many jobs wait."""
        return len(self._short) + len(self._long)

    @property
    def seconds_waiting(self) -> float:
        """How long the jobs that are not done will take, by what is known now."""
        return sum(lane.seconds() for lane in self._lanes)

    def start(self) -> None:
        """Starts the threads, unless they run already."""
        for lane in self._lanes:
            lane.start()

    def stop(self, timeout: float | None = None) -> None:
        """Stops after the jobs that wait, or after so many seconds, by default the deadline of a job."""
        ends = time.monotonic() + (self._deadline if timeout is None else timeout)
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join(max(0.0, ends - time.monotonic()))

    def check_time(self, since: float) -> None:
        """Raises ``RequestError`` with status 504 where a request arrived too long ago to be answered in time."""
        if time.monotonic() - since > self._deadline:
            raise self._late()

    async def submit(
        self,
        inputs: Arrays,
        *,
        since: float | None = None,
        left: Callable[[], Awaitable[None]] | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs checked inputs.

        Args:
            inputs: Arrays by input name, as ``OnnxPredictor.check`` returns them.
            since: When the request arrived, by ``time.monotonic``; now by default.
            left: Waits until the client has left: rows that are not done by then are dropped.

        Returns:
            Arrays by output name.

        Raises:
            RequestError: With status 503 if too many jobs or too much work wait or the worker is down, 504 after the
                deadline, or whatever the model says to these inputs.
            LeftError: If the client has left.
        """
        job = self.begin(inputs, since=since, left=left)
        try:
            return await job.future
        finally:
            self.end(job)

    def begin(
        self,
        inputs: Arrays,
        *,
        since: float | None = None,
        left: Callable[[], Awaitable[None]] | None = None,
    ) -> Job:
        """Puts checked inputs in line, as ``submit`` does; whoever has awaited the job's future must ``end`` it."""
        loop = asyncio.get_running_loop()
        job = Job(
            inputs, loop, loop.create_future(), since, self._free, look_after=self._look_after, leaves=left
        )
        lane = self._enqueue(job)
        after = _WATCHED_AFTER if lane is self._long else _SHORT_WATCHED_AFTER
        job.when = min(job.queued_at + after, job.since + self._deadline)
        self._clock.add(job)
        return job

    def end(self, job: Job) -> None:
        """Looks after a job no more."""
        self._clock.leave_out(job)

    def _look_after(self, job: Job) -> None:
        """Ends a job that is too late; else looks whether its client leaves, and comes back when it is too late."""
        ends = job.since + self._deadline
        if time.monotonic() < ends:
            job.when = ends
            self._clock.add(job)
            if job.leaves is not None:
                _watch(job, job.leaves)
        elif not job.future.done():
            job.future.set_exception(self._late())

    async def probe(self, inputs: Arrays) -> None:
        """Runs a small input, however many jobs wait.

        Raises:
            RequestError: With status 503 if the thread is down, or whatever the model says.
        """
        loop = asyncio.get_running_loop()
        job = Job(inputs, loop, loop.create_future(), free=self._free)
        if not self._short.add(job):
            raise _restarting()
        await job.future

    def _late(self) -> RequestError:
        return RequestError(
            f"server: no answer within {self._deadline:g} s of the arrival of the request; expected less load, or a "
            "body that comes faster. Try again later.",
            status=504,
        )

    def _enqueue(self, job: Job) -> Lane:
        """Puts a job in line, and returns in which."""
        seconds = self.costs.seconds(job.rows, job.steps)
        is_short = seconds <= _SHORT_SECONDS or seconds <= self.costs.seconds(1, _SHORT_STEPS)
        lane = self._short if is_short else self._long
        refusal = self._refusal(lane, job, seconds)
        if refusal is not None:
            for each in self._lanes:  # what nobody wants makes room
                each.forget_unwanted()
            refusal = self._refusal(lane, job, seconds)
        if refusal is not None:
            raise refusal
        if not lane.add(job, wake=False):
            raise _restarting()
        if self._waking.get(lane) is not job.loop:
            self._waking[lane] = job.loop
            job.loop.call_soon(self._wake, lane, 0, 0)
        return lane

    def _wake(self, lane: Lane, before: int, rounds: int) -> None:
        """Wakes a thread once no more jobs come in a round of the event loop: to wake it costs as much as a job."""
        waiting = len(lane)
        if before < waiting < self._full and rounds < _ROUNDS:
            self._waking[lane].call_soon(self._wake, lane, waiting, rounds + 1)
            return
        loop = self._waking.pop(lane)
        if not self._run_on_loop(lane):
            lane.wake()
        elif len(lane):
            self._waking[lane] = loop
            loop.call_soon(self._wake, lane, 0, 0)

    def _run_on_loop(self, lane: Lane) -> bool:
        """Makes a short run here and now; returns whether it did. After one that was long there is none for a while."""
        began = time.monotonic()
        if lane is not self._short or began < self._on_loop_from or not lane.run_short(self._on_loop):
            return False
        ended = time.monotonic()
        if ended - began > _SLOW_SECONDS:
            self._on_loop_from = ended + _AFTER_SLOW
        return True

    def _refusal(self, lane: Lane, job: Job, seconds: float) -> RequestError | None:
        """Returns why a job that takes so many seconds cannot be taken in; ``None`` if it can be."""
        if self.jobs_waiting >= self._max_queue:
            text = f"server: {self._max_queue} requests wait already. Try again in a second."
            return RequestError(text, status=503, kind="queue")
        # A lone job is tried, and so is one of a size that was not run yet: its estimate is the worst case.
        if lane is self._short or not len(lane) or not self.costs.knows(job.rows, job.steps):
            return None
        waiting, left = lane.seconds(), job.since + self._deadline - time.monotonic()
        if waiting + seconds <= left:
            return None
        text = (
            f"server: the work that waits takes about {waiting:.0f} s, and this {seconds:.1f} s; expected at most "
            f"{left:.0f} s together. Try again later, or send fewer rows."
        )
        return RequestError(text, status=503, kind="work")


def _restarting() -> RequestError:
    text = "server: the model is restarting. Try again in a second."
    return RequestError(text, status=503, kind="restarting")


def _watch(job: Job, left: Callable[[], Awaitable[None]]) -> None:
    """Ends a job whose client leaves."""

    async def end() -> None:
        await left()
        if not job.future.done():
            job.future.set_exception(LeftError())

    task = job.loop.create_task(end())
    job.future.add_done_callback(lambda _: task.cancel())
