"""Truth of ``rnnzoo.evaluation.paired``: differences and standard errors as textbooks compute them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rnnzoo
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.paired import (
    PairedDifference,
    bootstrap_difference,
    group_numbers,
    mean_difference,
    paired_difference,
)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    second = rng.random(400) < 0.8
    return np.where(rng.random(400) < 0.1, 1, second).astype(float), second.astype(float)


def test_the_mean_of_differences_and_its_standard_error(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    found = paired_difference(first, second)
    difference = first - second
    assert found.mean == pytest.approx(difference.mean())
    assert found.standard_error == pytest.approx(difference.std(ddof=1) / math.sqrt(400))
    assert (found.groups, found.method) == (400, "rows")
    # Two models that know nothing of each other would differ by far more.
    assert found.standard_error < 0.7 * math.sqrt((first.var() + second.var()) / 400)
    other = paired_difference(second, first)
    assert (other.mean, other.standard_error) == (-found.mean, found.standard_error)


def test_a_model_is_no_better_than_itself(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert paired_difference(pair[0], pair[0]) == PairedDifference(0.0, 0.0, 400, "rows")


def test_groups_count_once(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    once = paired_difference(first, second)
    fourfold = paired_difference(
        np.repeat(first, 4), np.repeat(second, 4), groups=np.repeat(np.arange(400), 4)
    )
    assert fourfold.mean == pytest.approx(once.mean)
    assert fourfold.standard_error == pytest.approx(once.standard_error)
    assert fourfold.groups == 400
    # Groups of unlike size, in any order: the ratio estimator of survey statistics.
    groups = np.random.default_rng(1).integers(0, 30, 400)
    found = paired_difference(first, second, groups=groups)
    residual = first - second - (first - second).mean()
    sums = np.array([residual[groups == group].sum() for group in range(30)])
    assert found.standard_error == pytest.approx(math.sqrt(30 / 29 * (sums**2).sum()) / 400)


def test_a_row_of_weight_two_counts_like_two_rows_of_one_group(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    weights = np.random.default_rng(2).integers(0, 3, 400)
    rows = np.repeat(np.arange(400), weights)
    weighed = paired_difference(first, second, weights=weights)
    repeated = paired_difference(first[rows], second[rows], groups=rows)
    assert weighed.mean == pytest.approx(repeated.mean)
    kept = weights > 0
    again = paired_difference(first[kept], second[kept], weights=weights[kept])
    assert again.standard_error == pytest.approx(repeated.standard_error)


@pytest.mark.slow
def test_the_standard_error_is_that_of_new_rows() -> None:
    rng = np.random.default_rng(3)
    means, errors = [], []
    for _ in range(2000):
        level = rng.normal(size=(20, 1))  # what the rows of a group share
        difference = (0.3 + level + rng.normal(size=(20, 5))).reshape(-1)
        found = paired_difference(difference, np.zeros(100), groups=np.repeat(np.arange(20), 5))
        means.append(found.mean)
        errors.append(found.standard_error)
    assert np.mean(means) == pytest.approx(0.3, abs=0.02)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(means), rel=0.05)


def test_the_bootstrap_agrees_where_the_score_is_a_mean(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    exact = paired_difference(first, second)

    def difference(rows: np.ndarray) -> float:
        return float(first[rows].mean() - second[rows].mean())

    found = bootstrap_difference(difference, 400, resamples=2000)
    assert found.mean == pytest.approx(exact.mean)
    assert found.standard_error == pytest.approx(exact.standard_error, rel=0.06)
    assert (found.groups, found.method) == (400, "bootstrap")
    assert bootstrap_difference(difference, 400) == bootstrap_difference(difference, 400)
    assert bootstrap_difference(difference, 400) != bootstrap_difference(difference, 400, seed=1)


def test_the_bootstrap_draws_whole_groups() -> None:
    seen: list[np.ndarray] = []

    def difference(rows: np.ndarray) -> float:
        seen.append(rows)
        return 0.0

    found = bootstrap_difference(difference, 6, groups=[2, 0, 2, 0, 1, 2], resamples=20)
    assert found.groups == 3
    for rows in seen:
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[3]
        assert counts[0] + counts[1] + counts[4] == 3


def test_folds_are_independent_of_each_other(pair: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pair
    folds = [paired_difference(first[part], second[part]) for part in np.split(np.arange(400), 4)]
    found, whole = mean_difference(folds), paired_difference(first, second)
    assert found.mean == pytest.approx(whole.mean)
    assert found.standard_error == pytest.approx(whole.standard_error, rel=0.05)
    assert found.groups == 400
    assert mean_difference(folds[:1]) == folds[0]


def test_one_group_has_no_standard_error() -> None:
    assert math.isnan(paired_difference([1.0, 0.0], [0.0, 0.0], groups=[5, 5]).standard_error)
    assert math.isnan(bootstrap_difference(lambda rows: 0.0, 1).standard_error)
    assert group_numbers(np.array([9, 9, 4]), 3).tolist() == [1, 1, 0]


def test_it_is_there_for_everybody() -> None:
    assert rnnzoo.paired_difference is paired_difference
    assert rnnzoo.PairedDifference is PairedDifference


def test_wrong_values_are_refused() -> None:
    with pytest.raises(
        DataError,
        match=r"second: received shape \(1,\) for 2 rows; expected one number for each row\. Give those of the same",
    ):
        paired_difference([1.0, 0.0], [1.0])
    with pytest.raises(DataError, match=r"groups: received shape \(3,\) for 2 rows"):
        paired_difference([1.0, 0.0], [1.0, 1.0], groups=[0, 1, 2])
    with pytest.raises(DataError, match="first: received no rows; expected one at least"):
        paired_difference([], [])
    with pytest.raises(DataError, match="weights: received none above 0; expected one at least"):
        paired_difference([1.0], [0.0], weights=[0.0])
    with pytest.raises(ArgumentError, match="rows: received 0"):
        bootstrap_difference(lambda rows: 0.0, 0)
    with pytest.raises(ArgumentError, match="resamples: received 1"):
        bootstrap_difference(lambda rows: 0.0, 5, resamples=1)
