"""Which rows of a table some windows hold, and how much they change from season to season."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnzoo.data.readers.window_split import WindowSplit

#: Rows that are worked on at a time.
_AT_A_TIME = 1_000_000


def rows_of_windows(*splits: WindowSplit) -> np.ndarray:
    """Returns the numbers of the rows that are in a window or its horizon, each once and in order.

    Args:
        *splits: Windows of one table.
    """
    return np.flatnonzero(_rows_behind(splits, 0))


def row_pairs(*splits: WindowSplit, lag: int) -> np.ndarray:
    """Returns the rows of windows or their horizons that such rows lead up to, step by step, from ``lag`` rows before.

    No window crosses series or holes, so that no pair does. The windows may overlap.

    Args:
        *splits: Windows of one table.
        lag: How many rows before.
    """
    return np.concatenate([np.empty(0, int), *_pairs(splits, lag)])


def _pairs(splits: tuple[WindowSplit, ...], lag: int) -> Iterator[np.ndarray]:
    # Whether each row and the one before it are in one window: what leads from row to row.
    steps = np.cumsum(_rows_behind(splits, 1), dtype=np.int32)
    for first in range(lag, len(steps), _AT_A_TIME):
        last = min(first + _AT_A_TIME, len(steps))
        yield first + np.flatnonzero(steps[first:last] - steps[first - lag : last - lag] == lag)


def _rows_behind(splits: tuple[WindowSplit, ...], lag: int) -> np.ndarray:
    """Returns whether a window that holds each row holds that ``lag`` rows before it too ``(rows,)``."""
    changes = np.zeros(len(splits[0].table.features) + 1, np.int32)
    for split in splits:  # in which each window is once
        changes[split.starts + lag] += 1
        changes[split.starts + split.window + split.horizon] -= 1
    return np.cumsum(changes, out=changes)[:-1] > 0


def naive_errors(*splits: WindowSplit, season: int | None) -> np.ndarray:
    """Returns the mean absolute difference from one season to the next in each series: what scales MASE.

    Args:
        *splits: Windows of one table; the rows that they hold, horizons too, are counted, each once; where rows have
            weights, each as much as it weighs, and none from or to a row of weight 0.
        season: Steps of a season; ``None`` for 1.

    Returns:
        ``(series, targets)`` in original units; NaN for a series without two rows a season apart, 0 for one that never
        changes.

    Example:
        >>> import pandas as pd
        >>> from rnnzoo.data.readers.series import read_series
        >>> splits = read_series(pd.DataFrame({"load": [1.0, 3.0] * 20}), target="load", window=4, horizon=2)
        >>> [naive_errors(splits.train, season=season).tolist() for season in (1, 2)]
        [[[2.0]], [[0.0]]]
    """
    table, lag = splits[0].table, season or 1
    count = np.zeros(max(1, len(table.names)))
    total = np.zeros((len(count), len(table.targets)))
    for rows in _pairs(splits, lag):
        if table.weights is not None:
            rows = rows[(table.weights[rows] > 0) & (table.weights[rows - lag] > 0)]
        weights = np.ones(len(rows)) if table.weights is None else table.weights[rows]
        codes = np.zeros(len(rows), np.int32) if table.codes is None else table.codes[rows]
        count += np.bincount(codes, weights, minlength=len(count))
        changes = np.abs(table.values(rows) - table.values(rows - lag))
        for target, change in enumerate(changes.T):
            total[:, target] += np.bincount(codes, change * weights, minlength=len(count))
    with np.errstate(invalid="ignore"):
        return total / count[:, None]
