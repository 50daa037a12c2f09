"""Rows that are copies of each other."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from rnnzoo.preprocessing.base import Rows

# Fewer than that change a score by less than its own error, and a toy may hold a few.
_FEWEST, _LEAST_SHARE = 10, 0.05


def series_key(row: np.ndarray) -> bytes:
    """Returns what equal series have in common."""
    return np.ascontiguousarray(row).tobytes()


def text_key(row: str | Sequence[str]) -> str:
    """Returns what texts of the same words have in common, whatever the blanks between them."""
    return " ".join(row.split() if isinstance(row, str) else row)


def count_shared(keys: Iterable[Hashable], others: Iterable[Hashable]) -> int:
    """Returns how many of the others are among the keys."""
    known = set(keys)
    return sum(key in known for key in others)


def warn_of_copies(rows: Rows, held_out: Rows, part: str) -> None:
    """Warns where many texts of a part that was split off are in the training part too.

    Args:
        rows: The rows of the training part; nothing is said of what are no texts.
        held_out: Those of the other part.
        part: Its name.
    """
    if not isinstance(rows[0], str):
        return
    copies = count_shared(map(text_key, rows), map(text_key, held_out))
    if copies >= max(_FEWEST, _LEAST_SHARE * len(held_out)):
        warnings.warn(
            f"{part}: {copies:,} of {len(held_out):,} texts are in the training part too; expected new ones, for what "
            "has been learned by heart is no test. Drop the copies, or keep them in one part: split with "
            "rnnzoo.data.groups.split_groups, or read the file with read_texts(from_disk=True).",
            stacklevel=3,
        )
