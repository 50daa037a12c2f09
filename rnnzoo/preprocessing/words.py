"""Whole words and punctuation marks as ids, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.text_coding import SPECIAL, UNKNOWN, TextCoding, checked_text

_WORDS = re.compile(r"\w+(?:['\u2019-]\w+)*|[^\w\s]")
_JOINED_LEFT, _JOINED_RIGHT = frozenset(".,!?;:)]}%\u2026"), frozenset("([{")


class WordPreprocessing(TextCoding):
    """Texts to ids of words and punctuation marks, in lower case, and back.

    The way back knows neither capitals nor where blanks stood around punctuation; rare words are lost. Subwords lose
    nothing: see ``SubwordPreprocessing``.

    Args:
        vocabulary: The words by id, ``""``, ``"[UNK]"``, ``"[START]"`` and ``"[END]"`` first.

    Example:
        >>> words = WordPreprocessing.fit(["A dog runs.", "A dog sleeps."], max_tokens=7)
        >>> words.encode(["The dog runs."])[0].tolist()
        [1, 6, 1, 4, 3]
        >>> words.decode([5, 6, 1, 4, 3])
        'a dog [UNK].'
    """

    kind: ClassVar[str] = "words"

    def __init__(self, vocabulary: Sequence[str]) -> None:
        if tuple(vocabulary[:4]) != SPECIAL or len(set(vocabulary)) != len(vocabulary):
            raise ArgumentError(
                f"vocabulary: received {list(vocabulary[:4])} ... ({len(vocabulary)} words); expected {list(SPECIAL)} "
                "first and no word twice. Use fit()."
            )
        self.vocabulary = list(vocabulary)
        self._ids = {word: number for number, word in enumerate(self.vocabulary) if number >= len(SPECIAL)}

    @classmethod
    def fit(cls, raw: Rows, *, max_tokens: int = 8_000) -> WordPreprocessing:
        """Fits the vocabulary on training texts: the most frequent words, ties in the order of the alphabet."""
        check_training_rows(raw, "text")
        checks.integer("max_tokens", max_tokens, minimum=5, fix="Four ids are taken.")
        texts = (checked_text(row, number) for number, row in enumerate(raw))
        counts = Counter(word for text in texts for word in split_words_and_marks(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls([*SPECIAL, *ranked[: max_tokens - len(SPECIAL)]])

    @property
    def vocabulary_size(self) -> int:
        """The number of ids."""
        return len(self.vocabulary)

    def text_to_ids(self, text: str) -> list[int]:
        """Returns the ids of a text; 1 for a word that is not known."""
        return [self._ids.get(word, UNKNOWN) for word in split_words_and_marks(text)]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """Joins the words by blanks, but for those around punctuation."""
        result = ""
        for word in (self.vocabulary[token] for token in ids):
            glued = not result or word in _JOINED_LEFT or result[-1] in _JOINED_RIGHT
            result += word if glued else f" {word}"
        return result

    @property
    def words_by_id(self) -> list[str]:
        """The words, the four special ones first."""
        return list(self.vocabulary)

    @property
    def known_words(self) -> list[str]:
        """The words without the four special ones."""
        return self.vocabulary[len(SPECIAL) :]

    def to_config(self) -> dict[str, Any]:
        """Returns the vocabulary."""
        return {"vocabulary": self.vocabulary}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> WordPreprocessing:
        """Makes it again."""
        return cls(config["vocabulary"])


def split_words_and_marks(text: str) -> list[str]:
    """Splits a text into words, in lower case, and single punctuation marks.

    Example:
        >>> split_words_and_marks("Don't stop, É!")
        ["don't", 'stop', ',', 'é', '!']
    """
    return _WORDS.findall(text.lower())
