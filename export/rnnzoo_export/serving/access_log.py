"""One line of JSON for each request, written by a thread of its own so that no reader of the log holds up an answer."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

import orjson

# Lines that wait at most; a reader that is slower than the server loses the rest.
_MOST_WAITING = 10_000
_STDERR = 2


class AccessLog:
    """Writes entries, in order.

    Args:
        path: The file to append to; empty for stderr. It is opened again where it was renamed, as ``logrotate`` does.

    Raises:
        OSError: If the file cannot be opened.
    """

    def __init__(self, path: str = "") -> None:
        self._path = Path(path) if path else None
        self._file = self._opened()
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        #: Lines that were left out because too many waited, or could not be written.
        self.lost = 0
        self._thread = threading.Thread(target=self._work, name="rnnzoo-access-log", daemon=True)
        self._thread.start()

    def write(self, entry: dict[str, Any]) -> None:
        """Adds a line; it is left out where too many wait."""
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        with self._changed:
            if len(self._lines) >= _MOST_WAITING:
                self.lost += 1
                return
            self._lines.append(line)
            if len(self._lines) == 1:
                self._changed.notify()

    def close(self, timeout: float = 1.0) -> None:
        """Writes what waits, so many seconds at most; nothing is written after it."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._lines or self._stopped):
                    self._changed.wait()
                lines = list(self._lines)
                self._lines.clear()
            if not lines:
                if self._path is not None:
                    os.close(self._file)
                return
            try:
                self._reopen_where_renamed()
                rest = memoryview(b"".join(lines))
                while rest:
                    rest = rest[os.write(self._file, rest) :]
            except OSError:  # a full disk, or nobody who reads
                self.lost += len(lines)

    def _opened(self) -> int:
        """Returns the file; one without a buffer, whose lock a thread that hangs would keep at the end."""
        if self._path is None:
            return _STDERR
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _reopen_where_renamed(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError):  # moved away
            there, here = self._path.stat(), os.fstat(self._file)
            if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                return
        opened = self._opened()
        os.close(self._file)
        self._file = opened
