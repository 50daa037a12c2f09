"""Where forecasts are wrong: at which step ahead, in which series, and how often beyond their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from rnnzoo.evaluation.details.table_rows import TableRows


def errors_by_step(forecast: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> TableRows:
    """Returns the errors at each step ahead.

    Args:
        forecast: Point forecasts ``(rows, horizon, targets)``, in original units.
        truth: What came ``(rows, horizon, targets)``.
        names: The names of the targets.

    Returns:
        A row for each step and target: ``step`` (from 1), ``target``, ``mae``, ``rmse``, and ``bias``, the mean of
        forecast minus truth.

    Example:
        >>> errors_by_step(np.array([[[1.0], [5.0]]]), np.array([[[1.0], [2.0]]]), ["load"])[1]
        {'step': 2, 'target': 'load', 'mae': 3.0, 'rmse': 3.0, 'bias': 3.0}
    """
    errors = np.asarray(forecast, np.float64) - truth
    return [
        {"step": step + 1, "target": name, **_errors(errors[:, step, target])}
        for step, (target, name) in product(range(errors.shape[1]), enumerate(names))
    ]


def errors_by_series(
    forecast: np.ndarray, truth: np.ndarray, names: Sequence[str], series: Sequence[str] | np.ndarray
) -> TableRows:
    """Returns the errors in each series, over all steps ahead; the series of the largest error first.

    Args:
        forecast: As for ``errors_by_step``.
        truth: Likewise.
        names: Likewise.
        series: The name of the series of each row ``(rows,)``.

    Returns:
        A row for each series and target: ``series``, ``target``, ``windows``, ``mae``, ``rmse``, ``bias``.

    Example:
        >>> forecast, truth = np.array([[[1.0]], [[5.0]]]), np.array([[[1.5]], [[2.0]]])
        >>> [(row["series"], row["mae"]) for row in errors_by_series(forecast, truth, ["sales"], ["a", "b"])]
        [('b', 3.0), ('a', 0.5)]
    """
    errors = np.asarray(forecast, np.float64) - truth
    found, numbers = np.unique(np.asarray(series, str), return_inverse=True)
    # Rows of one series lie together then, whatever their number.
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(found)))
    rows = [
        {"series": str(name), "target": target, "windows": len(part), **_errors(part[..., place])}
        for name, part in zip(found, np.split(errors[order], ends[:-1]), strict=True)
        for place, target in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row["mae"])


def coverage(
    quantiles: np.ndarray, truth: np.ndarray, levels: Sequence[float], names: Sequence[str]
) -> TableRows:
    """Returns how often the truth lies within each central interval, the narrowest first.

    Args:
        quantiles: Quantiles ``(rows, horizon, targets, levels)``, in original units.
        truth: What came ``(rows, horizon, targets)``.
        levels: The levels, rising; intervals go from the first to the last, from the second to the last but one.
        names: The names of the targets.

    Returns:
        A row for each interval and target: ``level`` (the share that should lie within), ``lower`` and ``upper`` (the
        levels of its ends), ``target``, ``coverage`` (the share that does), ``width`` (the mean).

    Example:
        >>> coverage(np.array([[[[0.0, 1.0, 3.0]]]]), np.array([[[2.0]]]), (0.1, 0.5, 0.9), ["load"])
        [{'level': 0.8, 'lower': 0.1, 'upper': 0.9, 'target': 'load', 'coverage': 1.0, 'width': 3.0}]
    """
    found = []
    for low, high in _intervals(len(levels)):
        lower, upper = quantiles[..., low], quantiles[..., high]
        inside = ((truth >= lower) & (truth <= upper)).mean(axis=(0, 1))
        width = (upper - lower).mean(axis=(0, 1))
        level = {"level": round(levels[high] - levels[low], 10), "lower": levels[low], "upper": levels[high]}
        found += [
            {**level, "target": name, "coverage": float(share), "width": float(size)}
            for name, share, size in zip(names, inside, width, strict=True)
        ]
    return found


def _intervals(levels: int) -> Iterator[tuple[int, int]]:
    return ((number, levels - 1 - number) for number in reversed(range(levels // 2)))


def _errors(errors: np.ndarray) -> dict[str, float]:
    return {
        "mae": float(np.abs(errors).mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "bias": float(errors.mean()),
    }
