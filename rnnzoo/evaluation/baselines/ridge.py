"""Ridge regression on rows that come batch by batch, so that all are learned from whatever memory there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

#: Penalties to choose from, as multiples of the mean squared length of a row around the mean row. Where the weights of
#: the truth are alike in size, the best multiple is the variance of the noise over that of the signal.
RATIOS = tuple(10.0**power for power in range(-6, 4))

#: Features and targets, and the weight of each row where they do not count alike.
Batches = Iterable[tuple[np.ndarray, np.ndarray] | tuple[np.ndarray, np.ndarray, np.ndarray | None]]


class BatchedRidge:
    """Least squares with the penalty ``alpha`` times the squared coefficients; the intercept is free of it.

    The sums of products of all rows are kept, not the rows: ``features * (features + targets)`` numbers.

    Args:
        alpha: The penalty.

    Attributes:
        coefficients: ``(features, targets)``, once it is fitted.
        intercept: ``(targets,)``, likewise.

    Source:
        A. E. Hoerl and R. W. Kennard, Ridge Regression (1970).

    Example:
        >>> model = BatchedRidge(alpha=1e-9).fit([(np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]]))])
        >>> model.predict(np.array([[2.0]])).round(6).tolist()
        [[5.0]]
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, batches: Batches) -> BatchedRidge:
        """Fits on batches of features ``(rows, features)`` and targets ``(rows, targets)``.

        A third array ``(rows,)`` may say how much each row counts: a row of weight 2 counts like two.
        """
        return self._solve(_sums(batches))

    def fit_chosen(self, batches: Batches, held_out: Batches) -> BatchedRidge:
        """Fits likewise, with the penalty of those in ``RATIOS`` that errs least on held-out batches.

        Args:
            batches: Features ``(rows, features)`` and targets ``(rows, targets)``.
            held_out: The same of the rows to choose by.

        Returns:
            The model; its ``alpha`` is what was chosen.
        """
        learned = _sums(batches)
        held = _sums(held_out, start=(learned.x_start, learned.y_start))
        size = float(np.trace(learned.xx)) / learned.rows or 1.0
        errors: dict[float, float] = {}
        for alpha in (ratio * size for ratio in RATIOS):
            try:
                self.alpha = alpha
                self._solve(learned)
            except linalg.LinAlgError:  # too weak for features that are sums of each other
                continue
            errors[alpha] = held.squared_error(self.coefficients)
        self.alpha = min(errors, key=lambda alpha: errors[alpha])
        return self._solve(learned)

    def _solve(self, sums: _Sums) -> BatchedRidge:
        covariance = sums.xx.copy()
        covariance[np.diag_indices_from(covariance)] += self.alpha
        # Without a lag there is nothing to solve, and LAPACK takes no empty matrix.
        solved = linalg.cho_solve(linalg.cho_factor(covariance), sums.xy) if len(covariance) else sums.xy
        self.coefficients: np.ndarray = solved
        self.intercept: np.ndarray = sums.y_start - sums.x_start @ solved
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns values ``(rows, targets)``."""
        answers: np.ndarray = x.astype(np.float64) @ self.coefficients + self.intercept
        return answers


@dataclass(frozen=True)
class _Sums:
    """Sums of products of rows around ``x_start`` and ``y_start``; ``yy`` over all targets together."""

    rows: float
    x_start: np.ndarray
    y_start: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: float

    def squared_error(self, coefficients: np.ndarray) -> float:
        """Returns the squared error of a linear map through the start, over all rows and targets."""
        return float(
            self.yy - 2 * (coefficients * self.xy).sum() + (coefficients * (self.xx @ coefficients)).sum()
        )


def _sums(batches: Batches, start: tuple[np.ndarray, np.ndarray] | None = None) -> _Sums:
    """Sums batches around ``start``; around their mean if there is none."""
    rows, x_sum, y_sum, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    around: Any = start
    for x, y, *weights in batches:
        # In float64: the lags of a series are nearly collinear, which float32 cannot resolve. Around the
        # first rows' mean: products of values far from zero would leave no digits for their differences.
        x, y = x.astype(np.float64), y.astype(np.float64)
        if around is None:
            around = x.mean(axis=0), y.mean(axis=0)
        x, y = x - around[0], y - around[1]
        if weights and weights[0] is not None:
            rows += float(weights[0].sum())
            root = np.sqrt(weights[0])[:, None]
            x_sum, y_sum = x_sum + (root**2 * x).sum(axis=0), y_sum + (root**2 * y).sum(axis=0)
            x, y = root * x, root * y
        else:
            rows += len(x)
            x_sum, y_sum = x_sum + x.sum(axis=0), y_sum + y.sum(axis=0)
        xx, xy, yy = xx + x.T @ x, xy + x.T @ y, yy + float(np.einsum("ij,ij->", y, y))
    if start is not None:
        return _Sums(rows, *start, np.asarray(xx), np.asarray(xy), yy)
    x_mean, y_mean = np.asarray(x_sum / rows), np.asarray(y_sum / rows)
    return _Sums(
        rows,
        around[0] + x_mean,
        around[1] + y_mean,
        np.asarray(xx - rows * np.outer(x_mean, x_mean)),
        np.asarray(xy - rows * np.outer(x_mean, y_mean)),
        yy - rows * float(y_mean @ y_mean),
    )
