"""Ctrl-C while TensorFlow calls Python comes back as an error of another kind, and is an interruption again here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
