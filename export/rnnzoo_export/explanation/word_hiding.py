"""Texts and sentences whose words are hidden."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.characters import CharacterPreprocessing
from rnnzoo.preprocessing.text import TextPreprocessing, has_words
from rnnzoo_export.explanation.explanation import ExamplePart
from rnnzoo_export.explanation.variants import Hiding, Inputs, Variant, groups
from rnnzoo_export.inference.predictor import OnnxPredictor

#: The id of words that are not known, and how a vocabulary writes it.
_UNKNOWN, _UNKNOWN_WORD = 1, "[UNK]"
# What bytes.split() takes for white space.
_PIECES = re.compile(r"[^ \t\n\r\x0b\f]+")


class WordHiding:
    """Texts and sentences: words are left out, or become the unknown one where each has to keep its place."""

    def __init__(
        self, predictor: OnnxPredictor, example: Any, encoded: np.ndarray, inputs: Inputs, tags: bool
    ) -> None:
        self._predictor, self._encoded, self._inputs, self._tags = predictor, encoded, inputs, tags
        self._preprocessing = predictor.bundle.preprocessing
        self._words = words_of(self._preprocessing, example, encoded)

    def hide(self, width: int | None) -> Hiding:
        """Hides the parts one by one; see ``hide_parts``."""
        cut = groups(len(self._encoded), "words", width)
        name = next(iter(self._inputs))
        least = self._predictor.signature.least_steps
        free = all(spec.shape[1:2] in ((), (None,)) for spec in self._predictor.signature.inputs)
        fewest = len(self._encoded) - max((end - first for first, end in cut), default=0)
        leave_out = not self._tags and free and fewest >= least
        how = "each word left out" if leave_out else "each word replaced by the unknown one"
        variants = []
        for first, end in cut:
            part = ExamplePart("words", " ".join(self._words[first:end]), name, first, end)
            row = (
                np.delete(self._encoded, slice(first, end), axis=0)
                if leave_out
                else self._unknown(first, end)
            )
            variants.append(Variant(part, partial(self._predictor.collate, [row]), len(row)))
        return Hiding(self._inputs, len(self._encoded), how, variants, words=self._words)

    def _unknown(self, first: int, end: int) -> np.ndarray:
        known = getattr(self._preprocessing, "words_by_id", None) or []
        if known[_UNKNOWN : _UNKNOWN + 1] != [_UNKNOWN_WORD]:
            raise ArgumentError(
                f"example: received {len(self._encoded)} words for {type(self._preprocessing).__name__}, which has no "
                "id of unknown words to put in the place of one; expected two words or more, and a model that answers "
                "the whole. Give a longer example."
            )
        row = np.array(self._encoded)
        row[first:end] = 0
        if row.ndim == 1:
            row[first:end] = _UNKNOWN
        elif isinstance(self._preprocessing, CharacterPreprocessing):
            row[first:end, :2] = _UNKNOWN  # the word, and its only character
        return row


def words_of(preprocessing: Preprocessing | None, example: Any, encoded: np.ndarray) -> list[str]:
    """Returns the words of an example as they are written, one for each step.

    Example:
        >>> preprocessing = TextPreprocessing(["", "[UNK]", "dont", "stop"])
        >>> words_of(preprocessing, "Don't - stop!", preprocessing.encode(["Don't - stop!"])[0])
        ["Don't", 'stop!']
    """
    if isinstance(preprocessing, TextPreprocessing):
        if not isinstance(example, str):
            return list(example)[: len(encoded)]
        if preprocessing.keeps_punctuation:
            return example.split()[: len(encoded)]
        return [piece for piece in _PIECES.findall(example) if has_words(piece)][: len(encoded)]
    known = (preprocessing.words_by_id if preprocessing is not None else None) or []
    ids = encoded if encoded.ndim == 1 else encoded[:, 0]
    return [known[number] if 0 <= number < len(known) else f"id {number}" for number in ids.tolist()]
