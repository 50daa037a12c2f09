"""Distributions of what is to come: quantiles, or mean and scale of a Gaussian."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError

#: The median and an interval that four values in five fall into.
DEFAULT_QUANTILES = (0.1, 0.5, 0.9)


def check_quantiles(quantiles: object) -> tuple[float, ...]:
    """Checks quantile levels: two at least, rising, between 0 and 1, with the median 0.5 among them.

    Raises:
        ArgumentError: If they are not.

    Example:
        >>> check_quantiles([0.05, 0.5, 0.95])
        (0.05, 0.5, 0.95)
    """
    fix = "Pass e.g. quantiles=(0.1, 0.5, 0.9)."
    if not isinstance(quantiles, Sequence) or isinstance(quantiles, str) or len(quantiles) < 2:
        raise ArgumentError(f"quantiles: received {quantiles!r}; expected two levels or more. {fix}")
    levels = tuple(
        checks.number(f"quantiles[{i}]", level, above=0, below=1, fix=fix)
        for i, level in enumerate(quantiles)
    )
    if any(after <= before for before, after in itertools.pairwise(levels)):
        raise ArgumentError(f"quantiles: received {levels}; expected levels that rise. {fix}")
    if 0.5 not in levels:
        raise ArgumentError(
            f"quantiles: received {levels}; expected 0.5 among them, the median, which is the point forecast. {fix}"
        )
    return levels


def forecast_quantiles(task: str, outputs: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Returns the quantiles ``(..., levels)`` that probabilistic outputs stand for.

    Args:
        task: ``"quantile_forecasting"``, whose outputs ``(..., levels)`` they are themselves, or
            ``"gaussian_forecasting"``, whose outputs ``(..., 2)`` are mean and scale.
        outputs: The outputs.
        levels: The levels.

    Raises:
        DataError: If the outputs are not of that shape.
        UnknownNameError: If it is another task.

    Example:
        >>> forecast_quantiles("gaussian_forecasting", np.array([10.0, 2.0]), (0.1, 0.5, 0.9)).round(2).tolist()
        [7.44, 10.0, 12.56]
    """
    return _QUANTILES[checks.choice("task", task, _QUANTILES)](outputs, levels)


def learned_quantiles(outputs: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Returns outputs ``(..., levels)`` that are quantiles themselves, once their number is checked."""
    return _check_numbers(outputs, len(levels), "one for each level", levels)


def gaussian_quantiles(outputs: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Returns the quantiles ``(..., levels)`` of means and scales ``(..., 2)``."""
    outputs = _check_numbers(outputs, 2, "mean and scale", levels)
    deviations = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles: np.ndarray = outputs[..., :1] + outputs[..., 1:] * deviations
    return quantiles


def _check_numbers(outputs: np.ndarray, expected: int, which: str, levels: Sequence[float]) -> np.ndarray:
    outputs = np.asarray(outputs, np.float64)
    if outputs.ndim < 1 or outputs.shape[-1] != expected:
        raise DataError(
            f"outputs: received the shape {outputs.shape}; expected {expected} numbers last, {which}, with the "
            f"quantiles {tuple(levels)}. Name the quantiles that the model was built with."
        )
    return outputs


_QUANTILES: dict[str, Callable[[np.ndarray, Sequence[float]], np.ndarray]] = {
    "quantile_forecasting": learned_quantiles,
    "gaussian_forecasting": gaussian_quantiles,
}
