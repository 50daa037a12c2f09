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

# Seconds after which a signal that was lost comes again.
_AGAIN = 0.05


class TerminationError(BaseException):
    """SIGTERM, which ends work as Ctrl-C does."""


@contextmanager
def terminations() -> Iterator[None]:
    """Lets SIGTERM end the block as Ctrl-C does, so that it can tidy up, and neither of them be lost.

    Raises:
        KeyboardInterrupt: If Ctrl-C came.
        TerminationError: If SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():  # the only one that is told of signals
        yield
        return
    came: list[int] = []
    tell = sys.unraisablehook

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def again(lost: Any) -> None:
        if came and issubclass(lost.exc_type, KeyboardInterrupt):
            threading.Timer(_AGAIN, _send, came[-1:]).start()
        else:
            tell(lost)

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.unraisablehook = again
    try:
        with interruptions():
            yield
    except KeyboardInterrupt:
        if signal.SIGTERM in came:
            raise TerminationError from None
        raise
    finally:
        sys.unraisablehook = tell
        for number, handler in earlier.items():
            signal.signal(number, handler)


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


def is_interruption(error: BaseException) -> bool:
    """Whether an error, or one that led to it, was an interruption."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, KeyboardInterrupt) or "KeyboardInterrupt: \nTraceback" in str(current):
            return True
        current = current.__cause__ or current.__context__
    return False
