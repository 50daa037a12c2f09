"""Raw rows as people can read them in a table: the text, cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo.data.split import Batches

#: Characters of a text that are kept.
LONGEST = 300


def shown_text(row: Any) -> str | None:
    """Returns a text, or words that are joined by blanks, cut; ``None`` for what is neither.

    Example:
        >>> shown_text(["Is", "it"]), shown_text([1.5, 2.0])
        ('Is it', None)
    """
    if isinstance(row, list | tuple) and row and all(isinstance(word, str) for word in row):
        row = " ".join(row)
    if not isinstance(row, str):
        return None
    text = " ".join(row.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


@dataclass(frozen=True)
class AnsweredRows:
    """The rows of a part whose answers count.

    Attributes:
        split: The part.
        answers: How many rows were answered, those that weigh nothing among them.
        numbers: The numbers of those that count, within the part ``(rows,)``.
    """

    split: Batches
    answers: int
    numbers: np.ndarray

    @property
    def aligned(self) -> bool:
        """Whether answers are one for each row of the part, so that the first is that of the first row."""
        known = (self.split.raw, self.split.row_numbers, self.split.series)
        return all(values is None or len(values) == self.answers for values in known)


def row_number(split: Batches, row: int) -> int:
    """Returns the number that the caller knows a row of a part by, where it is known; else that within the part."""
    return row if split.row_numbers is None else int(split.row_numbers[row])


def described_rows(split: Batches, rows: Sequence[int] | np.ndarray) -> list[dict[str, Any]]:
    """Returns what is known of some rows beside their targets: ``row``, ``series``, ``text``."""
    found = []
    for row in map(int, rows):
        facts: dict[str, Any] = {"row": row_number(split, row)}
        if split.series is not None:
            facts["series"] = str(split.series[row])
        if split.raw is not None and (text := shown_text(split.raw[row])) is not None:
            facts["text"] = text
        found.append(facts)
    return found
