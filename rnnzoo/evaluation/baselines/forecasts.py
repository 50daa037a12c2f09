"""Baselines of forecasts, as values and as distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget, Fit
from rnnzoo.evaluation.baselines.own_levels import OwnLevels
from rnnzoo.evaluation.baselines.ridge import RATIOS, BatchedRidge
from rnnzoo.evaluation.baselines.strengths import choose_ridge
from rnnzoo.evaluation.baselines.trees import BoostedTrees

#: Answers some windows of a split, in original units: ``(rows, horizon, targets)``.
Forecast = Callable[[WindowSplit, np.ndarray], np.ndarray]
#: From the errors of windows in the past, their weights and forecasts to a distribution around these.
_Around = Callable[[np.ndarray, np.ndarray | None, np.ndarray], np.ndarray]
#: Rows to learn from, their targets, and how much each counts; ``None`` where all count alike.
_Weighed = tuple[np.ndarray, np.ndarray, np.ndarray | None]

NLINEAR = "NLinear on each series' own lags"
RIDGE = "ridge regression on the same lags"
TREES = "gradient-boosted trees on the same lags"
#: Windows of more values than this need too large a matrix, and are answered from every k-th training window.
_MAX_LAGS = 8192
#: How many numbers such windows may have in all.
_MAX_NUMBERS = 60_000_000
#: Multiplications a second of the products of matrices, on two cores of 2020.
_SPEED = 2e10
#: Multiplications that the sums of NLinear may take: some seconds.
_MAX_PRODUCTS = 1e11
#: How many training windows, evenly spaced, are enough to know the errors of a forecast.
_ERROR_WINDOWS = 4096
#: Windows that ridge regression reads at a time.
_AT_A_TIME = 4096
#: Numbers of windows that are in memory at a time.
_NUMBERS_AT_A_TIME = 8_000_000


def values(splits: Splits, part: Split) -> dict[str, Fit]:
    """Persistence, seasonal naive, NLinear, ridge regression and gradient-boosted trees."""
    windows = _windows(part)
    every = np.arange(len(windows))
    return {name: partial(_point, fit, windows, every) for name, fit in _forecasters(splits).items()}


def quantiles(splits: Splits, part: Split) -> dict[str, Fit]:
    """Point forecasts with the quantiles of their errors on the training part."""
    levels = splits.get_decoding().quantiles or ()

    def around(errors: np.ndarray, weights: np.ndarray | None, found: np.ndarray) -> np.ndarray:
        method: Any = "linear" if weights is None else "inverted_cdf"  # the one that knows weights
        moved = np.quantile(errors, levels, axis=0, weights=weights, method=method)
        return np.asarray(found[..., None] + np.moveaxis(moved, 0, -1))

    return _with_errors(splits, part, around)


def gaussians(splits: Splits, part: Split) -> dict[str, Fit]:
    """Point forecasts with the mean and the deviation of their errors on the training part."""

    def around(errors: np.ndarray, weights: np.ndarray | None, found: np.ndarray) -> np.ndarray:
        mean = np.average(errors, axis=0, weights=weights)
        # A series that never moved has no errors; a Gaussian needs some scale all the same.
        spread = np.maximum(np.sqrt(np.average((errors - mean) ** 2, axis=0, weights=weights)), 1e-9)
        moved = np.stack([mean, spread], axis=-1)
        return np.asarray(np.stack([found, np.zeros_like(found)], axis=-1) + moved)

    return _with_errors(splits, part, around)


def _with_errors(splits: Splits, part: Split, around: _Around) -> dict[str, Fit]:
    return {
        f"{name} and its past errors": partial(_spread, splits, fit, _windows(part), around)
        for name, fit in _forecasters(splits).items()
    }


def _windows(split: Split) -> WindowSplit:
    assert isinstance(split, WindowSplit), "forecasts come from windows"
    return split


def _point(
    fit: Callable[[Budget], Forecast], windows: WindowSplit, rows: np.ndarray, budget: Budget
) -> np.ndarray:
    return fit(budget)(windows, rows)


def _spread(
    splits: Splits,
    fit: Callable[[Budget], Forecast],
    windows: WindowSplit,
    around: _Around,
    budget: Budget,
) -> np.ndarray:
    forecast, past = fit(budget), _windows(splits.train)
    rows = np.unique(np.linspace(0, len(past) - 1, min(len(past), _ERROR_WINDOWS)).astype(int))
    errors = past.raw_targets(rows)[1] - forecast(past, rows)
    weights = _error_weights(past.raw_weights(rows), errors.shape)
    every = np.arange(len(windows))
    found, levels = forecast(windows, every), OwnLevels(splits)
    if not levels.several:
        return around(errors, weights, found)
    # The errors of all series are alike once each is divided by its own deviation.
    errors /= levels.scales(past, rows)[:, None]
    scale = levels.scales(windows, every)[:, None]
    spread = around(errors, weights, found / scale)
    return spread * scale[..., None]


def _error_weights(weights: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """Returns how much each error counts ``(windows, horizon, targets)``; where none of a step does, all alike."""
    if weights is None:
        return None
    counted = np.where(weights.any(axis=0), weights, 1.0)
    return np.broadcast_to(counted[..., None], shape)


def _forecasters(splits: Splits) -> dict[str, Callable[[Budget], Forecast]]:
    train, levels = _windows(splits.train), OwnLevels(splits)
    season = splits.description.get("seasonality")
    found: dict[str, Callable[[Budget], Forecast]] = {"persistence": lambda budget: _persistence}
    if season and season <= train.window:
        found["seasonal naive"] = lambda budget: partial(_seasonal, season)
    stride = _nlinear_stride(train)
    found[_strided(NLINEAR, stride)] = partial(_fit_nlinear, splits, levels, stride)
    stride = _ridge_stride(train, levels)
    found[_strided(RIDGE, stride)] = partial(_fit_ridge, splits, levels, stride)
    found[TREES] = lambda budget: BoostedTrees(splits, season, levels).fit(budget).predict
    return found


def _strided(name: str, stride: int) -> str:
    return f"{name} of one window in {stride}" if stride > 1 else name


def _persistence(split: WindowSplit, rows: np.ndarray) -> np.ndarray:
    history, future = split.raw_targets(rows)
    return np.repeat(history[:, -1:], future.shape[1], axis=1)


def _seasonal(season: int, split: WindowSplit, rows: np.ndarray) -> np.ndarray:
    history, future = split.raw_targets(rows)
    steps = history.shape[1] - season + np.arange(future.shape[1]) % season
    return np.asarray(history[:, steps])


def _nlinear_stride(train: WindowSplit) -> int:
    lags = min(train.window, _MAX_LAGS)
    targets = train.raw_targets(np.arange(1))[0].shape[2]
    return int(-(-len(train) * targets * lags * (lags + train.horizon) // _MAX_PRODUCTS))


def _ridge_stride(train: WindowSplit, levels: OwnLevels) -> int:
    width = _width(train)
    if width > _MAX_LAGS:
        return -(-len(train) * width // _MAX_NUMBERS)
    # Of thousands of series there are far more windows than weights.
    products = len(train) * width * (width + train.horizon * len(train.table.targets))
    return int(-(-products // _MAX_PRODUCTS)) if levels.several else 1


def _fit_nlinear(splits: Splits, levels: OwnLevels, stride: int, budget: Budget) -> Forecast:
    """One linear map for all series, from the lags less the last value to the steps ahead less it.

    What a series' level is does not matter, so that no change of it leads the map astray; each is divided by its own
    deviation.

    Source:
        A. Zeng et al., Are Transformers Effective for Time Series Forecasting? (2023), arXiv:2205.13504.
    """
    learned, held_out = (
        _own_lags(_windows(split), levels, stride, budget) for split in (splits.train, splits.validation)
    )
    return partial(_apply_nlinear, BatchedRidge().fit_chosen(learned, held_out), levels)


def _apply_nlinear(
    model: BatchedRidge, levels: OwnLevels, split: WindowSplit, rows: np.ndarray
) -> np.ndarray:
    found, count = [], len(split.table.targets)
    for some in _pieces(split, rows, count):
        history, _ = split.raw_targets(some)
        scale = levels.scales(split, some)[:, None]
        lags, last = _centred(history, scale)
        ahead = model.predict(_rows_of_series(lags)).reshape(len(some), count, -1).transpose(0, 2, 1)
        found.append((ahead + last) * scale)
    return np.concatenate(found)


def _own_lags(split: WindowSplit, levels: OwnLevels, stride: int, budget: Budget) -> Iterator[_Weighed]:
    """Yields lags less the last value, steps ahead less it, and weights, a row for each window and series."""
    count = len(split.table.targets)
    every, weights = _counted(split, np.arange(0, len(split), stride))
    places = np.arange(len(every))
    for some in _pieces(split, places, count):
        rows = every[some]
        budget.check()
        history, future = split.raw_targets(rows)
        scale = levels.scales(split, rows)[:, None]
        lags, last = _centred(history, scale)
        own = None if weights is None else np.repeat(weights[some], count)
        yield _rows_of_series(lags), _rows_of_series(future / scale - last), own


def _counted(split: WindowSplit, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the windows that count, of some, and how much: the mean weight of their steps ahead.

    All of them, and ``None``, where they count alike, or none does.
    """
    if split.table.weights is None:
        return rows, None
    found = [
        np.mean(split.raw_weights(rows[first : first + _AT_A_TIME]), axis=1)  # type: ignore[arg-type]
        for first in range(0, len(rows), _AT_A_TIME)
    ]
    weights = np.concatenate(found)
    kept = weights > 0
    return (rows[kept], weights[kept]) if kept.any() else (rows, None)


def _centred(history: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns all lags but the last less the last, and the last, both in deviations ``(windows, 1, targets)``."""
    scaled = history[:, -_MAX_LAGS:] / scale
    last = scaled[:, -1:]
    return scaled[:, :-1] - last, last


def _rows_of_series(array: np.ndarray) -> np.ndarray:
    """``(windows, steps, targets)`` to ``(windows * targets, steps)``."""
    return array.transpose(0, 2, 1).reshape(array.shape[0] * array.shape[2], array.shape[1])


def _pieces(split: WindowSplit, rows: np.ndarray, targets: int) -> list[np.ndarray]:
    size = max(1, _NUMBERS_AT_A_TIME // ((split.window + split.horizon) * targets))
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _width(split: WindowSplit) -> int:
    return int(split.gather(np.arange(1))[0]["features"].size)


def _fit_ridge(splits: Splits, levels: OwnLevels, stride: int, budget: Budget) -> Forecast:
    train, held_out = _windows(splits.train), _windows(splits.validation)
    decoding = splits.get_decoding()
    width, outputs = _width(train), train.gather(np.arange(1))[1].size
    rows = len(train) // stride + len(held_out)
    fits = 1 if width <= _MAX_LAGS else len(RATIOS)
    budget.ask(2.0 * fits * rows * width * (min(width, rows) + outputs) / _SPEED)
    if width <= _MAX_LAGS:
        # Few of so many windows tell which penalty is best as well.
        learned = _all_lags(train, levels, stride, budget)
        model: BatchedRidge | Ridge = BatchedRidge().fit_chosen(
            learned, _all_lags(held_out, levels, stride if levels.several else 1, budget)
        )
    else:
        x, y, weights = _weighed_lags(train, levels, stride)
        x_held, y_held, held = _weighed_lags(held_out, levels, stride)
        model = choose_ridge(
            x.astype(np.float64), y, (x_held.astype(np.float64), y_held), budget, (weights, held)
        )

    def forecast(split: WindowSplit, rows: np.ndarray) -> np.ndarray:
        found = []
        for some in (rows[first : first + _AT_A_TIME] for first in range(0, len(rows), _AT_A_TIME)):
            x, _ = _lags_and_targets(split, levels, some)
            values = np.asarray(model.predict(x)).reshape(len(some), split.horizon, -1)
            if levels.several:
                mean, scale = levels.levels(split, some)
                found.append(values * scale[:, None] + mean[:, None])
            else:
                found.append(split.decoding_of_rows(decoding, some).in_original_units(values))
        return np.concatenate(found)

    return forecast


def _all_lags(split: WindowSplit, levels: OwnLevels, stride: int, budget: Budget) -> Iterator[_Weighed]:
    rows, weights = _counted(split, np.arange(0, len(split), stride))
    for first in range(0, len(rows), _AT_A_TIME):
        budget.check()
        some = slice(first, first + _AT_A_TIME)
        yield *_lags_and_targets(split, levels, rows[some]), None if weights is None else weights[some]


def _weighed_lags(split: WindowSplit, levels: OwnLevels, stride: int) -> _Weighed:
    rows, weights = _counted(split, np.arange(0, len(split), stride))
    return *_lags_and_targets(split, levels, rows), weights


def _lags_and_targets(
    split: WindowSplit, levels: OwnLevels, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns all that a model reads of some windows, and their targets, one row each.

    Of several series, the targets are centred and divided by each one's own level, however a model reads them.
    """
    inputs, targets, _ = split.gather(rows)
    if not levels.several:
        return _inputs(inputs), _flat(targets)
    mean, scale = (level[:, None] for level in levels.levels(split, rows))
    past, future = ((values - mean) / scale for values in split.raw_targets(rows))
    features = np.concatenate([past, inputs["features"][..., past.shape[-1] :]], axis=-1)
    return _inputs({**inputs, "features": features}), _flat(future)


def _inputs(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns all that a model reads of each window, one row each."""
    return np.concatenate([_flat(array) for array in inputs.values()], axis=1)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)
