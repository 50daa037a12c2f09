"""Which rows of a table some windows hold."""

from __future__ import annotations

import numpy as np

from rnnzoo.data.readers.window_split import WindowSplit


def rows_of_windows(split: WindowSplit) -> np.ndarray:
    """Returns the numbers of the rows that are in a window or its horizon, each once and in order.

    Args:
        split: The windows.
    """
    return np.flatnonzero(_windows_over(split, 0))


def row_pairs(split: WindowSplit, lag: int) -> np.ndarray:
    """Returns the rows that lie ``lag`` rows behind another row of the same window or its horizon.

    No such pair crosses series, holes or parts, for no window does.

    Args:
        split: The windows.
        lag: How many rows lie between both.
    """
    return lag + np.flatnonzero(_windows_over(split, lag)[lag:])


def _windows_over(split: WindowSplit, lag: int) -> np.ndarray:
    """Returns whether a window that holds each row holds that ``lag`` rows before it too ``(rows,)``."""
    span = split.window + split.horizon
    changes = np.zeros(len(split.table.features) + 1, np.int32)
    if lag < span:
        np.add.at(changes, split.starts + lag, 1)
        np.add.at(changes, split.starts + span, -1)
    return np.cumsum(changes[:-1]) > 0
