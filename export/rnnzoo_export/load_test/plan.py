"""How a server is asked: by how many, how often, how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError

ARRIVALS = ("poisson", "even")
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """Who asks when.

    Attributes:
        clients: Connections. Without ``rate`` each asks again as soon as it is answered (a closed loop); with it they
            are the most that may be open at once.
        rate: Requests a second, whatever the server does (an open loop); ``None`` for a closed one.
        arrivals: When requests come with ``rate``: ``"poisson"``, as those of many people who know nothing of each
            other, or ``"even"``.
        seconds: How long new requests are made.
        timeout: Seconds after which a request counts as unanswered.
    """

    clients: int = 32
    rate: float | None = None
    arrivals: str = "poisson"
    seconds: float = 10.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        checks.integer("clients", self.clients, minimum=1)
        for name in ("seconds", "timeout"):
            checks.number(name, getattr(self, name), above=0)
        if self.rate is not None:
            checks.number("rate", self.rate, above=0)
        if self.arrivals not in ARRIVALS:
            raise ArgumentError(
                f"arrivals: received {self.arrivals!r}; expected {' or '.join(ARRIVALS)}. Leave it out for poisson."
            )

    def times(self) -> np.ndarray:
        """Returns when requests are made, in seconds from the start; of one plan always the same.

        Example:
            >>> LoadPlan(rate=4, arrivals="even", seconds=1).times().tolist()
            [0.0, 0.25, 0.5, 0.75]
        """
        assert self.rate is not None
        if self.arrivals == "even":
            return np.arange(0.0, self.seconds, 1 / self.rate)
        rng = np.random.default_rng(_SEED)
        expected = self.rate * self.seconds
        gaps = rng.exponential(1 / self.rate, int(expected + 6 * expected**0.5 + 10))
        times = np.cumsum(gaps)
        return times[times < self.seconds]
