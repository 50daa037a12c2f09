"""Counting words in little memory, however many different ones there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rnnzoo import checks


class BoundedCounts(Counter[bytes]):
    """Counts of words, of which the rarest are forgotten when there are too many.

    A word that was forgotten and comes again is counted from one, so a count may be too small, by ``error`` at most,
    and no word that is missing was seen more often than that. While ``error`` is 0, all counts are right.

    Args:
        limit: How many words are kept in mind at most.

    Attributes:
        error: By how much a count may be too small.

    Example:
        >>> counts = BoundedCounts(2)
        >>> counts.add([b"a", b"a", b"b", b"c"])
        >>> dict(counts), counts.error
        ({b'a': 2}, 1)

    Reference:
        Manku & Motwani 2002, Approximate frequency counts over data streams.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = checks.integer("limit", limit, minimum=2)
        self.error = 0

    def add(self, words: Iterable[bytes]) -> None:
        """Counts the words of a text."""
        self.update(words)
        if len(self) > self._limit:
            self._forget()

    def _forget(self) -> None:
        """Forgets the rarer half, with all words as rare as the rarest that would stay."""
        threshold = sorted(self.values())[len(self) - self._limit // 2 - 1]
        for word in [word for word, count in self.items() if count <= threshold]:
            del self[word]
        self.error += threshold
