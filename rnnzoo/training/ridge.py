"""Ridge regression on rows that come batch by batch, so that all are learned from whatever memory there is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import linalg


class BatchedRidge:
    """Least squares with the penalty ``alpha`` times the squared coefficients; the intercept is free of it.

    The sums of products of all rows are kept, not the rows: ``features * (features + targets)`` numbers.

    Args:
        alpha: The penalty.

    Source:
        A. E. Hoerl and R. W. Kennard, Ridge Regression (1970).

    Example:
        >>> model = BatchedRidge(alpha=1e-9).fit([(np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]]))])
        >>> model.predict(np.array([[2.0]])).round(6).tolist()
        [[5.0]]
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> BatchedRidge:
        """Fits on batches of features ``(rows, features)`` and targets ``(rows, targets)``."""
        rows, x_sum, y_sum, xx, xy = 0, 0.0, 0.0, 0.0, 0.0
        start: np.ndarray | float = 0.0
        for x, y in batches:
            # In float64: the lags of a series are nearly collinear, which float32 cannot resolve. Around the
            # first rows' mean: products of values far from zero would leave no digits for their differences.
            x, y = x.astype(np.float64), y.astype(np.float64)
            start = start if rows else x.mean(axis=0)
            x -= start
            rows += len(x)
            x_sum, y_sum = x_sum + x.sum(axis=0), y_sum + y.sum(axis=0)
            xx, xy = xx + x.T @ x, xy + x.T @ y
        x_mean, y_mean = x_sum / rows, y_sum / rows
        covariance = xx - rows * np.outer(x_mean, x_mean)
        covariance[np.diag_indices_from(covariance)] += self.alpha
        self.coefficients = linalg.solve(covariance, xy - rows * np.outer(x_mean, y_mean), assume_a="pos")
        self.intercept = y_mean - (start + x_mean) @ self.coefficients
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Returns values ``(rows, targets)``."""
        answers: np.ndarray = x.astype(np.float64) @ self.coefficients + self.intercept
        return answers
