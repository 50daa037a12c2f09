"""Both sides of a translation: the source as the model reads it, the answer as it writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.preprocessing.base import Preprocessing, Rows
from rnnzoo.preprocessing.subwords import SubwordPreprocessing
from rnnzoo.preprocessing.text_coding import TextCoding
from rnnzoo.preprocessing.words import WordPreprocessing

#: How texts can be coded, by name.
CODINGS: dict[str, type[TextCoding]] = {"words": WordPreprocessing, "subwords": SubwordPreprocessing}


class PairPreprocessing(Preprocessing):
    """The coding of sources and of targets.

    Args:
        source: How sources are coded.
        target: How targets are coded.

    Example:
        >>> pairs = PairPreprocessing(WordPreprocessing.fit(["a dog"]), WordPreprocessing.fit(["ein Hund"]))
        >>> pairs.apply(["a dog"])["tokens"].tolist(), pairs.decode([4, 5, 3])
        ([[4, 5, 3]], 'ein hund')
    """

    kind: ClassVar[str] = "pairs"

    def __init__(self, source: TextCoding, target: TextCoding) -> None:
        self.source, self.target = source, target

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns sources into ids."""
        return self.source.encode(raw)

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads ids to ``tokens``."""
        return self.source.batch(encoded)

    def decode(self, ids: Iterable[int]) -> str:
        """Turns ids of the target into a text."""
        return self.target.decode(ids)

    def to_config(self) -> dict[str, Any]:
        """Returns both codings."""
        return {
            side: {"kind": coding.kind, "config": coding.to_config()}
            for side, coding in (("source", self.source), ("target", self.target))
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PairPreprocessing:
        """Makes it again."""
        sides = []
        for side in ("source", "target"):
            kind = CODINGS[checks.choice("coding", config[side]["kind"], CODINGS)]
            sides.append(kind.from_config(config[side]["config"]))
        source, target = sides
        assert isinstance(source, TextCoding), "codings code texts"
        assert isinstance(target, TextCoding), "codings code texts"
        return cls(source, target)
