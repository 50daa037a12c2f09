"""Where forecasts are wrong: at which step ahead, in which series, and how often beyond their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from rnnzoo.evaluation.details.table_rows import TableRows


def errors_by_step(
    forecast: np.ndarray, truth: np.ndarray, names: Sequence[str], weights: np.ndarray | None = None
) -> TableRows:
    """Returns the errors at each step ahead.

    Args:
        forecast: Point forecasts ``(rows, horizon, targets)``, in original units.
        truth: What came ``(rows, horizon, targets)``.
        names: The names of the targets.
        weights: How much each row ``(rows,)``, or each step ahead of it ``(rows, horizon)``, counts; ``None`` for all
            alike.

    Returns:
        A row for each step and target: ``step`` (from 1), ``target``, ``mae``, ``rmse``, and ``bias``, the mean of
        forecast minus truth.

    Example:
        >>> errors_by_step(np.array([[[1.0], [5.0]]]), np.array([[[1.0], [2.0]]]), ["load"])[1]
        {'step': 2, 'target': 'load', 'mae': 3.0, 'rmse': 3.0, 'bias': 3.0}
    """
    errors, weighed = np.asarray(forecast, np.float64) - truth, _step_weights(truth, weights)
    return [
        {"step": step + 1, "target": name, **_errors(errors[:, step, target], weighed[:, step])}
        for step, (target, name) in product(range(errors.shape[1]), enumerate(names))
    ]


def errors_by_series(
    forecast: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    series: Sequence[str] | np.ndarray,
    weights: np.ndarray | None = None,
) -> TableRows:
    """Returns the errors in each series, over all steps ahead; the series of the largest error first.

    Args:
        forecast: As for ``errors_by_step``.
        truth: Likewise.
        names: Likewise.
        series: The name of the series of each row ``(rows,)``.
        weights: As for ``errors_by_step``.

    Returns:
        A row for each series and target: ``series``, ``target``, ``windows``, ``mae``, ``rmse``, ``bias``.

    Example:
        >>> forecast, truth = np.array([[[1.0]], [[5.0]]]), np.array([[[1.5]], [[2.0]]])
        >>> [(row["series"], row["mae"]) for row in errors_by_series(forecast, truth, ["sales"], ["a", "b"])]
        [('b', 3.0), ('a', 0.5)]
    """
    errors, weighed = np.asarray(forecast, np.float64) - truth, _step_weights(truth, weights)
    found, numbers = np.unique(np.asarray(series, str), return_inverse=True)
    # Rows of one series lie together then, whatever their number.
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(found)))
    rows = [
        {
            "series": str(name),
            "target": target,
            "windows": len(rows),
            **_errors(errors[rows, :, place], weighed[rows]),
        }
        for name, rows in zip(found, np.split(order, ends[:-1]), strict=True)
        for place, target in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row["mae"])


def coverage(
    quantiles: np.ndarray,
    truth: np.ndarray,
    levels: Sequence[float],
    names: Sequence[str],
    weights: np.ndarray | None = None,
) -> TableRows:
    """Returns how often the truth lies within each central interval, the narrowest first.

    Args:
        quantiles: Quantiles ``(rows, horizon, targets, levels)``, in original units.
        truth: What came ``(rows, horizon, targets)``.
        levels: The levels, rising; intervals go from the first to the last, from the second to the last but one.
        names: The names of the targets.
        weights: As for ``errors_by_step``.

    Returns:
        A row for each interval and target: ``level`` (the share that should lie within), ``lower`` and ``upper`` (the
        levels of its ends), ``target``, ``coverage`` (the share that does), ``width`` (the mean).

    Example:
        >>> coverage(np.array([[[[0.0, 1.0, 3.0]]]]), np.array([[[2.0]]]), (0.1, 0.5, 0.9), ["load"])
        [{'level': 0.8, 'lower': 0.1, 'upper': 0.9, 'target': 'load', 'coverage': 1.0, 'width': 3.0}]
    """
    found, weighed = [], _step_weights(truth, weights)
    for low, high in _intervals(len(levels)):
        lower, upper = quantiles[..., low], quantiles[..., high]
        inside = [_mean(part, weighed) for part in np.moveaxis((truth >= lower) & (truth <= upper), -1, 0)]
        width = [_mean(part, weighed) for part in np.moveaxis(upper - lower, -1, 0)]
        level = {"level": round(levels[high] - levels[low], 10), "lower": levels[low], "upper": levels[high]}
        found += [
            {**level, "target": name, "coverage": share, "width": size}
            for name, share, size in zip(names, inside, width, strict=True)
        ]
    return found


def _intervals(levels: int) -> Iterator[tuple[int, int]]:
    return ((number, levels - 1 - number) for number in reversed(range(levels // 2)))


def _step_weights(truth: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Returns how much each step ahead of each row counts ``(rows, horizon)``."""
    if weights is None:
        return np.ones(truth.shape[:2])
    whole = np.asarray(weights, np.float64).reshape(len(truth), -1)
    return np.broadcast_to(whole, truth.shape[:2])


def _errors(errors: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    return {
        "mae": _mean(np.abs(errors), weights),
        "rmse": float(np.sqrt(_mean(errors**2, weights))),
        "bias": _mean(errors, weights),
    }


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Returns the mean of what counts; 0 where nothing does."""
    counted = weights > 0
    if not counted.any():
        return 0.0
    return float(np.average(values[counted], weights=weights[counted]))
