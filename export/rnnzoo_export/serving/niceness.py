"""How far a thread stands behind the others of its process, where the system knows that of threads."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

#: By how much what is short goes before what is long.
BEHIND = 10


def step_back(niceness: int = BEHIND) -> None:
    """Lets other threads of this process go before the one that calls it, on a processor that both need."""
    if niceness and sys.platform == "linux":  # where a thread has a niceness of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
