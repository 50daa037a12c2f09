"""How the threads of this process stand to each other on a processor that they share."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

#: By how much what is short goes before what is long.
BEHIND = 10


def step_back(niceness: int = BEHIND) -> None:
    """Lets other threads of this process go before the one that calls it, on a processor that both need."""
    if niceness and sys.platform == "linux":  # where a thread has a niceness of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


class Interruptions:
    """Whether a thread that is woken may interrupt the one that runs.

    Each answer wakes the thread that sends it. Where all threads share one processor it would take over at once, and
    give back as soon as it has sent that one; so it waits there, but while something long runs, which must not hold up
    what is short.
    """

    def __init__(self) -> None:
        self._lock, self._long_runs = threading.Lock(), 0
        self._are_few = False

    @contextlib.contextmanager
    def few(self) -> Iterator[None]:
        """Lets woken threads wait as long as the context lasts.

        That is done where all share one processor, the system can do it, and nobody has set another policy.
        """
        with self._lock:
            self._are_few = _share_one_processor()
            self._apply()
        try:
            yield
        finally:
            with self._lock:
                self._apply(few=False)
                self._are_few = False

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """Lets woken threads interrupt as long as the context lasts."""
        with self._lock:
            self._long_runs += 1
            self._apply()
        try:
            yield
        finally:
            with self._lock:
                self._long_runs -= 1
                self._apply()

    def _apply(self, *, few: bool = True) -> None:
        if not self._are_few or sys.platform != "linux":
            return
        policy = os.SCHED_BATCH if few and not self._long_runs else os.SCHED_OTHER
        for thread in _threads():
            with contextlib.suppress(OSError):  # it has ended, or a sandbox forbids it
                if os.sched_getscheduler(thread) in (os.SCHED_OTHER, os.SCHED_BATCH):
                    os.sched_setscheduler(thread, policy, os.sched_param(0))


def _share_one_processor() -> bool:
    """Whether all threads have one processor, which they share as the system does it by default."""
    if sys.platform != "linux":
        return False
    return len(os.sched_getaffinity(0)) == 1 and os.sched_getscheduler(0) == os.SCHED_OTHER


def _threads() -> list[int]:
    """Returns the numbers of all threads, as far as the system tells them."""
    try:
        return [int(thread.name) for thread in Path("/proc/self/task").iterdir()]
    except OSError:
        return []


#: Those of this process.
INTERRUPTIONS = Interruptions()
