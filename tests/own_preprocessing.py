"""Preprocessings of a user, as a package outside of rnnzoo has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.preprocessing import PREPROCESSINGS, Preprocessing
from rnnzoo.preprocessing.base import Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.text_coding import SPECIAL, UNKNOWN, TextCoding


class Letters(Preprocessing):
    """Texts to the numbers of their letters, from 1; all else is left out."""

    kind: ClassVar[str] = "letters"
    takes: ClassVar[Takes] = "text"

    def __init__(self, *, upper: bool = False) -> None:
        self.upper = upper

    def encode(self, raw: Rows) -> list[np.ndarray]:
        rows = [np.array([ord(letter) - 96 for letter in self._letters(row)], np.int32) for row in raw]
        refuse_empty(raw, rows, kind="text", expected="at least one letter")
        return rows

    def _letters(self, row: str) -> list[str]:
        return [letter for letter in (row.lower() if self.upper else row) if "a" <= letter <= "z"]

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return {"tokens": pad(encoded, dtype=np.int32)}

    @property
    def vocabulary_size(self) -> int:
        return 27

    @property
    def model_arguments(self) -> dict[str, Any]:
        return {"vocabulary_size": self.vocabulary_size}

    def to_config(self) -> dict[str, Any]:
        return {"upper": self.upper}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Letters:
        return cls(**config)


class Vowels(TextCoding):
    """Texts to their vowels, and back."""

    kind: ClassVar[str] = "vowels"

    @classmethod
    def fit(cls, raw: Rows, *, max_tokens: int = 8_000) -> Vowels:
        return cls()

    @property
    def vocabulary_size(self) -> int:
        return len(SPECIAL) + 5

    def text_to_ids(self, text: str) -> list[int]:
        return [4 + "aeiou".index(letter) for letter in text if letter in "aeiou"] or [UNKNOWN]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        return "".join("?" if token == UNKNOWN else "aeiou"[token - 4] for token in ids)

    def to_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Vowels:
        return cls()


PREPROCESSINGS.add("letters", Letters)
PREPROCESSINGS.add("vowels", Vowels)
