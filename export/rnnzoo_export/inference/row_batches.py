"""Which rows are run together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized


def rows_by_length(rows: Sequence[Sized], batch_size: int) -> Iterator[list[int]]:
    """Yields the numbers of rows to run together: those of similar length, the shortest first.

    Example:
        >>> list(rows_by_length(["long", "a", "ab"], 2))
        [[1, 2], [0]]
    """
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for first in range(0, len(order), batch_size):
        yield order[first : first + batch_size]
