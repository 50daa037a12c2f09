"""Rows of numbers that end in steps of zeros, as if padded: they would be read as measurements."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

# A few rows may end in a measured zero, and series in which zeros are common may end in some.
_FEWEST, _LEAST_SHARE, _MOST_INSIDE = 5, 0.1, 0.02


def warn_of_padding(rows: Sequence[Any] | np.ndarray) -> None:
    """Warns where many rows of one length end in steps of zeros, of different numbers.

    Nothing is said where zeros are as common at the beginning or in the middle of rows, as in pictures and counts, nor
    of rows that are no arrays of numbers.

    Args:
        rows: Arrays ``(time, features)``, or of more axes.
    """
    if len({np.shape(row) if isinstance(row, np.ndarray) else None for row in rows}) != 1:
        return
    first = rows[0]
    if not isinstance(first, np.ndarray) or first.dtype.kind not in "iuf" or first.ndim < 2 or not first.size:
        return
    blank = np.stack([~np.asarray(row).any(axis=tuple(range(1, row.ndim))) for row in rows])
    blank = blank[~blank.all(axis=1)]
    if not len(blank):
        return
    at_end, at_start = blank[:, ::-1].argmin(axis=1), blank.argmin(axis=1)
    ends = at_end[at_end > 0]
    inside = blank.sum() - at_end.sum()
    steps = max(1, blank.size - int(at_end.sum()))
    if len(ends) < max(_FEWEST, _LEAST_SHARE * len(rows)) or len(set(ends.tolist())) < 2:
        return
    if 2 * np.count_nonzero(at_start) > len(ends) or inside > _MOST_INSIDE * steps:
        return
    warnings.warn(
        f"inputs: {len(ends):,} of {len(rows):,} rows end in steps of zeros, {ends.min()} to {ends.max()} of them, as "
        "if padded; expected rows as long as what was measured, for a model reads zeros as measured. If they are "
        "padding, cut the rows: [row[:n] for row, n in zip(inputs, lengths)]; in a .npz file, save lengths beside x.",
        stacklevel=3,
    )
