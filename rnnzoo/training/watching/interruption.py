"""Is an error an interruption in disguise? Native code, and tracing, make others of what Ctrl-C raises within them."""

from __future__ import annotations

import threading

#: Set once a signal has come that ends the program's work, whatever error comes of it.
STOPPING = threading.Event()


def is_interruption(error: BaseException) -> bool:
    """Whether an error, or one that led to it, was an interruption, or it came after a signal that ends the work."""
    if STOPPING.is_set():
        return True
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, KeyboardInterrupt) or "KeyboardInterrupt: \nTraceback" in str(current):
            return True
        current = current.__cause__ or current.__context__
    return False
