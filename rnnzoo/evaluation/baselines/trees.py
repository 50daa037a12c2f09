"""Gradient-boosted trees that forecast every step ahead of every series by one model."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget
from rnnzoo.evaluation.baselines.own_levels import OwnLevels

#: Windows, series and steps ahead that trees learn from, and that say when there are enough trees: a fit takes seconds.
_TRAINING_ROWS = 60_000
_HELD_OUT_ROWS = 20_000
_TREES = 300
#: Lags and other columns that trees choose from; of more lags as many are taken, evenly spaced, the last among them.
_MAX_LAGS = 96
_MAX_OTHERS = 64
#: Numbers that are forecast at a time, and seconds that one takes, on a core of 2020.
_AT_A_TIME = 100_000
_SECONDS_A_NUMBER = 1.5e-5


class BoostedTrees:
    """One model for all series and all steps ahead: what is asked for is a column beside the lags.

    A row is a window, a series and a number of steps ahead. It holds the series' lags less the last value, the steps
    ahead, the value a season before the step that is asked for, less the last too, which series it is, and the other
    columns of the table at the last step; further what is known of the step that is asked for, such as its hour, and of
    the whole series. What is learned is how far the step ahead is from the last value, in deviations of the training
    part (in a table of many series, of each one's own), for trees cannot answer what they have not seen. Of all such
    rows a sample is learned from, always the same one, each row as much as its step weighs, and trees are added until a
    sample of validation rows says that it is enough.

    Args:
        splits: Windows of a table of series.
        season: Steps of a season; ``None`` for none.
        levels: What each series is divided by.

    Source:
        G. Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree (2017), as scikit-learn has it.
    """

    def __init__(self, splits: Splits, season: int | None, levels: OwnLevels) -> None:
        self._splits, self._levels = splits, levels
        self._count = len(splits.get_decoding().target_names or ())
        self._season = season

    def fit(self, budget: Budget) -> BoostedTrees:
        """Learns from samples of the training part and of validation."""
        self._budget = budget
        budget.check()
        rng = np.random.default_rng(0)
        x, y, weights = self._sample(self._splits.train, _TRAINING_ROWS, rng)
        held_out_x, held_out_y, held_out_weights = self._sample(self._splits.validation, _HELD_OUT_ROWS, rng)
        self._model = HistGradientBoostingRegressor(
            max_iter=_TREES, early_stopping=True, n_iter_no_change=10, random_state=0
        )
        # A second thread gains little here, and where others compute too, its waiting takes ten times as long.
        with threadpool_limits(limits=1, user_api="openmp"):
            self._model.fit(
                x, y, weights, X_val=held_out_x, y_val=held_out_y, sample_weight_val=held_out_weights
            )
        return self

    def predict(self, split: WindowSplit, rows: np.ndarray) -> np.ndarray:
        """Returns forecasts of some windows in original units, ``(rows, horizon, targets)``."""
        series = self._count
        numbers = len(rows) * split.horizon * series
        self._budget.ask(numbers * _SECONDS_A_NUMBER)
        found = np.empty((len(rows), split.horizon, series))
        windows = max(1, _AT_A_TIME // (split.horizon * series))
        for first in range(0, len(rows), windows):
            self._budget.check()
            some = rows[first : first + windows]
            shape = (len(some), split.horizon, series)
            places = [axis.reshape(-1) for axis in np.indices(shape)]
            x, last = self._columns(split, some[places[0]], places[1], places[2])
            with threadpool_limits(limits=1, user_api="openmp"):
                answers = self._model.predict(x) + last
            scale = self._levels.scales(split, some)[:, None]
            found[first : first + windows] = answers.reshape(shape) * scale
        return found

    def _sample(
        self, split: Split, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        assert isinstance(split, WindowSplit), "forecasts come from windows"
        shape = (len(split), split.horizon, self._count)
        count = int(np.prod(shape))
        chosen = np.sort(rng.choice(count, size, replace=False)) if count > size else np.arange(count)
        windows, steps, series = np.unravel_index(chosen, shape)
        places, weights = split.starts[windows] + split.window + steps, None
        if split.table.weights is not None and split.table.weights[places].any():
            kept = split.table.weights[places] > 0
            windows, steps, series, places = windows[kept], steps[kept], series[kept], places[kept]
            weights = split.table.weights[places]
        x, last = self._columns(split, windows, steps, series)
        return x, split.values_at(places, series) / self._scales(split, windows, series) - last, weights

    def _columns(
        self, split: WindowSplit, windows: np.ndarray, steps: np.ndarray, series: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns what trees read for each window, step ahead (from 0) and series, and the last values."""
        ends, scale = split.starts[windows] + split.window, self._scales(split, windows, series)
        last = split.values_at(ends - 1, series) / scale

        def less_last(places: np.ndarray) -> np.ndarray:
            return split.values_at(places, series) / scale - last

        lags = 1 + np.unique(np.linspace(1, split.window - 1, min(split.window - 1, _MAX_LAGS)).astype(int))
        columns = [less_last(ends - lag) for lag in lags]
        columns.append(steps.astype(float))
        if self._season and self._season <= split.window:
            columns.append(less_last(ends - self._season + steps % self._season))
        if self._count > 1:
            columns.append(series.astype(float))
        others = split.features_at(ends - 1)[:, self._count :][:, :_MAX_OTHERS]
        return np.column_stack([*columns, others, *self._known(split, windows, ends + steps)]), last

    def _known(self, split: WindowSplit, windows: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
        """Returns what is known of the steps that are asked for, and of the series."""
        table, found = split.table, []
        if table.num_known:
            found.append(split.features_at(places)[:, -table.num_known :][:, :_MAX_OTHERS])
        if table.static is not None:
            found.append(table.static[split.series_of(windows)][:, :_MAX_OTHERS])
        return found

    def _scales(self, split: WindowSplit, windows: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Returns what each window's series is divided by."""
        unique, inverse = np.unique(windows, return_inverse=True)
        return np.asarray(self._levels.scales(split, unique)[inverse, series])
