"""Is the difference between two models on the same rows more than chance? The difference and its standard error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import DataError

#: Resamples that are enough for a standard error: Efron & Tibshirani name 50 to 200.
RESAMPLES = 200


@dataclass(frozen=True)
class PairedDifference:
    """A difference between two models on the same rows.

    Attributes:
        mean: The score of the first less that of the second.
        standard_error: How much the mean would vary with other test rows; NaN of fewer than two groups.
        groups: How many groups of rows that are independent of each other it rests on.
        method: ``"rows"``, from the differences of rows, or ``"bootstrap"``, from scores of resampled rows.
    """

    mean: float
    standard_error: float
    groups: int
    method: str


def paired_difference(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    groups: Sequence[int] | np.ndarray | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
) -> PairedDifference:
    """Compares two models on the same rows, by a score that is a mean over rows.

    Rows that both get right, and rows that both get wrong, say nothing of a difference. The standard error of the
    differences of rows is therefore smaller than that of two means that know nothing of each other. It tells how much
    the difference would vary with other test rows, not with other seeds: for several seeds give the mean of each row
    over them, and look at the spread of their scores besides.

    Args:
        first: The score of each row by the first model ``(rows,)``, such as 1 where it is right and 0 where not.
        second: Those of the second model on the same rows ``(rows,)``.
        groups: The group of each row ``(rows,)``: rows of one group hang together, such as windows that overlap or the
            steps of one text, and only groups are independent. ``None`` where each row is one of its own.
        weights: How much each row counts ``(rows,)``; ``None`` for all alike.

    Returns:
        The mean of ``first - second`` and its standard error.

    Raises:
        DataError: If the lengths differ, there is no row, or nothing weighs anything.

    Example:
        >>> found = paired_difference([1, 1, 1, 0], [1, 0, 0, 0])
        >>> found.mean, round(found.standard_error, 4), found.groups
        (0.5, 0.2887, 4)

    Reference:
        Dietterich 1998, Approximate statistical tests for comparing supervised classification learning algorithms
        (why pairs). Liang & Zeger 1986, Longitudinal data analysis using generalized linear models (groups).
    """
    difference = np.asarray(first, np.float64) - _same_length(second, first, "second")
    if not difference.size:
        raise DataError("first: received no rows; expected one at least. Give the scores of the test rows.")
    weighed = np.ones(len(difference)) if weights is None else _same_length(weights, first, "weights")
    total = weighed.sum()
    if not total > 0:
        raise DataError("weights: received none above 0; expected one at least. Leave weights out.")
    numbers = group_numbers(groups, len(difference))
    mean = float(weighed @ difference / total)
    sums = np.bincount(numbers, weighed * (difference - mean))
    count = len(sums)
    error = math.sqrt(count / (count - 1) * (sums @ sums)) / total if count > 1 else math.nan
    return PairedDifference(mean, float(error), count, "rows")


def bootstrap_difference(
    difference: Callable[[np.ndarray], float],
    rows: int,
    *,
    groups: Sequence[int] | np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedDifference:
    """Compares two models on the same rows, by a score that is no mean over rows, such as an F1 or an AUROC.

    Args:
        difference: From the numbers of some rows, some of them several times, to the difference of the two scores on
            them.
        rows: How many rows there are.
        groups: As for ``paired_difference``: whole groups are drawn.
        resamples: How many times rows are drawn.
        seed: What the draws follow from.

    Returns:
        The difference on all rows and, as its standard error, the deviation of those on rows drawn with replacement.

    Raises:
        ArgumentError: If ``rows`` is below 1 or ``resamples`` below 2.

    Example:
        >>> first, second = np.array([3.0, 5.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0, 4.0])
        >>> found = bootstrap_difference(lambda rows: float(np.median(first[rows]) - np.median(second[rows])), 4)
        >>> found.mean, found.groups, found.method
        (2.0, 4, 'bootstrap')

    Reference:
        Efron & Tibshirani 1993, An introduction to the bootstrap.
    """
    checks.integer("rows", rows, minimum=1)
    checks.integer("resamples", resamples, minimum=2)
    members = _members(group_numbers(groups, rows))
    rng = np.random.default_rng(seed)
    drawn = [
        difference(
            np.concatenate([members[number] for number in rng.integers(len(members), size=len(members))])
        )
        for _ in range(resamples)
    ]
    error = float(np.std(drawn, ddof=1)) if len(members) > 1 else math.nan
    return PairedDifference(float(difference(np.arange(rows))), error, len(members), "bootstrap")


def mean_difference(differences: Sequence[PairedDifference]) -> PairedDifference:
    """Returns the mean of differences on rows that have nothing to do with each other, such as those of folds.

    Example:
        >>> folds = [PairedDifference(0.1, 0.03, 50, "rows"), PairedDifference(0.3, 0.04, 50, "rows")]
        >>> found = mean_difference(folds)
        >>> found.mean, round(found.standard_error, 6), found.groups
        (0.2, 0.025, 100)
    """
    count = len(differences)
    return PairedDifference(
        sum(one.mean for one in differences) / count,
        math.hypot(*(one.standard_error for one in differences)) / count,
        sum(one.groups for one in differences),
        differences[0].method,
    )


def group_numbers(groups: Sequence[int] | np.ndarray | None, rows: int) -> np.ndarray:
    """Returns the number of the group of each row, from 0 and without gaps; each row's own where there are none.

    Example:
        >>> group_numbers([7, 7, 3], 3).tolist(), group_numbers(None, 2).tolist()
        ([1, 1, 0], [0, 1])
    """
    if groups is None:
        return np.arange(rows)
    return np.unique(_same_length(groups, range(rows), "groups"), return_inverse=True)[1].reshape(-1)


def _members(numbers: np.ndarray) -> list[np.ndarray]:
    """Returns the numbers of the rows of each group."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.cumsum(np.bincount(numbers))[:-1])


def _same_length(
    values: Sequence[float] | np.ndarray, others: Sequence[float] | np.ndarray, name: str
) -> np.ndarray:
    array: np.ndarray = np.asarray(values)
    if array.shape != (len(others),):
        raise DataError(
            f"{name}: received shape {array.shape} for {len(others)} rows; expected one number for each row. "
            "Give those of the same rows, in the same order."
        )
    return array
