"""Which rows share a batch: rows of like length, in an order that follows from seed and epoch alone."""

from __future__ import annotations

import numpy as np

# Rows are sorted by length within pools of this many batches: little padding, yet every epoch mixes anew.
_POOL = 50


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
    rows = np.arange(len(lengths))
    if not shuffle:
        return _cut(rows, batch_size)
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(rows)
    if np.ptp(lengths) == 0:
        return _cut(rows, batch_size)
    pools = _cut(rows, _POOL * batch_size)
    batches = [
        batch for pool in pools for batch in _cut(pool[np.argsort(lengths[pool], kind="stable")], batch_size)
    ]
    return [batches[i] for i in rng.permutation(len(batches))]


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
