"""Rows of one vocabulary put in the order of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import Preprocessing

#: Words by id, or the preprocessing that has them.
Words = Preprocessing | Sequence[str]


class WordRows:
    """Where the words of one vocabulary stand in another.

    Args:
        words_from: The words by id of what is read.
        words_to: The words by id of what is made.

    Attributes:
        new_words: Words of the second that the first does not have.

    Example:
        >>> rows = WordRows(["", "[UNK]", "film"], ["", "[UNK]", "good", "film"])
        >>> rows.moved(np.array([[0.0], [1.0], [5.0]]), axis=0)[:, 0].tolist()
        [0.0, 1.0, 2.0, 5.0]
    """

    def __init__(self, words_from: Sequence[str], words_to: Sequence[str]) -> None:
        self.sizes = len(words_from), len(words_to)
        places = {word: place for place, word in enumerate(words_from)}
        self._places = np.array([places.get(word, -1) for word in words_to])
        self.new_words = tuple(word for word in words_to if word not in places)

    @classmethod
    def of(cls, words_from: Words | None, words_to: Words | None) -> WordRows | None:
        """Returns the rows for two vocabularies, or ``None`` for two that are not given.

        Raises:
            ArgumentError: If only one is given, or one has no words.
        """
        if words_from is None and words_to is None:
            return None
        if words_from is None or words_to is None:
            given, missing = ("to", "from") if words_from is None else ("from", "to")
            raise ArgumentError(
                f"vocabulary_{missing}: received None with a vocabulary_{given}; expected the words of both models or "
                f"of none. Pass the preprocessing of model_{missing}."
            )
        return cls(_words("vocabulary_from", words_from), _words("vocabulary_to", words_to))

    def fit(self, size_from: int, size_to: int) -> bool:
        """Returns whether axes of these sizes are the vocabularies."""
        return (size_from, size_to) == self.sizes

    def moved(self, weight: np.ndarray, axis: int) -> np.ndarray:
        """Returns a weight with the rows of one axis in their new order; new words get the mean of all rows."""
        mean = weight.mean(axis=axis, keepdims=True)
        # The mean stands behind the last row, where -1 finds it.
        return np.take(np.concatenate([weight, mean], axis=axis), self._places, axis=axis)

    def __str__(self) -> str:
        new, whole = len(self.new_words), self.sizes[1]
        text = f"{whole - new:,} of {whole:,} words"
        return f"{text}; {new:,} not in the source get the mean row" if new else text


def _words(name: str, words: Words) -> list[str]:
    if isinstance(words, Preprocessing):
        by_id = words.words_by_id
        if by_id is None:
            raise ArgumentError(
                f"{name}: received {type(words).__name__}, which has no list of words; expected a preprocessing of "
                "words, or the words by id."
            )
        return by_id
    if isinstance(words, str) or len(set(words)) != len(words):
        raise ArgumentError(f"{name}: received {words!r:.60}; expected the words by id, none of them twice.")
    return list(words)
