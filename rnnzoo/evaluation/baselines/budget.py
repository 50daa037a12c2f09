"""How long the baselines of a run may take together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np

#: Fits one baseline and returns its answers, such as a model gives: logits, or values in original units.
Fit = Callable[["Budget"], np.ndarray]


class BudgetExceededError(Exception):
    """A baseline is left out; the words say why. It never leaves this package."""


class Budget:
    """Seconds that are there for fitting.

    A baseline is answered in full or left out, so that no score hangs on how fast a machine is: work that is known
    to be too much is refused before it starts, and the clock is asked between pieces of it.

    Args:
        seconds: The seconds, from now on; infinity for as many as it takes.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self._started = time.perf_counter()

    def check(self) -> None:
        """Raises ``BudgetExceededError`` when the seconds are over."""
        if self._left < 0:
            raise BudgetExceededError(f"the {self.seconds:g} s for baselines were over")

    def ask(self, seconds: float) -> None:
        """Raises ``BudgetExceededError`` if less is left than a piece that nothing can stop would take."""
        self.check()
        if seconds > self._left:
            raise BudgetExceededError(
                f"about {seconds:.0f} s of work, of {self.seconds:g} s for baselines {self._left:.0f} s were left"
            )

    @property
    def _left(self) -> float:
        return self.seconds - (time.perf_counter() - self._started)
