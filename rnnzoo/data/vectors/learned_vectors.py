"""Word vectors learned from texts without labels, in about a minute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.vectors.word_vectors import WordVectors, assembled
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import Preprocessing

_SPECIAL = 2  # ids 0 and 1: padding and unknown
# Contexts are smoothed so that rare ones do not seem to say much (Levy 2015).
_SMOOTHING = 0.75
_ROWS = 20_000


def learn_word_vectors(
    texts: Sequence[Any],
    preprocessing: Preprocessing,
    *,
    embedding_size: int = 200,
    window: int = 5,
    size: float = 0.3,
    seed: int = 0,
) -> WordVectors:
    """Learns vectors of a vocabulary's words from which words stand near each other in texts.

    They are the left singular vectors of the positive pointwise mutual information of words and their neighbours, each
    multiplied by the root of its singular value: what word2vec approximates, without its many passes. Labels are not
    needed, so that all texts of a field help a classifier that has few labels.

    Args:
        texts: Raw texts as ``preprocessing`` takes them; those to be classified and any others.
        preprocessing: That of the splits: ``TextPreprocessing``, or ``TokenPreprocessing`` for lists of words.
        embedding_size: Width of the vectors.
        window: Words to each side that count as neighbours, the n-th of them an n-th.
        size: Root mean square of the numbers of all vectors together.
        seed: Seed of the decomposition, and of the vectors of words that stand in no text (see ``read_word_vectors``).

    Returns:
        The matrix for ``build_classifier(embedding_weights=...)``, and which words were found.

    Raises:
        ArgumentError: If the preprocessing has no list of words.
        DataError: If the texts have too few words for vectors of this width.

    Example:
        >>> from rnnzoo import Splits
        >>> texts = ["a red car", "a blue car", "the red bus", "the blue bus"] * 12
        >>> splits = Splits.from_arrays(texts, ["car", "car", "bus", "bus"] * 12)
        >>> vectors = learn_word_vectors(splits.train.raw, splits.preprocessing, embedding_size=3)
        >>> vectors.matrix.shape, vectors.coverage
        ((8, 3), 1.0)

    Reference:
        Levy & Goldberg 2014, Neural Word Embedding as Implicit Matrix Factorization; Levy 2015, Improving
        Distributional Similarity with Lessons Learned from Word Embeddings.
    """
    from sklearn.utils.extmath import randomized_svd

    checks.integer("embedding_size", embedding_size, minimum=1)
    checks.integer("window", window, minimum=1)
    checks.number("size", size, above=0)
    checks.integer("seed", seed, minimum=0)
    words = preprocessing.words_by_id
    if words is None:
        raise ArgumentError(
            f"preprocessing: received {type(preprocessing).__name__}, which has no list of words; expected one of "
            "words, such as TextPreprocessing."
        )
    counts = _neighbours(_encoded(texts, preprocessing), len(words), window)
    seen = np.flatnonzero(np.diff(counts.indptr))
    if len(seen) <= embedding_size:
        raise DataError(
            f"texts: received {len(texts)} with {len(seen)} words that have neighbours; expected more than "
            f"embedding_size={embedding_size}. Give more texts, or a smaller embedding_size."
        )
    left, values, _ = randomized_svd(
        _positive_information(counts), embedding_size, n_iter=3, random_state=seed
    )
    vectors = left * np.sqrt(values)
    vectors *= size / np.sqrt((vectors[seen] ** 2).mean())
    rows = {int(number): vectors[number].astype(np.float32) for number in seen}
    return assembled(words, rows, np.random.default_rng(seed))


def _encoded(texts: Sequence[Any], preprocessing: Preprocessing) -> Iterable[np.ndarray]:
    for start in range(0, len(texts), _ROWS):
        try:
            yield from preprocessing.encode_rows(texts[start : start + _ROWS])
        except RowError as error:
            raise error.at(start + error.row) from error.__cause__


def _neighbours(rows: Iterable[np.ndarray], size: int, window: int) -> Any:
    """Counts how often two words are neighbours, weighted by their nearness: ``(words, words)``, sparse."""
    from scipy.sparse import coo_array, csr_array

    # Padding between texts, so that the last word of one is no neighbour of the first of the next.
    gap = np.zeros(window, np.int64)
    ids = np.concatenate([part for row in rows for part in (np.asarray(row, np.int64), gap)] or [gap])
    counts = csr_array((size, size), dtype=np.float64)
    for distance in range(1, window + 1):
        first, second = ids[:-distance], ids[distance:]
        known = (first >= _SPECIAL) & (second >= _SPECIAL)
        pairs, times = np.unique(first[known] * size + second[known], return_counts=True)
        one_way = coo_array((times / distance, np.divmod(pairs, size)), shape=(size, size)).tocsr()
        counts = counts + one_way + one_way.T
    return counts.tocsr()


def _positive_information(counts: Any) -> Any:
    """Returns ``max(0, log(p(word, context) / (p(word) p(context))))``, sparse."""
    from scipy.sparse import csr_array

    pairs = counts.tocoo()
    words = np.asarray(counts.sum(axis=1)).ravel()
    contexts = words**_SMOOTHING
    information = np.log(pairs.data * contexts.sum() / (words[pairs.row] * contexts[pairs.col]))
    kept = information > 0
    return csr_array((information[kept], (pairs.row[kept], pairs.col[kept])), shape=counts.shape)
