"""Texts to ids of their characters: for language models that write letter by letter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from rnnzoo.errors import RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad, refuse_empty
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.text import PADDING, UNKNOWN, Vocabulary


class CharacterTextPreprocessing(Preprocessing):
    """Texts to one id a character; nothing is lower-cased or removed.

    Args:
        vocabulary: The characters by id, ``""`` (padding) and ``"[UNK]"`` (unknown) first.

    Example:
        >>> preprocessing = CharacterTextPreprocessing.fit(["abba"])
        >>> preprocessing.apply(["bax"])["tokens"].tolist()
        [[2, 3, 1]]
    """

    kind: ClassVar[str] = "character_text"
    takes: ClassVar[Takes] = "text"
    writes: ClassVar[Literal["words", "characters"] | None] = "characters"

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = Vocabulary(vocabulary)

    @classmethod
    def fit(cls, raw: Rows) -> CharacterTextPreprocessing:
        """Takes every character of the training texts, the most frequent first."""
        check_training_rows(raw, "text")
        counts = Counter(character for number, row in enumerate(raw) for character in _text(row, number))
        ranked = sorted(counts, key=lambda character: (counts[character], character), reverse=True)
        return cls([PADDING, UNKNOWN, *ranked])

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns texts into ids ``(time,)``."""
        rows = [
            self.vocabulary.ids(character.encode("utf-8") for character in _text(row, number))
            for number, row in enumerate(raw)
        ]
        refuse_empty(raw, rows, kind="text", expected="at least one character")
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
        """The characters, ``""`` and ``"[UNK]"`` first."""
        return list(self.vocabulary.words)

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"vocabulary_size": self.vocabulary_size}

    def to_config(self) -> dict[str, Any]:
        """Returns the vocabulary."""
        return {"vocabulary": self.vocabulary.words}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CharacterTextPreprocessing:
        """Makes it again."""
        return cls(config["vocabulary"])


def _text(row: Any, number: int) -> str:
    if not isinstance(row, str):
        raise RowError(number, f"received {type(row).__name__}; expected a text. Pass strings.")
    try:
        row.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RowError(
            number,
            f"received a text with a lone surrogate ({error.reason}); expected Unicode text. Decode the "
            "source as UTF-8 first.",
        ) from error
    return row
