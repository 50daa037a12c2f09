"""The baseline of every recurrent language model: counts of short sequences, smoothed by Kneser and Ney."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import DataError


class KneserNey:
    """Probabilities of the next token from the few before it, interpolated over all shorter pasts.

    The longest past is counted as it is; a shorter one by how many different tokens it was seen after, so that a
    token that follows one other alone (``Francisco``) is not expected everywhere. Each order gives up one discount,
    ``n1 / (n1 + 2 n2)`` of the numbers of sequences counted once and twice, to the next shorter; the shortest to all
    tokens alike.

    Args:
        ids: The training tokens in order, ids from 1 on: id 0 is padding, which never comes.
        vocabulary_size: Number of ids, padding included.
        order: Tokens in the longest sequence counted: 2 for bigrams, 3 for trigrams.

    Raises:
        ArgumentError: If ``order`` or ``vocabulary_size`` is out of range.
        DataError: If there are too few tokens, or one is not in the vocabulary.

    Example:
        >>> model = KneserNey(np.array([1, 2, 1, 3, 1, 2]), vocabulary_size=4, order=2)
        >>> model.log_probabilities(np.array([1, 2])).round(2).tolist()
        [-0.57]

    Reference:
        Kneser & Ney 1995, Improved backing-off for m-gram language modeling; interpolated as in Chen & Goodman 1999.
    """

    def __init__(self, ids: np.ndarray, *, vocabulary_size: int, order: int) -> None:
        self.order = checks.integer("order", order, minimum=1)
        self._size = checks.integer("vocabulary_size", vocabulary_size, minimum=2)
        ids = self._checked(ids, minimum=self.order)
        self._levels = _count(ids, self._size, self.order)

    def log_probabilities(self, ids: np.ndarray) -> np.ndarray:
        """Returns the natural logarithm of the probability of each token but the first, given those before it.

        Args:
            ids: Tokens in order.

        Returns:
            ``(tokens - 1,)``.

        Raises:
            DataError: If there are too few tokens, or one is not in the vocabulary.
        """
        ids = self._checked(ids, minimum=2)
        shares = np.full(len(ids), 1.0 / (self._size - 1))
        for level, table in enumerate(self._levels, start=1):
            context, sequence = self._look_up(ids, level)
            shares = table.share(context, sequence, shares)
        return np.asarray(np.log(shares[1:]))

    def _look_up(self, ids: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the numbers of the ``level - 1`` tokens before each place, and with its own; -1 if unseen."""
        context = np.zeros(len(ids), np.int64)
        found = context
        for length in range(1, level + 1):
            # The sequence that ends ``level - length`` tokens before each place.
            context = found
            found = self._levels[length - 1].find(context, _shifted(ids, level - length))
        return context, found

    def _checked(self, ids: np.ndarray, *, minimum: int) -> np.ndarray:
        ids = np.asarray(ids)
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or len(ids) < minimum:
            raise DataError(
                f"ids: received {ids.dtype} of shape {ids.shape}; expected whole numbers, at least {minimum} in a row."
            )
        if ids.min() < 1 or ids.max() >= self._size:
            raise DataError(
                f"ids: received {ids.min()} to {ids.max()}; expected 1 to {self._size - 1}. Encode the text with the "
                "vocabulary of the training part."
            )
        return ids.astype(np.int64)


@dataclass(frozen=True)
class _Table:
    """The sequences of one length: each is the number of the sequence without its last token, and that token.

    Attributes:
        size: Number of ids.
        keys: ``context * size + token`` of each sequence, in order.
        counts: How often it counts.
        totals: The counts of each context together.
        discount: What is taken from each count.
        kinds: How many sequences of each context count at all.
    """

    size: int
    keys: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    discount: float
    kinds: np.ndarray

    def find(self, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Returns the numbers of sequences, -1 for those that were not seen (a token of -1 is not there)."""
        wanted = contexts * self.size + tokens
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        seen = (contexts >= 0) & (tokens >= 0) & (self.keys[places] == wanted)
        return np.where(seen, places, -1)

    def share(self, contexts: np.ndarray, sequences: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Returns the shares of tokens after their contexts; ``shorter`` are those after shorter contexts."""
        total = np.where(contexts >= 0, self.totals[contexts], 0)
        count = np.where(sequences >= 0, self.counts[sequences], 0)
        left = self.discount * self.kinds[contexts]
        known = total > 0
        safe = np.where(known, total, 1)
        share = (np.maximum(count - self.discount, 0.0) + left * shorter) / safe
        return np.where(known, share, shorter)


def _count(ids: np.ndarray, size: int, order: int) -> list[_Table]:
    found = np.zeros(
        len(ids), np.int64
    )  # the number of the sequence that ends at each place; the empty one is 0
    ends, keys = [found], list[np.ndarray]()
    for _ in range(order):
        before = np.concatenate([[-1 if keys else 0], found[:-1]])
        valid = before >= 0
        table, places = np.unique(before[valid] * size + ids[valid], return_inverse=True)
        found = np.full(len(ids), -1, np.int64)
        found[valid] = places
        keys.append(table)
        ends.append(found)
    tables = []
    for level in range(1, order + 1):
        if level == order:
            counts = np.bincount(ends[level][ends[level] >= 0], minlength=len(keys[level - 1]))
        else:
            # One place for each longer sequence: how many different tokens come before.
            _, first = np.unique(ends[level + 1], return_index=True)
            first = first[ends[level + 1][first] >= 0]
            counts = np.bincount(ends[level][first], minlength=len(keys[level - 1]))
        tables.append(_table(size, keys[level - 1], counts, 1 if level == 1 else len(keys[level - 2])))
    return tables


def _table(size: int, keys: np.ndarray, counts: np.ndarray, num_contexts: int) -> _Table:
    once, twice = (counts == 1).sum(), (counts == 2).sum()
    # Without a sequence seen once there is nothing to estimate from; half a count is the middle of the range.
    discount = float(once / (once + 2 * twice)) if once else 0.5
    context = keys // size
    return _Table(
        size=size,
        keys=keys,
        counts=counts,
        totals=np.bincount(context, weights=counts, minlength=num_contexts),
        # A discount of 1 would leave nothing to what was seen once.
        discount=min(discount, 0.95),
        kinds=np.bincount(context, weights=counts > 0, minlength=num_contexts),
    )


def _shifted(ids: np.ndarray, steps: int) -> np.ndarray:
    """Returns the token so many steps before each place, -1 where there is none."""
    if steps == 0:
        return ids
    return np.concatenate([np.full(min(steps, len(ids)), -1), ids[:-steps]])[: len(ids)]
