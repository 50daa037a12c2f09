"""Words that are split already, to token ids and the ids of their characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo import checks
from rnnzoo.defaults import MAX_TOKENS
from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.text import Vocabulary
from rnnzoo.preprocessing.tokens import TokenPreprocessing


class CharacterPreprocessing(TokenPreprocessing):
    """Lists of words, or texts split at white space, to token ids and character ids.

    Words are looked up in lower case, as ``TokenPreprocessing`` does; characters as they are written, for a capital
    letter or an ending tells much about a word that no training row had.

    Args:
        vocabulary: The words by id, ``""`` and ``"[UNK]"`` first.
        characters: The characters by id, likewise.
        max_length: Words per row, at most; ``None`` for no limit.
        max_word_length: Characters per word that are read, at most; those after it are left out.

    Example:
        >>> preprocessing = CharacterPreprocessing.fit([["An", "ant"]])
        >>> arrays = preprocessing.apply(["an Ant"])
        >>> arrays["tokens"].shape, arrays["characters"].shape
        ((1, 2), (1, 2, 3))
    """

    kind: ClassVar[str] = "characters"
    writes: ClassVar[Literal["words", "characters"] | None] = None

    def __init__(
        self,
        vocabulary: Sequence[str],
        characters: Sequence[str],
        *,
        max_length: int | None = None,
        max_word_length: int = 30,
    ) -> None:
        super().__init__(vocabulary, max_length=max_length)
        self.characters = Vocabulary(characters)
        self.max_word_length = checks.integer("max_word_length", max_word_length, minimum=1)

    @classmethod
    def fit(
        cls,
        raw: Rows,
        *,
        max_tokens: int = MAX_TOKENS,
        max_length: int | None = None,
        max_characters: int = 1_000,
        max_word_length: int = 30,
    ) -> CharacterPreprocessing:
        """Fits both vocabularies on training rows.

        Args:
            raw: The rows.
            max_tokens: Size of the vocabulary of words at most, padding and unknown included.
            max_length: See the class.
            max_characters: Size of the vocabulary of characters at most, likewise.
            max_word_length: See the class.
        """
        check_training_rows(raw, cls.takes)
        words = [cls.words(row, number) for number, row in enumerate(raw)]
        letters = (_letters(word) for row in raw for word in _written(row))
        return cls(
            Vocabulary.fit(words, max_tokens=max_tokens).words,
            Vocabulary.fit(letters, max_tokens=max_characters).words,
            max_length=max_length,
            max_word_length=max_word_length,
        )

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns rows into ids ``(time, 1 + characters)``: the word's, then those of its characters."""
        tokens = super().encode(raw)
        return [self._row(ids, _written(row)) for ids, row in zip(tokens, raw, strict=True)]

    def _row(self, tokens: np.ndarray, words: Sequence[str]) -> np.ndarray:
        letters = [
            self.characters.ids(_letters(word[: self.max_word_length])) for word in words[: len(tokens)]
        ]
        width = max((len(word) for word in letters), default=0)
        ids = np.zeros((len(tokens), 1 + width), np.int32)
        ids[:, 0] = tokens
        for target, word in zip(ids, letters, strict=True):
            target[1 : 1 + len(word)] = word
        return ids

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads to ``tokens`` int32 ``(batch, time)`` and ``characters`` int32 ``(batch, time, characters)``."""
        tokens = pad([row[:, 0] for row in encoded], dtype=np.int32)
        width = max(1, max((row.shape[1] - 1 for row in encoded), default=1))
        characters = np.zeros((*tokens.shape, width), np.int32)
        for target, row in zip(characters, encoded, strict=True):
            target[: len(row), : row.shape[1] - 1] = row[:, 1:]
        return {"tokens": tokens, "characters": characters}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The words and their characters."""
        return "tokens", "characters"

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {**super().model_arguments, "character_vocabulary_size": len(self.characters)}

    def to_config(self) -> dict[str, Any]:
        """Returns vocabularies and limits."""
        limits = {"max_word_length": self.max_word_length}
        return {**super().to_config(), "characters": self.characters.words, **limits}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CharacterPreprocessing:
        """Makes it again."""
        return cls(
            config["vocabulary"],
            config["characters"],
            max_length=config["max_length"],
            max_word_length=config["max_word_length"],
        )


def _written(row: Any) -> Sequence[str]:
    """Returns the words of a row, which was checked, as they are written."""
    return row.split() if isinstance(row, str) else row


def _letters(word: str) -> Iterator[bytes]:
    return (letter.encode("utf-8") for letter in word)
