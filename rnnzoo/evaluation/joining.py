"""Batches of outputs to one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def join_rows(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Joins batches; where they differ in steps the shorter ones are padded on the right.

    Targets (numbers) are padded with 0. Logits are padded with a certain first class, the blank of a transcriber, as
    its models do themselves.

    Example:
        >>> join_rows([np.array([[1, 2]]), np.array([[3]])]).tolist()
        [[1, 2], [3, 0]]
    """
    if arrays[0].ndim == 1 or len({array.shape[1] for array in arrays}) == 1:
        return np.concatenate(arrays)
    steps = max(array.shape[1] for array in arrays)
    return np.concatenate([_pad(array, steps) for array in arrays])


def _pad(array: np.ndarray, steps: int) -> np.ndarray:
    missing = steps - array.shape[1]
    if array.ndim == 2:
        return np.pad(array, ((0, 0), (0, missing)))
    blank = np.full((len(array), missing, array.shape[2]), -1e4, array.dtype)
    blank[..., 0] = 0
    return np.concatenate([array, blank], axis=1)
