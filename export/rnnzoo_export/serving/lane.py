"""A thread that runs the model: one piece of each waiting job after the other, those of one shape together."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.predictor import check_outputs
from rnnzoo_export.serving.jobs import Arrays, Job, hand_over
from rnnzoo_export.serving.niceness import INTERRUPTIONS, step_back
from rnnzoo_export.serving.run_costs import RunCosts

_log = logging.getLogger("rnnzoo.serving")
_RESTART_DELAY = 0.2
#: Seconds of a piece, after which another job has its turn; a single row is never cut.
PIECE_SECONDS = 0.1
# Rows that are not cut further: few at once take hardly longer than one.
_LEAST_ROWS = 4
# How many pieces of jobs of one shape go into one run at most.
_JOINED = 4
# How many jobs of other shapes are passed over at most to fill a run.
_LOOKED_AT = 64

# A job with so many of its next rows.
_Share = tuple[Job, int]


class RunObserver(Protocol):
    """What is told of runs, by the thread that makes them."""

    def waited(self, seconds: float) -> None:
        """Takes in how long a job has waited for its first run."""

    def ran(self, rows: int, seconds: float) -> None:
        """Takes in a run."""


class Lane:
    """Runs jobs on one thread of its own, or, where that is short, on the thread of who asks for it.

    Args:
        execute: Runs arrays whose rows are independent.
        costs: What runs take; it learns from each.
        max_batch: The most rows of one run; ``None`` runs every job alone and whole.
        niceness: By how much other threads of this process go before it, where the system knows that of threads.
        stoppable: Whether ``execute`` takes a function besides, which tells whether somebody still waits.

    Attributes:
        observer: What is told of runs; ``None`` for nobody.
        answered_at: When a run last gave answers, by ``time.monotonic``.
    """

    def __init__(
        self,
        execute: Callable[..., Arrays],
        costs: RunCosts,
        *,
        max_batch: int | None,
        niceness: int = 0,
        stoppable: bool = False,
    ) -> None:
        self.observer: RunObserver | None = None
        self.answered_at = float("-inf")
        self._execute, self._costs, self._max_batch = execute, costs, max_batch
        self._niceness, self._stoppable = niceness, stoppable
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._began: float | None = None
        # Whether it is another thread that makes the run.
        self._is_lent = False

    # What others ask

    @property
    def at_work(self) -> bool:
        """Whether the thread lives, though it may have been told to stop."""
        with self._changed:
            return self._lives()

    def keeps_up(self, seconds: float) -> bool:
        """Whether it lives, no run has lasted so long, and no job that is wanted has waited so long."""
        now = time.monotonic()
        with self._changed:
            since = [job.since for job in self._waiting if job.is_wanted]
            since += [] if self._began is None else [self._began]
            return self._lives() and now - min(since, default=now) <= seconds

    def __len__(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def forget_unwanted(self) -> None:
        """Drops the jobs that wait and that nobody wants."""
        with self._changed:
            self._waiting = deque(job for job in self._waiting if job.is_wanted)

    def seconds(self) -> float:
        """Returns how long the jobs that are not done will take at most, by what is known now."""
        with self._changed:
            jobs = [job for job in (*self._running, *self._waiting) if job.is_wanted]
        return sum(self._costs.seconds(job.left, job.steps) for job in jobs if job.left > 0)

    # What others tell it

    def start(self) -> None:
        """Starts the thread, unless it runs already."""
        with self._changed:
            if self._stopped or self._lives():
                return
            thread = threading.Thread(target=self._work, name="rnnzoo-session", daemon=True)
            thread.start()  # which takes what waits once this has let go
            self._thread = thread

    def stop(self) -> None:
        """Lets the thread end after the jobs that wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout: float) -> None:
        """Waits for the end of the thread, so many seconds at most."""
        if self._thread is not None:
            self._thread.join(timeout)

    def add(self, job: Job, *, wake: bool = True) -> bool:
        """Puts a job in line; returns ``False`` where the thread is dead, or was told to stop.

        Args:
            job: The job.
            wake: Whether the thread is woken if it waits for work; else that is for ``wake`` to do.
        """
        with self._changed:
            if self._stopped or self._thread is None:
                return False
            self._waiting.append(job)
            if wake:
                self._changed.notify()
            return True

    def wake(self) -> None:
        """Wakes the thread, if it waits for work."""
        with self._changed:
            self._changed.notify()

    def run_short(self, seconds: float) -> bool:
        """Makes the next run on the thread of the caller, where it is known to take no longer than so long.

        Returns:
            Whether it did; if not, the thread must be woken.
        """
        with self._changed:
            if self._running or not self._is_short(seconds):
                return False
            shares = self._take()
            if not shares:
                return True
            self._running, self._began = [job for job, _ in shares], time.monotonic()
            self._is_lent = True
        try:
            self._run(shares)
        finally:
            self._give_back(shares)
        return True

    def _is_short(self, seconds: float) -> bool:
        """Whether the next run is known to take at most so long."""
        waiting = [job for job in itertools.islice(self._waiting, _LOOKED_AT) if job.is_wanted]
        if not waiting:
            return True
        first = waiting[0]
        rows, steps = first.left, first.steps
        if self._max_batch is not None:
            rows = min(self._max_batch, sum(job.left for job in waiting if job.shape == first.shape))
        # What a thread measures while others have the processor is too much; many rows take no longer than one by one.
        one_by_one = self._costs.seconds(first.left, steps) * rows / first.left
        together = min(one_by_one, self._costs.seconds(rows, steps))
        return self._costs.knows(first.left, steps) and together <= seconds

    # The thread

    def _lives(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        step_back(self._niceness)
        try:
            while shares := self._next():
                with INTERRUPTIONS.allowed() if self._niceness else contextlib.nullcontext():
                    self._run(shares)
                self._give_back(shares)
        except BaseException:  # noqa: BLE001 - whatever kills the thread, a new one must follow
            _log.exception("the session's thread died; it is started again")
            self._recover()

    def _next(self) -> list[_Share]:
        """Waits for work and takes the next piece of the first job with all that can go with it; none means stop."""
        with self._changed:
            while True:
                if not self._is_lent:
                    if shares := self._take():
                        self._running, self._began = [job for job, _ in shares], time.monotonic()
                        return shares
                    if self._stopped:
                        return []
                self._changed.wait()

    def _take(self) -> list[_Share]:
        first = self._pop()
        if first is None:
            return []
        if self._max_batch is None:
            return [(first, first.rows)]
        most = max(self._costs.rows_within(PIECE_SECONDS, first.steps, self._max_batch), _LEAST_ROWS)
        shares, others = [(first, min(first.left, most, self._max_batch))], list[Job]()
        # What joins makes a run longer, by less than it would take alone.
        room = min(self._max_batch, _JOINED * most) - shares[0][1]
        while room > 0 and len(others) < _LOOKED_AT and (job := self._pop()) is not None:
            if job.left <= min(most, room) and job.shape == first.shape:
                shares.append((job, job.left))
                room -= job.left
            else:
                others.append(job)
        self._waiting.extendleft(reversed(others))
        return shares

    def _pop(self) -> Job | None:
        """Takes the first job that somebody waits for."""
        while self._waiting:
            job = self._waiting.popleft()
            if job.is_wanted:
                return job
        return None

    def _give_back(self, shares: Sequence[_Share]) -> None:
        """Puts those that are not done at the end of the line."""
        with self._changed:
            self._running, self._began, self._is_lent = [], None, False
            self._waiting.extend(job for job, _ in shares if job.is_wanted)
            if self._stopped:
                self._changed.notify_all()

    def _begin(self, shares: Sequence[_Share]) -> None:
        now = time.monotonic()
        for job, _ in shares:
            if job.begun_at is None:
                job.begun_at = now
                if self.observer is not None:
                    self.observer.waited(now - job.queued_at)

    def _run(self, shares: Sequence[_Share]) -> None:
        self._begin(shares)
        try:
            self._together(shares)
        except Exception as error:  # noqa: BLE001 - one request's error must not end the others
            if len(shares) == 1:
                shares[0][0].finish(error)
            if len(shares) == 1 or not _wanted(shares):
                return
            _log.warning("a batch of %d requests failed; running them one by one", len(shares))
            for share in shares:
                if not share[0].is_wanted:
                    continue
                try:
                    self._together([share])
                except Exception as own:  # noqa: BLE001 - it is handed to its request
                    share[0].finish(own)

    def _together(self, shares: Sequence[_Share]) -> None:
        pieces = [job.next_rows(rows) for job, rows in shares]
        inputs = pieces[0]
        if len(pieces) > 1:
            inputs = {name: np.concatenate([piece[name] for piece in pieces]) for name in inputs}
        rows = sum(count for _, count in shares)
        began = time.perf_counter()
        watch = (lambda: _wanted(shares),) if self._stoppable else ()
        outputs = self._execute(inputs, *watch)
        seconds = time.perf_counter() - began
        self._costs.learn(rows, shares[0][0].steps, seconds)
        if self.observer is not None:
            self.observer.ran(rows, seconds)
        check_outputs(outputs)
        self.answered_at = time.monotonic()
        start, done = 0, list[Job]()
        for job, count in shares:
            own = outputs
            if len(shares) > 1:
                own = {name: array[start : start + count] for name, array in outputs.items()}
            if job.take(own, count):
                done.append(job)
            start += count
        hand_over(done)

    def _recover(self) -> None:
        """Answers the jobs that were in the dying thread's hands and starts a new one a little later."""
        with self._changed:
            jobs, self._running, self._thread, self._began = self._running, [], None, None
        for job in jobs:
            job.finish(
                RequestError(
                    "server: the model failed. Try again in a second.", status=503, kind="restarting"
                )
            )
        timer = threading.Timer(_RESTART_DELAY, self.start)
        timer.daemon = True
        timer.start()


def _wanted(shares: Sequence[_Share]) -> bool:
    return any(job.is_wanted for job, _ in shares)
