"""How long a function works on so many bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_SHARE = 0.2


class Pace:
    """Times the calls of a function, so that it is known where the next is to be made.

    Args:
        function: The function.

    Example:
        >>> pace = Pace(len)
        >>> pace(1000, "text"), pace.seconds(1000) < 1.0
        (4, True)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._unit: float | None = None

    def __call__(self, size: int, *arguments: Any) -> Any:
        """Calls the function with arguments of so many bytes, and learns from it."""
        began = time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            unit = (time.perf_counter() - began) / max(size, 1)
            self._unit = unit if self._unit is None else self._unit + _SHARE * (unit - self._unit)

    def seconds(self, size: int) -> float:
        """Returns how long a call will take; infinity as long as none was made."""
        return float("inf") if self._unit is None else self._unit * size
