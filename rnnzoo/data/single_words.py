"""Texts that are one long word each, of which a model of words learns nothing."""

from __future__ import annotations

import warnings
from collections import Counter

from rnnzoo.preprocessing.base import Rows
from rnnzoo.preprocessing.dna import AMBIGUITY

# Fewer rows may be a toy; a few texts of several words among the others change nothing.
_FEWEST, _LEAST_SHARE = 10, 0.9
#: Letters of a word on average; shorter ones may be names and numbers of rows.
_LEAST_LETTERS = 8
_LETTERS = frozenset(AMBIGUITY)


def warn_of_single_words(rows: Rows) -> None:
    """Warns where nearly every text is a single long word that no other text has, such as DNA.

    Args:
        rows: The rows of the training part; nothing is said of what are no texts.
    """
    texts = [row.split() for row in rows if isinstance(row, str)]
    counts = Counter(words[0] for words in texts if len(words) == 1)
    alone = [word for word, count in counts.items() if count == 1]
    if len(texts) < len(rows) or len(alone) < max(_FEWEST, _LEAST_SHARE * len(texts)):
        return
    if sum(map(len, alone)) < _LEAST_LETTERS * len(alone):
        return
    if all(set(word.upper()) <= _LETTERS for word in alone):
        fix = "For DNA, pass preprocessing=rnnzoo.preprocessing.DNAPreprocessing()."
    else:
        fix = "To read them letter by letter, pass [' '.join(text) for text in inputs]."
    warnings.warn(
        f"inputs: {len(alone):,} of {len(texts):,} training texts are a single word that no other text has; expected "
        f"words that several texts share, for nothing can be learned of others. {fix}",
        stacklevel=3,
    )
