"""Text to token ids, exactly as Keras's ``TextVectorization`` does by default.

ASCII letters are lower-cased, ASCII punctuation is removed, the rest is split at ASCII white space; id 0 is
padding, id 1 an unknown word. All other characters are left as they are.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.errors import ArgumentError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.given_rows import check_training_rows

PADDING, UNKNOWN = "", "[UNK]"

# Most texts show a word in as many characters.
_LOOKED_AT = 100

_UPPER, _LOWER = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_LOWER_CASE = bytes.maketrans(_UPPER, _LOWER)
_PUNCTUATION = string.punctuation.encode()


def split_words(text: str) -> list[bytes]:
    r"""Splits a text into words, as UTF-8.

    Example:
        >>> split_words("Don't stop, É!")
        [b'dont', b'stop', b'\xc3\x89']
    """
    return text.encode("utf-8").translate(_LOWER_CASE, _PUNCTUATION).split()


def has_words(text: str) -> bool:
    """Whether a text has a word: one that is empty, blank or of punctuation alone has none.

    Example:
        >>> has_words(" Don't"), has_words(":-) !")
        (True, False)
    """
    return bool(split_words(text[:_LOOKED_AT]) or split_words(text))


class Vocabulary:
    """Words and their ids.

    Args:
        words: The words by id: ``""`` (padding), ``"[UNK]"`` (unknown), then the known words.
    """

    def __init__(self, words: Sequence[str]) -> None:
        if list(words[:2]) != [PADDING, UNKNOWN] or len(set(words)) != len(words):
            raise ArgumentError(
                f"vocabulary: received {list(words[:2])} ... ({len(words)} words); expected '' and '[UNK]' first and "
                "no word twice. Use fit(), or TextVectorization.get_vocabulary()."
            )
        self.words = list(words)
        self._ids = {word.encode("utf-8"): number for number, word in enumerate(self.words) if number > 1}

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, words: Iterable[bytes]) -> np.ndarray:
        """Returns the ids of words, 1 for those it does not know."""
        known = self._ids
        return np.fromiter((known.get(word, 1) for word in words), np.int32)

    @classmethod
    def fit(cls, texts: Iterable[Iterable[bytes]], *, max_tokens: int) -> Vocabulary:
        """Counts words; the most frequent come first, ties in reverse byte order as in Keras."""
        return cls.of_counts(Counter(word for words in texts for word in words), max_tokens=max_tokens)

    @classmethod
    def of_counts(cls, counts: Mapping[bytes, int], *, max_tokens: int) -> Vocabulary:
        """Makes a vocabulary of the words that were counted most often, as ``fit`` does."""
        checks.integer("max_tokens", max_tokens, minimum=3, fix="Two ids mean padding and unknown.")
        known = ((word, count) for word, count in counts.items() if word != UNKNOWN.encode())
        ranked = sorted(known, key=lambda item: (item[1], item[0]), reverse=True)
        return cls([PADDING, UNKNOWN, *(word.decode("utf-8") for word, _ in ranked[: max_tokens - 2])])


class TextPreprocessing(Preprocessing):
    """Texts to token ids.

    Args:
        vocabulary: The words by id, ``""`` and ``"[UNK]"`` first.
        max_length: Words per text, at most; ``None`` for no limit.

    Example:
        >>> preprocessing = TextPreprocessing.fit(["the cat", "the dog"])
        >>> preprocessing.apply(["The bird", "cat"])["tokens"].tolist()
        [[2, 1], [4, 0]]
    """

    kind: ClassVar[str] = "text"
    takes: ClassVar[Takes] = "text"
    #: Whether punctuation marks are parts of words, rather than left out.
    keeps_punctuation: ClassVar[bool] = False

    def __init__(self, vocabulary: Sequence[str], *, max_length: int | None = None) -> None:
        self.vocabulary = Vocabulary(vocabulary)
        self.max_length = None if max_length is None else checks.integer("max_length", max_length, minimum=1)

    @classmethod
    def fit(
        cls, raw: Rows, *, max_tokens: int = MAX_TOKENS, max_length: int | None = None
    ) -> TextPreprocessing:
        """Fits the vocabulary on training texts.

        Args:
            raw: The texts.
            max_tokens: Size of the vocabulary at most, padding and unknown included.
            max_length: See the class.
        """
        check_training_rows(raw, cls.takes)
        words = [cls.words(row, number) for number, row in enumerate(raw)]
        return cls(Vocabulary.fit(words, max_tokens=max_tokens).words, max_length=max_length)

    @staticmethod
    def words(row: Any, number: int) -> list[bytes]:
        """Splits the raw row with this number into words."""
        if not isinstance(row, str):
            raise RowError(number, f"received {type(row).__name__}; expected a text. Pass strings.")
        try:
            return split_words(row)
        except UnicodeEncodeError as error:
            raise RowError(
                number,
                f"received a text with a lone surrogate ({error.reason}); expected Unicode text. "
                "Decode the source as UTF-8 first.",
            ) from error

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns texts into ids ``(time,)``; a text without a word is refused."""
        limit = self.max_length
        rows = [self.vocabulary.ids(self.words(row, number)[:limit]) for number, row in enumerate(raw)]
        refuse_empty(raw, rows, kind="text", expected="at least one word")
        return rows

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads ids to ``tokens`` int32 ``(batch, time)``."""
        return {"tokens": pad(encoded, dtype=np.int32)}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The one name."""
        return ("tokens",)

    @property
    def vocabulary_size(self) -> int:
        """The number of ids."""
        return len(self.vocabulary)

    @property
    def words_by_id(self) -> list[str]:
        """The words, ``""`` and ``"[UNK]"`` first."""
        return list(self.vocabulary.words)

    @property
    def known_words(self) -> list[str]:
        """The words without the two special ones."""
        return self.vocabulary.words[2:]

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"vocabulary_size": self.vocabulary_size}

    def to_config(self) -> dict[str, Any]:
        """Returns vocabulary and limit."""
        return {"vocabulary": self.vocabulary.words, "max_length": self.max_length}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TextPreprocessing:
        """Makes it again."""
        return cls(config["vocabulary"], max_length=config["max_length"])
