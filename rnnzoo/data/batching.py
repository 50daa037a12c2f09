"""Which rows share a batch: rows of like length, in an order that follows from seed and epoch alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError

# Rows are sorted by length within pools of this many batches: little padding, yet every epoch mixes anew.
_POOL = 50
# Lengths are told apart to within an eighth: rows of a class are mixed, and little is padded.
_CLASSES = 8


@dataclass(frozen=True)
class BatchOrder:
    """Which rows share a batch, and in which order batches come: it follows from these values alone.

    Attributes:
        size: Rows per batch; the last may have fewer.
        tokens: Steps per batch at most, padding included, in place of ``size``; ``None`` for that.
        shuffle: Whether to mix rows and batches.
        seed: Seed of the run.
        epoch: The epoch, so that each has an order of its own.

    Example:
        >>> order = BatchOrder(2)
        >>> [batch.tolist() for batch in order.rows(np.array([3, 3, 3]))], order.count(np.array([3, 3, 3]))
        ([[0, 1], [2]], 2)
    """

    size: int
    tokens: int | None = None
    shuffle: bool = False
    seed: int = 0
    epoch: int = 0

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 1:  # only what is not plainly right is looked at closely
            checks.integer("batch_size", self.size, minimum=1)

    def rows(self, lengths: np.ndarray) -> list[np.ndarray]:
        """Returns the numbers of the rows of each batch, of rows of these ``lengths`` ``(rows,)``."""
        make, size = (batch_order, self.size) if self.tokens is None else (token_batch_order, self.tokens)
        return make(lengths, size, shuffle=self.shuffle, seed=self.seed, epoch=self.epoch)

    def count(self, lengths: np.ndarray) -> int:
        """Returns how many batches rows of these ``lengths`` ``(rows,)`` make, in any epoch."""
        return (
            -(-len(lengths) // self.size) if self.tokens is None else num_token_batches(lengths, self.tokens)
        )

    def refuse_tokens(self, data: str) -> None:
        """Refuses to cut batches by their steps where the data say what a batch is."""
        if self.tokens is not None:
            raise ArgumentError(
                f"tokens_per_batch: received {self.tokens} with {data}; expected None. Leave it out."
            )


class OrderOptions(TypedDict, total=False):
    """The fields of ``BatchOrder`` but its size, as keywords."""

    tokens: int | None
    shuffle: bool
    seed: int
    epoch: int


class DatasetOptions(TypedDict, total=False):
    """The fields of ``BatchOrder`` but its size and epoch, as keywords."""

    tokens: int | None
    shuffle: bool
    seed: int


def batch_order(
    lengths: np.ndarray, batch_size: int, *, shuffle: bool, seed: int = 0, epoch: int = 0
) -> list[np.ndarray]:
    """Returns the row numbers of each batch; every row is in exactly one.

    Args:
        lengths: Steps of each row.
        batch_size: Rows per batch; the last may have fewer.
        shuffle: Whether to mix rows and batches; rows stay in order otherwise.
        seed: Seed of the run.
        epoch: The epoch, so that each has an order of its own.

    Example:
        >>> [batch.tolist() for batch in batch_order(np.array([3, 3, 3]), 2, shuffle=False)]
        [[0, 1], [2]]
    """
    rows = np.arange(len(lengths), dtype=np.int32 if len(lengths) < 2**31 else np.int64)
    if not shuffle:
        return _cut(rows, batch_size)
    rng = np.random.default_rng([seed, epoch])
    rng.shuffle(rows)
    if np.ptp(lengths) == 0:
        return _cut(rows, batch_size)
    pools = _cut(rows, _POOL * batch_size)
    batches = [
        batch for pool in pools for batch in _cut(pool[np.argsort(lengths[pool], kind="stable")], batch_size)
    ]
    return [batches[i] for i in rng.permutation(len(batches))]


def token_batch_order(
    lengths: np.ndarray, tokens: int, *, shuffle: bool, seed: int = 0, epoch: int = 0
) -> list[np.ndarray]:
    """Returns the row numbers of batches that hold a bounded number of steps; every row is in exactly one.

    Rows are sorted by classes of length, and each batch takes as many as the bound admits. How many batches there are,
    and how long their longest class is, follows from the lengths alone, so that all epochs have as many steps; which
    rows of a class meet, and the order of the batches, is drawn for each epoch.

    Args:
        lengths: Steps of each row.
        tokens: Steps of a batch at most, padding included: its rows times the longest of them.
        shuffle: Whether to mix rows and batches; they come sorted by length otherwise.
        seed: Seed of the run.
        epoch: The epoch.

    Raises:
        ArgumentError: If a row alone is longer than the bound.

    Example:
        >>> lengths = np.array([5, 2, 2, 2, 2, 4])
        >>> [batch.tolist() for batch in token_batch_order(lengths, 8, shuffle=False)]
        [[1, 2, 3, 4], [5], [0]]
    """
    classes = _length_classes(lengths)
    if not shuffle:
        rows = np.argsort(classes, kind="stable")
        return np.split(rows, _bounds(classes[rows], tokens))
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(len(lengths))
    rows = rows[np.argsort(classes[rows], kind="stable")]
    batches = np.split(rows, _bounds(classes[rows], tokens))
    return [batches[i] for i in rng.permutation(len(batches))]


def num_token_batches(lengths: np.ndarray, tokens: int) -> int:
    """Returns how many batches ``token_batch_order`` makes, in any epoch."""
    return len(_bounds(np.sort(_length_classes(lengths)), tokens)) + 1


def _length_classes(lengths: np.ndarray) -> np.ndarray:
    """Rounds lengths up to the next eighth of a power of two, the longest to itself."""
    lengths = np.maximum(lengths, 1)
    width = np.maximum(2 ** np.floor(np.log2(lengths)).astype(int) // _CLASSES, 1)
    return np.minimum(-(-lengths // width) * width, lengths.max())


def _bounds(ascending: np.ndarray, tokens: int) -> list[int]:
    """Returns where to cut rows of these lengths so that no part has more than ``tokens`` steps."""
    if ascending[-1] > tokens:
        raise ArgumentError(
            f"tokens_per_batch: received {tokens}, and a row of {ascending[-1]} steps; expected that many at least. "
            "Raise it, or shorten the rows, as max_length does for texts."
        )
    bounds: list[int] = []
    start = 0
    while True:
        candidates = ascending[start : start + tokens // int(ascending[start])]
        start += int(np.searchsorted(np.arange(1, len(candidates) + 1) * candidates, tokens, side="right"))
        if start == len(ascending):
            return bounds
        bounds.append(start)


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
