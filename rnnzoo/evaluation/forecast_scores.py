"""Scores of forecasts: over all of them, and of any groups such as steps ahead, series or hours of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: What of each group is known: a number for each, NaN where it is undefined.
GroupScores = dict[str, np.ndarray]


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of some windows beside what came, in original units.

    Attributes:
        truth: What came ``(windows, horizon, targets)``.
        point: What was forecast, likewise.
        naive_errors: What scales MASE ``(windows, targets)``: the mean absolute difference from one season to the next
            in the training rows of the window's series. ``None`` where it is not known; 0 and NaN have no MASE.
        quantiles: Quantiles ``(windows, horizon, targets, levels)``; ``None`` for none.
        levels: Their levels, rising.
        weights: How much each window counts ``(windows,)``, or each of its steps ``(windows, horizon)``; ``None`` for
            all alike.
    """

    truth: np.ndarray
    point: np.ndarray
    naive_errors: np.ndarray | None = None
    quantiles: np.ndarray | None = None
    levels: Sequence[float] = ()
    weights: np.ndarray | None = None


def score_forecasts(forecasts: Forecasts) -> dict[str, float]:
    """Scores all forecasts together; those that are undefined are left out.

    Args:
        forecasts: The forecasts.

    Returns:
        ``mae``, ``rmse``; ``mase``, the mean of absolute errors, each divided by the mean absolute seasonal difference
        of the training rows of its own series (1 is as good as the seasonal naive forecast was there); series that
        never change have none and are left out; ``smape`` in percent, from 0 to 200: the mean of ``200 * |error| /
        (|truth| + |forecast|)``, 0 where both are 0. Of quantiles also ``pinball``, the mean over levels, and
        ``pinball_0.1`` and so on; ``weighted_quantile_loss``, twice the sum of pinball losses over that of absolute
        values; ``coverage_80`` and so on, the share of the truth in each central interval, which is to be as its name
        says in percent, and ``interval_width_80``, its mean width.

    Example:
        >>> truth, point = np.array([[[2.0], [4.0]]]), np.array([[[3.0], [4.0]]])
        >>> score_forecasts(Forecasts(truth, point, naive_errors=np.array([[2.0]])))
        {'mae': 0.5, 'rmse': 0.7071067811865476, 'mase': 0.25, 'smape': 20.0}

    Reference:
        Hyndman & Koehler 2006, Another look at measures of forecast accuracy (MASE). Makridakis et al. 2020, The M4
        Competition: 100,000 time series and 61 forecasting methods (sMAPE). Gasthaus et al. 2019, Probabilistic
        Forecasting with Spline Quantile Function RNNs (weighted quantile loss).
    """
    found = score_groups(forecasts, np.zeros((1, 1, 1), int), 1)
    return {name: float(value[0]) for name, value in found.items() if np.isfinite(value[0])}


def score_groups(forecasts: Forecasts, groups: np.ndarray, count: int) -> GroupScores:
    """Scores groups of forecasts.

    Args:
        forecasts: The forecasts.
        groups: The number of the group of each forecast value; an array that broadcasts against ``(windows, horizon,
            targets)``.
        count: How many groups there are.

    Returns:
        The scores of ``score_forecasts``, each ``(count,)``; NaN where one is undefined.

    Example:
        >>> truth, point = np.array([[[2.0], [4.0]]]), np.array([[[3.0], [4.0]]])
        >>> score_groups(Forecasts(truth, point), np.arange(2)[None, :, None], 2)["mae"].tolist()
        [1.0, 0.0]
    """
    truth, point = (np.asarray(values, np.float64) for values in (forecasts.truth, forecasts.point))
    weights = forecasts.weights
    if weights is not None:
        whole = weights.reshape(*weights.shape, *[1] * (truth.ndim - weights.ndim))
        weights = np.broadcast_to(whole, truth.shape).reshape(-1)
    means = _Means(np.broadcast_to(groups, truth.shape).reshape(-1), count, weights)
    errors = np.abs(point - truth)
    found = {"mae": means.of(errors), "rmse": np.sqrt(means.of(errors**2))}
    if forecasts.naive_errors is not None:
        scale = forecasts.naive_errors[:, None]
        known = np.broadcast_to(scale > 0, truth.shape)
        found["mase"] = means.of(np.divide(errors, scale, out=np.zeros_like(errors), where=known), known)
    size = np.abs(truth) + np.abs(point)
    found["smape"] = means.of(200 * np.divide(errors, size, out=np.zeros_like(errors), where=size > 0))
    if forecasts.quantiles is not None:
        found |= _quantile_scores(forecasts.quantiles, truth, forecasts.levels, means)
    return found


def pinball_losses(errors: np.ndarray, levels: np.ndarray | float) -> np.ndarray:
    """Returns the pinball losses of quantiles.

    Args:
        errors: The truth less the quantiles, of any shape.
        levels: Their levels, of a shape that fits.

    Example:
        >>> pinball_losses(np.array([2.0, -2.0]), 0.75).tolist()
        [1.5, 0.5]

    Reference:
        Koenker & Bassett 1978, Regression quantiles.
    """
    return np.asarray(np.maximum(levels * errors, (levels - 1.0) * errors))


def _quantile_scores(
    quantiles: np.ndarray, truth: np.ndarray, levels: Sequence[float], means: _Means
) -> Mapping[str, np.ndarray]:
    losses = {}
    for number, level in enumerate(levels):
        error = truth - quantiles[..., number]
        losses[f"pinball_{level:g}"] = means.of(pinball_losses(error, level))
    pinball = np.mean(list(losses.values()), axis=0)
    size = means.of(np.abs(truth))
    weighted = np.divide(2 * pinball, size, out=np.full(len(size), np.nan), where=size > 0)
    found = {"pinball": pinball, "weighted_quantile_loss": weighted, **losses}
    for low in range(len(levels) // 2):
        lower, upper = quantiles[..., low], quantiles[..., len(levels) - 1 - low]
        share = f"{100 * (levels[len(levels) - 1 - low] - levels[low]):.6g}"
        found[f"coverage_{share}"] = means.of((truth >= lower) & (truth <= upper))
        found[f"interval_width_{share}"] = means.of(upper - lower)
    return found


class _Means:
    """The mean of values in each of some groups."""

    def __init__(self, groups: np.ndarray, count: int, weights: np.ndarray | None) -> None:
        self._groups, self._count, self._weights = groups, count, weights

    def of(self, values: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """Returns means ``(groups,)``, of the values that are known; NaN where there is none."""
        groups, flat, weights = self._groups, values.reshape(-1).astype(np.float64), self._weights
        if known is not None:
            kept = known.reshape(-1)
            groups, flat, weights = groups[kept], flat[kept], None if weights is None else weights[kept]
        counts = np.bincount(groups, weights, minlength=self._count)
        with np.errstate(invalid="ignore"):
            sums = np.bincount(groups, flat if weights is None else flat * weights, minlength=self._count)
            return np.asarray(sums / counts)
