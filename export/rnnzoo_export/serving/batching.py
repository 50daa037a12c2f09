"""Batching of concurrent requests: run at once when idle, together when busy.

While the session runs, new requests wait; when it is free again, those of one shape that wait go into one run.
So a lone request never waits for company, and a crowd shares the cost of a run.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.predictor import check_outputs

Arrays = Mapping[str, np.ndarray]
_Result = dict[str, np.ndarray] | Exception

_log = logging.getLogger("rnnzoo.serving")
_RESTART_DELAY = 0.2


@dataclass(eq=False)
class _Job:
    inputs: Arrays
    rows: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[dict[str, np.ndarray]]
    since: float = field(default_factory=time.monotonic)

    @property
    def shape(self) -> tuple[object, ...]:
        """What jobs must share to be run together."""
        return tuple((name, array.shape[1:], array.dtype.str) for name, array in self.inputs.items())

    def finish(self, result: _Result) -> None:
        """Hands the result to the waiting request, from any thread."""
        try:
            self.loop.call_soon_threadsafe(self._settle, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _log.debug("an answer came after the server had stopped")

    def _settle(self, result: _Result) -> None:
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Batcher:
    """Runs jobs on one thread of its own, so that the event loop stays free for health checks.

    Args:
        execute: Runs arrays whose rows are independent; ``OnnxPredictor.execute``.
        max_batch: The most rows of one run; a larger job is run in pieces. ``None`` runs every job alone and
            whole, for models whose number of rows is fixed.
        max_queue: The most jobs that wait.
        deadline: Seconds that a job may take, waiting included.
    """

    def __init__(
        self, execute: Callable[[Arrays], Arrays], *, max_batch: int | None, max_queue: int, deadline: float
    ) -> None:
        self._execute = execute
        self._max_batch, self._max_queue, self._deadline = max_batch, max_queue, deadline
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._running: list[_Job] = []
        self._stopped = False

    @property
    def ready(self) -> bool:
        """Whether the worker lives and keeps up: no job is older than the deadline."""
        with self._changed:
            oldest = min((job.since for job in (*self._running, *self._waiting)), default=None)
            late = oldest is not None and time.monotonic() - oldest > self._deadline
            return self._thread is not None and self._thread.is_alive() and not late

    @property
    def at_work(self) -> bool:
        """Whether the worker lives, though it may have been told to stop."""
        with self._changed:
            return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Starts the worker, unless it runs already."""
        with self._changed:
            if self._stopped or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._work, name="rnnzoo-session", daemon=True)
            self._thread.start()

    def stop(self, timeout: float | None = None) -> None:
        """Stops the worker after the jobs that wait, or after so many seconds, by default the deadline of a job."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(self._deadline if timeout is None else timeout)

    async def submit(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Runs checked inputs.

        Args:
            inputs: Arrays by input name, as ``OnnxPredictor.check`` returns them.

        Returns:
            Arrays by output name.

        Raises:
            RequestError: With status 503 if too many jobs wait or the worker is down, 504 after the deadline,
                or whatever the model says to these inputs.
        """
        loop = asyncio.get_running_loop()
        job = _Job(inputs, len(next(iter(inputs.values()))), loop, loop.create_future())
        self._enqueue(job)
        try:
            return await asyncio.wait_for(job.future, self._deadline)
        except TimeoutError as error:
            raise RequestError(
                f"server: no answer within {self._deadline:g} s; expected less load. Try again later.",
                status=504,
            ) from error

    def _enqueue(self, job: _Job) -> None:
        with self._changed:
            if self._stopped or self._thread is None or not self._thread.is_alive():
                raise RequestError("server: the model is restarting. Try again in a second.", status=503)
            if len(self._waiting) >= self._max_queue:
                # Jobs whose clients no longer wait make room first.
                self._waiting = deque(job for job in self._waiting if not job.future.done())
            if len(self._waiting) >= self._max_queue:
                raise RequestError(
                    f"server: {self._max_queue} requests wait already. Try again in a second.", status=503
                )
            self._waiting.append(job)
            self._changed.notify()

    def _work(self) -> None:
        try:
            while jobs := self._next():
                self._run(jobs)
                self._running = []
        except BaseException:  # noqa: BLE001 - whatever kills the thread, a new one must follow
            _log.exception("the session's thread died; it is started again")
            self._recover()

    def _next(self) -> list[_Job]:
        """Waits for work and takes the oldest job with all that can go with it; none means stop."""
        with self._changed:
            while True:
                self._waiting = deque(job for job in self._waiting if not job.future.done())
                if self._waiting:
                    self._running = self._take()
                    return self._running
                if self._stopped:
                    return []
                self._changed.wait()

    def _take(self) -> list[_Job]:
        first = self._waiting.popleft()
        jobs, rows, left, shape = [first], first.rows, deque[_Job](), first.shape
        for job in self._waiting:
            if rows + job.rows <= (self._max_batch or 0) and job.shape == shape:
                jobs.append(job)
                rows += job.rows
            else:
                left.append(job)
        self._waiting = left
        return jobs

    def _run(self, jobs: Sequence[_Job]) -> None:
        results: Sequence[_Result]
        try:
            results = self._together(jobs)
        except Exception as error:  # noqa: BLE001 - one request's error must not end the others
            results = [error]
            if len(jobs) > 1:
                _log.warning("a batch of %d requests failed; running them one by one", len(jobs))
                results = [self._alone(job) for job in jobs]
        for job, result in zip(jobs, results, strict=True):
            job.finish(result)

    def _together(self, jobs: Sequence[_Job]) -> list[dict[str, np.ndarray]]:
        if len(jobs) == 1:
            outputs = self._in_pieces(jobs[0].inputs, jobs[0].rows)
            check_outputs(outputs)
            return [outputs]
        inputs = {name: np.concatenate([job.inputs[name] for job in jobs]) for name in jobs[0].inputs}
        outputs = self._in_pieces(inputs, sum(job.rows for job in jobs))
        check_outputs(outputs)
        starts = np.cumsum([0, *(job.rows for job in jobs)])
        return [
            {name: array[start : start + job.rows] for name, array in outputs.items()}
            for job, start in zip(jobs, starts, strict=False)
        ]

    def _alone(self, job: _Job) -> _Result:
        try:
            return self._together([job])[0]
        except Exception as error:  # noqa: BLE001 - it is handed to its request
            return error

    def _in_pieces(self, inputs: Arrays, rows: int) -> dict[str, np.ndarray]:
        size = self._max_batch or rows
        if rows <= size:
            return dict(self._execute(inputs))
        pieces = [
            self._execute({name: array[start : start + size] for name, array in inputs.items()})
            for start in range(0, rows, size)
        ]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}

    def _recover(self) -> None:
        """Answers the jobs that were in the dying thread's hands and starts a new one a little later."""
        with self._changed:
            jobs, self._running, self._thread = self._running, [], None
        for job in jobs:
            job.finish(RequestError("server: the model failed. Try again in a second.", status=503))
        timer = threading.Timer(_RESTART_DELAY, self.start)
        timer.daemon = True
        timer.start()
