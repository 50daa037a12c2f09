"""Ctrl-C and SIGTERM end a command wherever they come.

While TensorFlow calls Python, Ctrl-C comes back as an error of another kind; while Python collects garbage, it is lost.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rnnzoo.training.watching.interruption import STOPPING, is_interruption

# Seconds after which a signal that was lost comes again: one that Python tells of, and one that libraries have caught.
_AGAIN, _UNHEARD = 0.05, 5.0


class TerminationError(BaseException):
    """SIGTERM, which ends work as Ctrl-C does."""


@contextmanager
def terminations() -> Iterator[None]:
    """Lets SIGTERM end the block as Ctrl-C does, so that it can tidy up, and neither of them be lost.

    While the block goes on nevertheless, the signal comes again every few seconds.

    Raises:
        KeyboardInterrupt: If Ctrl-C came.
        TerminationError: If SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():  # the only one that is told of signals
        yield
        return
    signals = _Signals()
    earlier = {number: signal.signal(number, signals.stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with signals.told_when_lost(), interruptions():
            yield
    except KeyboardInterrupt:
        if signals.came[:1] == [signal.SIGTERM]:
            raise TerminationError from None
        raise
    finally:
        signals.end()
        for number, handler in earlier.items():
            signal.signal(number, handler)


class _Signals:
    """The signals that came while a block ran."""

    def __init__(self) -> None:
        self.came: list[int] = []
        self._over = threading.Event()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Ends the block; the handler of the signals."""
        if not self.came:
            threading.Thread(target=self._insist, daemon=True).start()
        self.came.append(number)
        STOPPING.set()
        raise KeyboardInterrupt

    def _insist(self) -> None:
        while not self._over.wait(_UNHEARD):
            _send(self.came[0])

    @contextmanager
    def told_when_lost(self) -> Iterator[None]:
        """Lets a signal come again soon where Python tells that it could not raise what it meant."""
        tell = sys.unraisablehook

        def again(lost: Any) -> None:
            if self.came and issubclass(lost.exc_type, KeyboardInterrupt):
                threading.Timer(_AGAIN, _send, self.came[-1:]).start()
            else:
                tell(lost)

        sys.unraisablehook = again
        try:
            yield
        finally:
            sys.unraisablehook = tell

    def end(self) -> None:
        """Lets no signal come again, once the block has ended."""
        self._over.set()
        STOPPING.clear()


@contextmanager
def interruptions() -> Iterator[None]:
    """Raises ``KeyboardInterrupt`` where the block fails because of one.

    A generator or function of Python that is called by native code has no way to hand on an interruption: TensorFlow
    2.21 raises ``UnknownError`` with its name in the text, the interpreter ``SystemError`` with it as the cause.
    """
    try:
        yield
    except Exception as error:
        if is_interruption(error):
            raise KeyboardInterrupt from error
        raise


def _send(number: int) -> None:
    """Sends a signal to the thread that is told of signals, whatever it waits for."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)
