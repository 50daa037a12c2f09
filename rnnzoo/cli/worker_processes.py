"""`rnnzoo tune --workers N`: further processes of this machine, which run trials of the search of the first one."""

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Annotated

from rnnzoo.cli.full_help import search_option
from rnnzoo.cli.output import note, shell_path

#: Tells a process that it is such a worker. It ends when its standard input does, however the first one ended.
_MARK = "RNNZOO_SEARCH_WORKER"
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
# Seconds that a worker has to leave its trial to others.
_PATIENCE = 10.0

Workers = Annotated[
    int | None,
    search_option("Processes of this machine that share its cores. [1]", metavar="N", show_default=False),
]


def is_worker() -> bool:
    """Whether this process only runs trials for another one, which it does not outlive."""
    return _MARK in os.environ


def share_cores(workers: int) -> None:
    """Gives each worker its share of the cores, and of a GPU what it needs, before TensorFlow starts.

    What the user has set is left. A worker of another process is made to end with that.
    """
    if is_worker():
        Thread(target=_wait_for_end, daemon=True).start()
    if workers == 1:
        return
    threads = max(1, _cores() // workers)
    for name in _THREADS:
        os.environ.setdefault(name, str(threads))
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def _wait_for_end() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing is written: it returns when the first process has closed it
    _thread.interrupt_main()
    time.sleep(_PATIENCE)
    os._exit(130)


class WorkerProcesses:
    """The other workers of a search.

    Args:
        arguments: Those of the command.
        directory: That of the search, where each has a log.
        count: How many there are with this one.
    """

    def __init__(self, arguments: Sequence[str], directory: Path, count: int) -> None:
        self._arguments, self._directory, self._count = list(arguments), directory, count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._watchers: list[Thread] = []
        self._over = False

    def start(self) -> None:
        """Starts them, once the search has begun."""
        for number in range(2, self._count + 1):
            log = self._directory / f"worker-{number}.log"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "rnnzoo", *self._arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=file,
                    env={**os.environ, _MARK: str(number)},
                    start_new_session=True,  # Ctrl-C is for the first one, which tells the others
                )
            self._processes.append(process)
            watcher = Thread(target=self._watch, args=(number, process, log), daemon=True)
            watcher.start()
            self._watchers.append(watcher)

    def _watch(self, number: int, process: subprocess.Popen[bytes], log: Path) -> None:
        status = process.wait()
        if status and not self._over:
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            note(f"worker {number} {how}: the others go on with its trial; its log is {shell_path(log)}")

    def stop(self) -> None:
        """Ends those that still run."""
        self._over = True
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        try:
            for watcher in self._watchers:
                watcher.join(2 * _PATIENCE)
        finally:  # also where Ctrl-C comes again
            for process in self._processes:
                process.kill()


@contextmanager
def worker_processes(arguments: Sequence[str], directory: Path, count: int) -> Iterator[WorkerProcesses]:
    """Yields the other workers of a search, which end with the block at the latest."""
    workers = WorkerProcesses(arguments, directory, count)
    try:
        yield workers
    finally:
        workers.stop()


def _cores() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
