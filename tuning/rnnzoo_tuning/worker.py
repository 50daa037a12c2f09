"""Who runs a trial, and whether that process is no more."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Any

# States of processes that have ended, but that their parents have not asked for.
_ENDED = ("Z", "X")


def this_worker() -> dict[str, Any]:
    """Returns what tells this process from all others."""
    return {"host": _host(), "pid": os.getpid(), "born": born(os.getpid())}


def is_dead(worker: Any) -> bool:
    """Whether a worker was a process of this machine that is no more."""
    if not isinstance(worker, dict) or worker.get("host") != _host():
        return False
    try:
        os.kill(worker["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return born(worker["pid"]) != worker["born"]


def born(pid: int) -> int | None:
    """Returns when a process began, in ticks since the machine did; ``None`` if it has ended, or nobody tells."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if facts[0] in _ENDED else int(facts[19])
    except (OSError, ValueError, IndexError):
        return None


def _host() -> str:
    """Returns the name of this machine, and what tells it from others of that name and from its containers."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with contextlib.suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)
