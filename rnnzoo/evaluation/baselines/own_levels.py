"""At which level each series is, for baselines that learn of all series together."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.rows_of_windows import rows_of_windows

#: A deviation that is a smaller share of the mean is of rounding size.
_ROUNDING = 1e-9


class OwnLevels:
    """Mean and deviation of the targets by each series' own training rows, whatever scaling a model is given.

    Without it, a series whose values are a thousand times those of others would be all that is learned from. A series
    without training rows, or whose training rows all have the weight 0, has the mean and the deviation of each window's
    own past. One that never changed is divided by its absolute value, or by 1 where it was 0. A table of one series has
    the scale of the data.

    Args:
        splits: Windows of a table.
    """

    def __init__(self, splits: Splits) -> None:
        assert isinstance(splits.train, WindowSplit), "forecasts come from windows"
        self._train, self._decoding = splits.train, splits.get_decoding()

    @property
    def several(self) -> bool:
        """Whether the table holds several series."""
        return self._train.table.codes is not None

    def scales(self, split: WindowSplit, rows: np.ndarray) -> np.ndarray:
        """Returns what the targets of some windows are divided by ``(rows, targets)``, in original units."""
        return self.levels(split, rows)[1] if self.several else split.scales(self._decoding, rows)

    def levels(self, split: WindowSplit, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns what the targets of some windows are centred and divided by ``(rows, targets)``."""
        series = split.series_of(rows)
        mean, deviation, seen = self._fitted
        found_mean, found = mean[series], deviation[series]
        new = ~seen[series]
        if new.any():
            past = split.raw_targets(rows[new])[0]
            found_mean[new] = past.mean(axis=1)
            found[new] = _divisor(found_mean[new], past.std(axis=1))
        return found_mean, found

    @cached_property
    def _fitted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and divisor of each series ``(series, targets)``, and which series have training rows."""
        table = self._train.table
        learned = rows_of_windows(self._train)
        if table.weights is not None:
            learned = learned[table.weights[learned] > 0]
        codes = np.zeros(len(learned), np.int32) if table.codes is None else table.codes[learned]
        count = np.bincount(codes, minlength=max(1, len(table.names)))
        means, deviations = [], []
        for name in table.targets:
            values = np.asarray(table.columns[name][learned], np.float64)
            mean = np.bincount(codes, values, minlength=len(count)) / np.maximum(count, 1)
            squares = np.bincount(codes, (values - mean[codes]) ** 2, minlength=len(count))
            means.append(mean)
            deviations.append(np.sqrt(squares / np.maximum(count, 1)))
        mean = np.stack(means, axis=1)
        return mean, _divisor(mean, np.stack(deviations, axis=1)), count > 0


def _divisor(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Returns the deviation, or what takes its place where nothing changes."""
    size = np.abs(mean)
    return np.where(deviation > _ROUNDING * size, deviation, np.where(size > 0, size, 1.0))
