"""Truth of ``rnnzoo.evaluation.baselines.baselines`` and ``rnnzoo.evaluation.baselines.budget``."""

from __future__ import annotations

import numpy as np
import pytest

from baseline_data import NAMES, series, words
from rnnzoo import Splits
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.baselines.baselines import answer_each, list_baselines
from rnnzoo.evaluation.baselines.budget import Budget, BudgetExceededError
from rnnzoo.evaluation.baselines.forecasts import NLINEAR, RIDGE, TREES, _fit_nlinear
from rnnzoo.evaluation.baselines.own_levels import OwnLevels


def test_two_classes_and_several_labels_have_the_same_baselines() -> None:
    rows, labels = words(120)
    expected = {
        "linear SVM on TF-IDF",
        "linear SVM on TF-IDF of characters",
        "logistic regression on TF-IDF",
    }
    two = Splits.from_arrays(rows, [name == "up" for name in labels], task="binary_classification")
    several = Splits.from_arrays(
        rows,
        [[name, "all"] if row % 2 else [name] for row, name in enumerate(labels)],
        task="multilabel_classification",
    )
    for splits, columns in ((two, 1), (several, 4)):
        assert splits.test is not None
        found = run_baselines(splits, splits.test)
        assert set(found) - {"majority class"} == expected
        truth = splits.rows("test").gather(np.arange(len(splits.test)))[1].reshape(-1, columns)
        for name in expected:
            assert found[name].shape == truth.shape
            agreement = ((found[name] > 0) == truth)[:, 0 if columns == 1 else -1].mean()
            assert agreement > 0.6


def test_a_baseline_that_cannot_be_fitted_is_named_and_the_others_are_there() -> None:
    # No text has a word of two letters.
    rows = [f"{'ab'[row % 2]} {row // 10} {row % 10}" for row in range(60)]
    splits = Splits.from_arrays(rows, ["up", "down"] * 30)
    assert splits.test is not None
    answers = {answer.name: answer for answer in answer_each(splits, splits.test)}
    assert list(answers) == list_baselines(splits, splits.test) == NAMES
    for name in ("linear SVM on TF-IDF", "logistic regression on TF-IDF"):
        assert answers[name].outputs is None
        assert answers[name].skipped == (
            "it cannot be fitted to these rows: empty vocabulary; perhaps the documents only contain stop words"
        )
    found, truth = (
        answers["linear SVM on TF-IDF of characters"].outputs,
        splits.rows("test").gather(range(9))[1],
    )
    assert found is not None
    np.testing.assert_array_equal(found.argmax(axis=1), truth)


def test_what_the_budget_does_not_hold_is_left_out_and_named() -> None:
    data = series()
    answers = list(answer_each(data, data.validation, seconds=1e-9))
    assert [answer.name for answer in answers] == ["persistence", "seasonal naive", NLINEAR, RIDGE, TREES]
    assert {answer.skipped for answer in answers} == {"the 1e-09 s for baselines were over"}
    budget = Budget(60)
    budget.ask(59)
    with pytest.raises(BudgetExceededError, match="about 61 s of work, of 60 s for baselines 60 s were left"):
        budget.ask(61)
    with pytest.raises(BudgetExceededError):
        _fit_nlinear(data, OwnLevels(data), 1, Budget(-1))
