"""What runs of the model have taken, and what others will take."""

from __future__ import annotations

# What a run adds to what is known, and how many times as long as that it counts at most.
_SHARE, _MOST_TIMES = 0.2, 2.0


class RunCosts:
    """Learns seconds from runs; those of sizes that were not run yet follow from the nearest smaller ones.

    A run of more rows or steps takes at most as much more time as it has more of them, so that nothing is thought
    cheaper than it is for long.

    Example:
        >>> costs = RunCosts()
        >>> costs.learn(1, 100, 0.01)
        >>> round(costs.seconds(4, 200), 3)
        0.08
        >>> costs.learn(4, 200, 0.03)
        >>> round(costs.seconds(4, 200), 3)
        0.03
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], float] = {}

    def learn(self, rows: int, steps: int, seconds: float) -> None:
        """Takes in a run; one that took far longer than those before it was held up by others, and counts less."""
        key, unit = _key(rows, steps), seconds / (rows * steps)
        earlier = self._known.get(key, unit)
        unit = min(unit, _MOST_TIMES * earlier)
        self._known[key] = earlier + _SHARE * (unit - earlier)

    def forget(self) -> None:
        """Forgets all runs."""
        self._known.clear()

    def seconds(self, rows: int, steps: int) -> float:
        """Returns how long a run will take; 0 as long as none is known."""
        wanted = _key(rows, steps)
        unit = self._known.get(wanted)
        if unit is None:
            unit = self._nearest(wanted)
        return unit * rows * steps

    def knows(self, rows: int, steps: int) -> bool:
        """Whether a run of about this size was learned."""
        return _key(rows, steps) in self._known

    def rows_within(self, seconds: float, steps: int, most: int) -> int:
        """Returns how many rows can be run in so much time, at least one."""
        rows = most
        while rows > 1 and (needed := self.seconds(rows, steps)) > seconds * (1 + 1e-9):
            rows = min(rows - 1, max(1, int(rows * seconds / needed + 1e-9)))
        return rows

    def _nearest(self, wanted: tuple[int, int]) -> float:
        known = list(self._known.items())  # another thread may learn
        if not known:
            return 0.0
        smaller = [(key, unit) for key, unit in known if key[0] <= wanted[0] and key[1] <= wanted[1]]
        if smaller:
            return max(smaller, key=lambda pair: sum(pair[0]))[1]
        return max(unit for _, unit in known)


def _key(rows: int, steps: int) -> tuple[int, int]:
    """Returns the powers of two that a size lies between."""
    return rows.bit_length(), steps.bit_length()
