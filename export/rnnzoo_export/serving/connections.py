"""The connections of this process to the clients of one port."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

_MOST = 65_536
# Files, pipes and the sockets that listen; kept free so that accepting a connection never fails.
_RESERVED = 64


def most_connections() -> int:
    """Raises this process's limit of open files as far as it may, and returns how many connections that allows."""
    if resource is None:
        return _MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = _MOST if soft == resource.RLIM_INFINITY else min(soft, _MOST)
    return max(files - _RESERVED, files // 2, 1)


def cut_connections(port: int) -> int:
    """Shuts down every connection of this process to a client of its port, and returns how many there were."""
    count = 0
    for number in _open_sockets():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
            connection.getpeername()  # fails for what only listens
            if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.getsockname()[1] == port:
                connection.shutdown(socket.SHUT_RDWR)
                count += 1
    return count


def _open_sockets() -> list[int]:
    folder = Path("/dev/fd")
    numbers = [int(entry.name) for entry in folder.iterdir()] if folder.is_dir() else []
    found = []
    for number in numbers:
        with contextlib.suppress(OSError):  # closed since it was listed
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(number)
    return found
