"""How far an answer is from the truth, in insertions, deletions and substitutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def edit_distance(found: Sequence[Any], truth: Sequence[Any]) -> int:
    """Returns the fewest symbols to insert, delete or replace that make one sequence of the other.

    Example:
        >>> edit_distance("kitten", "sitting"), edit_distance(["a", "cat"], ["cat"])
        (3, 1)

    Reference:
        Wagner & Fischer 1974, The string-to-string correction problem.
    """
    places = np.arange(len(truth) + 1)
    distances = places
    for row, symbol in enumerate(found, start=1):
        changed = np.array([symbol != other for other in truth], int)
        reached = np.minimum(distances[1:] + 1, distances[:-1] + changed)
        # Insertions run along the row: each place is reached from the cheapest before it, one more a step.
        distances = np.minimum.accumulate(np.concatenate([[row], reached]) - places) + places
    return int(distances[-1])
