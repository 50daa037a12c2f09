"""A part whose rows are windows of one long series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.split import Batch, Rows


class WindowSplit(Rows):
    """Windows of one long table, cut out when they are asked for.

    Args:
        features: Scaled features of the whole table ``(rows, features)``.
        targets: Scaled targets of the whole table ``(rows, targets)``.
        values: Targets in original units ``(rows, targets)``.
        columns: The raw columns by name, each answering slices.
        starts: The first row of each window.
        window: Rows to read.
        horizon: Rows to forecast.
    """

    def __init__(
        self,
        features: np.ndarray,
        targets: np.ndarray,
        values: np.ndarray,
        columns: Mapping[str, Any],
        starts: np.ndarray,
        *,
        window: int,
        horizon: int,
    ) -> None:
        self._features, self._targets, self._values = features, targets, values
        self.starts = starts
        self.window, self.horizon = window, horizon
        self.lengths = np.full(len(starts), window)
        self.raw = RawWindows(columns, starts, window)

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some windows as one batch: features of the past, targets of the horizon."""
        past, future = self._steps(np.asarray(rows, int))
        return {"features": self._features[past]}, self._targets[future], None

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns the features of some windows, without their horizon."""
        return list(self._features[self._steps(np.asarray(rows, int))[0]])

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some windows as one batch with other features."""
        future = self._steps(np.asarray(rows, int))[1]
        return {"features": np.stack(encoded)}, self._targets[future], None

    def raw_targets(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns the targets' past ``(rows, window, targets)`` and future ``(rows, horizon, targets)``.

        Both in original units.

        Args:
            rows: The numbers of the windows; ``None`` for all.
        """
        past, future = self._steps(np.arange(len(self)) if rows is None else rows)
        return self._values[past], self._values[future]

    def values_at(self, places: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns single values in original units: those of some targets, by number, in some rows of the table."""
        return np.asarray(self._values[places, targets])

    def features_at(self, places: np.ndarray) -> np.ndarray:
        """Returns the scaled features of some rows of the table, those of the targets first: ``(rows, features)``."""
        return self._features[places]

    def _steps(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        starts = self.starts[rows][:, None]
        return starts + np.arange(self.window), starts + self.window + np.arange(self.horizon)


class RawWindows(Sequence[dict[str, list[Any]]]):
    """The windows of a table as raw rows: each maps every column to its values."""

    def __init__(self, columns: Mapping[str, Any], starts: np.ndarray, window: int) -> None:
        self._columns, self._starts, self._window = columns, starts, window

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        start = int(self._starts[row])
        return {name: values[start : start + self._window].tolist() for name, values in self._columns.items()}
