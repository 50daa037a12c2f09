"""Both sides of a translation: the source as the model reads it, the answer as it writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.extensions import check_registered, describe_class
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes
from rnnzoo.preprocessing.subwords import SubwordPreprocessing
from rnnzoo.preprocessing.text_coding import TextCoding
from rnnzoo.preprocessing.words import WordPreprocessing
from rnnzoo.registry import Registry

#: How texts can be coded, by name; a ``TextCoding`` that is registered as a preprocessing joins them.
CODINGS: Registry[type[TextCoding]] = Registry(
    "coding", {"words": WordPreprocessing, "subwords": SubwordPreprocessing}
)


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
    takes: ClassVar[Takes] = "text"

    def __init__(self, source: TextCoding, target: TextCoding) -> None:
        self.source, self.target = source, target

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns sources into ids."""
        return self.source.encode(raw)

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads ids to ``tokens``."""
        return self.source.batch(encoded)

    @property
    def input_names(self) -> tuple[str, ...] | None:
        """Those of the source."""
        return self.source.input_names

    def decode(self, ids: Iterable[int]) -> str:
        """Turns ids of the target into a text."""
        return self.target.decode(ids)

    @property
    def known_words(self) -> list[str] | None:
        """Those of the source."""
        return self.source.known_words

    @property
    def has_unknown_id(self) -> bool:
        """That of the source."""
        return self.source.has_unknown_id

    @property
    def parts(self) -> tuple[Preprocessing, ...]:
        """Both codings."""
        return self.source, self.target

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The number of ids of both sides."""
        return {
            "source_vocabulary_size": self.source.vocabulary_size,
            "target_vocabulary_size": self.target.vocabulary_size,
        }

    def to_config(self) -> dict[str, Any]:
        """Returns both codings."""
        return {"source": _store(self.source), "target": _store(self.target)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PairPreprocessing:
        """Makes it again."""
        return cls(_load(config["source"], "source"), _load(config["target"], "target"))


def _store(coding: TextCoding) -> dict[str, Any]:
    facts = describe_class(type(coding)) if CODINGS.is_own(coding.kind) else {}
    return {"kind": coding.kind, **facts, "config": coding.to_config()}


def _load(stored: Mapping[str, Any], side: str) -> TextCoding:
    check_registered(side, "preprocessing", stored["kind"], stored, CODINGS)
    return CODINGS.find(stored["kind"]).from_config(stored["config"])
