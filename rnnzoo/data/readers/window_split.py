"""A part whose rows are windows of one long table, of one series or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnnzoo.data.split import Batch, Rows
from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing.series_levels import Levels, SeriesLevels, WindowLevels, shown_key


@dataclass(frozen=True)
class WindowTable:
    """The table that windows are cut from, the rows of a series one after the other.

    Attributes:
        features: Scaled features ``(rows, features)``: the targets first, what is known for the horizon last.
        columns: The raw columns by name, each answering slices.
        targets: The columns to forecast.
        num_known: How many features are known for the horizon.
        codes: The number of the series that each row is of ``(rows,)``; ``None`` for one series.
        names: The series by number.
        static: Scaled features of each series ``(series, static features)``; ``None`` for none.
        raw_static: The raw values of each series, by column.
        levels: The level of each series or window; ``None`` for that of all rows.
        times: The raw times by column, each answering slices.
        known: The columns that are known for the horizon; ``None`` where a raw row is a window alone.
        weights: How much each row counts where it is forecast ``(rows,)``, as the table says; ``None`` for all alike.
    """

    features: np.ndarray
    columns: Mapping[str, Any]
    targets: Sequence[str]
    num_known: int = 0
    codes: np.ndarray | None = None
    names: Sequence[Any] = ()
    static: np.ndarray | None = None
    raw_static: Mapping[str, Sequence[Any]] | None = None
    levels: Levels | None = None
    times: Mapping[str, Any] | None = None
    known: Sequence[str] | None = None
    weights: np.ndarray | None = None

    @cached_property
    def scaled_targets(self) -> np.ndarray:
        """The targets' features ``(rows, targets)``, side by side in memory, so that a horizon is read at once."""
        return np.ascontiguousarray(self.features[:, : len(self.targets)])

    def values(self, rows: Any) -> np.ndarray:
        """Returns the targets in some rows, in original units ``(..., targets)``."""
        return np.stack([self.columns[name][rows] for name in self.targets], axis=-1).astype(np.float64)


class WindowSplit(Rows):
    """Windows of one long table, cut out when they are asked for.

    Args:
        table: The table.
        starts: The first row of each window.
        window: Rows to read.
        horizon: Rows to forecast.
    """

    def __init__(self, table: WindowTable, starts: np.ndarray, *, window: int, horizon: int) -> None:
        self.table, self.starts = table, starts
        self.window, self.horizon = window, horizon
        self._series: Sequence[str] | np.ndarray | None = None
        self.raw = RawWindows(table, starts, window, horizon)
        features = table.features
        self._past = _cut(features, window)
        self._known = _cut(features[:, features.shape[1] - table.num_known :], horizon)
        self._weights = None if table.weights is None else _cut(table.weights[:, None], horizon)[..., 0]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:  # type: ignore[override]
        """The steps of each window ``(windows,)``, all the same; no memory is taken for them."""
        return np.broadcast_to(np.int64(self.window), (len(self.starts),))

    @property
    def series(self) -> Sequence[str] | np.ndarray | None:
        """The name of each window's series ``(windows,)``, for reports; ``None`` for one series."""
        if self._series is None and self.table.codes is not None:
            names = [name if isinstance(name, str) else shown_key(tuple(name)) for name in self.table.names]
            self._series = [names[code] for code in self.series_of()]
        return self._series

    @series.setter
    def series(self, names: Sequence[str] | np.ndarray | None) -> None:
        self._series = names

    def joined(self, other: Rows) -> Rows:
        """Returns the windows of this part and then those of another part of the same table."""
        if not isinstance(other, WindowSplit) or other.table is not self.table:
            return super().joined(other)
        starts = np.concatenate([self.starts, other.starts])
        return WindowSplit(self.table, starts, window=self.window, horizon=self.horizon)

    def gather(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Returns some windows as one batch: what is known of past, horizon and series, and the horizon's targets.

        Where rows have weights, those of the steps of the horizon ``(windows, horizon)`` come third, over their mean in
        all windows of the part, so that a loss is as large as without them.
        """
        starts = self.starts[np.asarray(rows, int)]
        return self._batch(self._features(starts), starts)

    def encoded(self, rows: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """Returns the features of some windows, without their horizon."""
        return list(self._features(self.starts[np.asarray(rows, int)]))

    def gather_encoded(self, rows: Sequence[int] | np.ndarray, encoded: Sequence[np.ndarray]) -> Batch:
        """Returns some windows as one batch with other features."""
        return self._batch(np.stack(encoded), self.starts[np.asarray(rows, int)])

    def raw_targets(self, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns the targets' past ``(rows, window, targets)`` and future ``(rows, horizon, targets)``.

        Both in original units.

        Args:
            rows: The numbers of the windows; ``None`` for all.
        """
        starts = self.starts if rows is None else self.starts[rows]
        return self._values(starts, 0, self.window), self._values(starts, self.window, self.horizon)

    def raw_weights(self, rows: np.ndarray | None = None) -> np.ndarray | None:
        """Returns the weights of the horizons as the table says them ``(rows, horizon)``; ``None`` for none.

        Args:
            rows: The numbers of the windows; ``None`` for all.
        """
        starts = self.starts if rows is None else self.starts[rows]
        return None if self._weights is None else self._weights[starts + self.window]

    @cached_property
    def mean_weight(self) -> float:
        """The mean weight of all steps of all horizons; 1 where rows have no weights."""
        weights, first = self.table.weights, self.starts + self.window
        if weights is None or not len(first):
            return 1.0
        # How many horizons each row is in, so that no window is copied.
        changes = np.bincount(first, minlength=len(weights) + 1)
        changes -= np.bincount(first + self.horizon, minlength=len(weights) + 1)
        return float(np.cumsum(changes)[:-1] @ weights) / (len(first) * self.horizon)

    def values_at(self, places: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns single values in original units: those of some targets, by number, in some rows of the table."""
        places, targets = np.broadcast_arrays(places, targets)
        found = np.empty(places.shape, np.float64)
        for number, name in enumerate(self.table.targets):
            own = targets == number
            found[own] = self.table.columns[name][places[own]]
        return found

    def features_at(self, places: np.ndarray) -> np.ndarray:
        """Returns the scaled features of some rows of the table, those of the targets first: ``(rows, features)``."""
        return self.table.features[places]

    def series_of(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Returns the number of the series that each window is of ``(rows,)``; zeros for one series."""
        return self._codes(self.starts if rows is None else self.starts[rows])

    def decoding_of_rows(self, decoding: Decoding, rows: np.ndarray | None = None) -> Decoding:
        """Returns the decoding with the level of each window, for outputs of some windows, or of all in order."""
        levels = self.table.levels
        if levels is None:
            return decoding
        count = len(self.table.targets)
        if isinstance(levels, SeriesLevels):
            series = self.series_of(rows)
            return decoding.with_level(levels.mean[series, :count], levels.scale[series, :count])
        starts = self.starts if rows is None else self.starts[rows]
        return decoding.with_level(*levels.of_windows(self._values(starts, 0, self.window)))

    def scales(self, decoding: Decoding, rows: np.ndarray) -> np.ndarray:
        """Returns what the targets of some windows are divided by ``(rows, targets)``, in original units."""
        scale = self.decoding_of_rows(decoding, rows).scale
        return scale[:, 0] if scale.ndim == 3 else np.broadcast_to(scale, (len(rows), len(scale)))

    def _batch(self, features: np.ndarray, starts: np.ndarray) -> Batch:
        weights = None
        if self._weights is not None:
            # Where nothing weighs anything, there is nothing to divide by.
            weights = (self._weights[starts + self.window] / (self.mean_weight or 1.0)).astype(np.float32)
        return self._with_known(features, starts), self._scaled_targets(starts), weights

    def _features(self, starts: np.ndarray) -> np.ndarray:
        """Returns the scaled past of some windows ``(windows, window, features)``, as a copy."""
        features = self._past[starts]
        if isinstance(self.table.levels, WindowLevels):
            past = self._values(starts, 0, self.window)
            location, scale = self.table.levels.of_windows(past)
            features[..., : past.shape[-1]] = (past - location[:, None]) / scale[:, None]
        return features

    @cached_property
    def _ahead(self) -> np.ndarray:
        return _cut(self.table.scaled_targets, self.horizon)

    def _scaled_targets(self, starts: np.ndarray) -> np.ndarray:
        """Returns the scaled targets of their horizons ``(windows, horizon, targets)``."""
        if not isinstance(self.table.levels, WindowLevels):
            return self._ahead[starts + self.window]
        location, scale = self.table.levels.of_windows(self._values(starts, 0, self.window))
        future = self._values(starts, self.window, self.horizon)
        return np.asarray(((future - location[:, None]) / scale[:, None]).astype(np.float32))

    def _with_known(self, features: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
        inputs = {"features": features}
        if self.table.num_known:
            inputs["future"] = self._known[starts + self.window]
        if self.table.static is not None:
            inputs["static"] = self.table.static[self._codes(starts)]
        return inputs

    def _codes(self, starts: np.ndarray) -> np.ndarray:
        return np.zeros(len(starts), np.int32) if self.table.codes is None else self.table.codes[starts]

    def _values(self, starts: np.ndarray, first: int, steps: int) -> np.ndarray:
        """Returns the targets of some steps of each window, in original units ``(windows, steps, targets)``."""
        return self.table.values(starts[:, None] + first + np.arange(steps))


class RawWindows(Sequence[dict[str, Any]]):
    """The windows of a table as raw rows: each maps every column to its values, or is a whole request."""

    def __init__(self, table: WindowTable, starts: np.ndarray, window: int, horizon: int) -> None:
        self._table, self._starts, self._window, self._horizon = table, starts, window, horizon

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        table = self._table
        start = int(self._starts[row])
        past = slice(start, start + self._window)
        ahead = slice(past.stop, past.stop + self._horizon)
        columns = {**table.columns, **(table.times or {})}
        window = {name: values[past].tolist() for name, values in columns.items()}
        if table.known is None:
            return window
        code = 0 if table.codes is None else int(table.codes[start])
        request: dict[str, Any] = {"past": window}
        if table.names:
            request = {"series": table.names[code], **request}
        if table.known:
            request["future"] = {name: table.columns[name][ahead].tolist() for name in table.known}
        if table.raw_static:
            request["static"] = {name: values[code] for name, values in table.raw_static.items()}
        return request


def _cut(table: np.ndarray, steps: int) -> np.ndarray:
    """Returns all stretches of some rows ``(rows - steps + 1, steps, features)`` as a view."""
    count, width = max(0, len(table) - steps + 1), table.shape[1]
    shape, strides = (count, steps, width), (table.strides[0], *table.strides)
    return np.lib.stride_tricks.as_strided(table, shape, strides, writeable=False)
