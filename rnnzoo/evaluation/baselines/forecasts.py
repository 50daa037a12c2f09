"""Baselines of forecasts, as values and as distributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from sklearn.linear_model import Ridge

from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.decoding import Decoding
from rnnzoo.evaluation.baselines.budget import Budget, Fit
from rnnzoo.evaluation.baselines.ridge import RATIOS, BatchedRidge
from rnnzoo.evaluation.baselines.strengths import choose_ridge
from rnnzoo.evaluation.baselines.trees import BoostedTrees

#: Answers some windows of a split, in original units: ``(rows, horizon, targets)``.
Forecast = Callable[[WindowSplit, np.ndarray], np.ndarray]

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

    def around(errors: np.ndarray, found: np.ndarray) -> np.ndarray:
        return np.asarray(found[..., None] + np.moveaxis(np.quantile(errors, levels, axis=0), 0, -1))

    return _with_errors(splits, part, around)


def gaussians(splits: Splits, part: Split) -> dict[str, Fit]:
    """Point forecasts with the mean and the deviation of their errors on the training part."""

    def around(errors: np.ndarray, found: np.ndarray) -> np.ndarray:
        # A series that never moved has no errors; a Gaussian needs some scale all the same.
        spread = np.maximum(errors.std(axis=0), 1e-9)
        moved = np.stack([errors.mean(axis=0), spread], axis=-1)
        return np.asarray(np.stack([found, np.zeros_like(found)], axis=-1) + moved)

    return _with_errors(splits, part, around)


def _with_errors(
    splits: Splits, part: Split, around: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> dict[str, Fit]:
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
    around: Callable[[np.ndarray, np.ndarray], np.ndarray],
    budget: Budget,
) -> np.ndarray:
    forecast, past = fit(budget), _windows(splits.train)
    rows = np.unique(np.linspace(0, len(past) - 1, min(len(past), _ERROR_WINDOWS)).astype(int))
    errors = past.raw_targets(rows)[1] - forecast(past, rows)
    return around(errors, forecast(windows, np.arange(len(windows))))


def _forecasters(splits: Splits) -> dict[str, Callable[[Budget], Forecast]]:
    train = _windows(splits.train)
    season = splits.description.get("seasonality")
    found: dict[str, Callable[[Budget], Forecast]] = {"persistence": lambda budget: _persistence}
    if season and season <= train.window:
        found["seasonal naive"] = lambda budget: partial(_seasonal, season)
    stride = _nlinear_stride(train)
    found[_strided(NLINEAR, stride)] = partial(_fit_nlinear, splits, stride)
    width = _width(train)
    stride = -(-len(train) * width // _MAX_NUMBERS) if width > _MAX_LAGS else 1
    found[_strided(RIDGE, stride)] = partial(_fit_ridge, splits, stride)
    found[TREES] = lambda budget: BoostedTrees(splits, season).fit(budget).predict
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


def _fit_nlinear(splits: Splits, stride: int, budget: Budget) -> Forecast:
    """One linear map for all series, from the lags less the last value to the steps ahead less it.

    What a series' level is does not matter, so that no change of it leads the map astray.

    Source:
        A. Zeng et al., Are Transformers Effective for Time Series Forecasting? (2023), arXiv:2205.13504.
    """
    decoding = splits.get_decoding()
    learned, held_out = (
        _own_lags(_windows(split), decoding, stride, budget) for split in (splits.train, splits.validation)
    )
    return partial(_apply_nlinear, BatchedRidge().fit_chosen(learned, held_out), decoding)


def _apply_nlinear(
    model: BatchedRidge, decoding: Decoding, split: WindowSplit, rows: np.ndarray
) -> np.ndarray:
    found, count = [], len(decoding.scale)
    for some in _pieces(split, rows, count):
        history, _ = split.raw_targets(some)
        scale = split.scales(decoding, some)[:, None]
        lags, last = _centred(history, scale)
        ahead = model.predict(_rows_of_series(lags)).reshape(len(some), count, -1).transpose(0, 2, 1)
        found.append((ahead + last) * scale)
    return np.concatenate(found)


def _own_lags(
    split: WindowSplit, decoding: Decoding, stride: int, budget: Budget
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields lags less the last value and steps ahead less it, a row for each window and series."""
    for rows in _pieces(split, np.arange(0, len(split), stride), len(decoding.scale)):
        budget.check()
        history, future = split.raw_targets(rows)
        scale = split.scales(decoding, rows)[:, None]
        lags, last = _centred(history, scale)
        yield _rows_of_series(lags), _rows_of_series(future / scale - last)


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


def _fit_ridge(splits: Splits, stride: int, budget: Budget) -> Forecast:
    train, decoding = splits.train, splits.get_decoding()
    width, outputs = _width(_windows(train)), _windows(train).gather(np.arange(1))[1].size
    rows = len(train) // stride + len(splits.validation)
    fits = 1 if width <= _MAX_LAGS else len(RATIOS)
    budget.ask(2.0 * fits * rows * width * (min(width, rows) + outputs) / _SPEED)
    if width <= _MAX_LAGS:
        learned, held_out = (_all_lags(split, budget) for split in (train, splits.validation))
        model: BatchedRidge | Ridge = BatchedRidge().fit_chosen(learned, held_out)
    else:
        x, y = _strided_lags(train, stride)
        model = choose_ridge(x, y, _strided_lags(splits.validation, stride), budget)

    def forecast(split: WindowSplit, rows: np.ndarray) -> np.ndarray:
        found = []
        for first in range(0, len(rows), 4096):
            some = rows[first : first + 4096]
            inputs, targets, _ = split.gather(some)
            values = np.asarray(model.predict(_inputs(inputs))).reshape(targets.shape)
            found.append(split.decoding_of_rows(decoding, some).in_original_units(values))
        return np.concatenate(found)

    return forecast


def _all_lags(split: Split, budget: Budget) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for inputs, targets, _ in split.batches(4096):
        budget.check()
        yield _inputs(inputs), _flat(targets)


def _strided_lags(split: Split, stride: int) -> tuple[np.ndarray, np.ndarray]:
    inputs, targets, _ = _windows(split).gather(np.arange(0, len(split), stride))
    return _inputs(inputs).astype(np.float64), _flat(targets)


def _inputs(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns all that a model reads of each window, one row each."""
    return np.concatenate([_flat(array) for array in inputs.values()], axis=1)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)
