"""Truth of ``rnnzoo.evaluation.baselines.strengths``: strengths are chosen on validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from baseline_data import texts
from rnnzoo.data.split import as_rows
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.baselines.budget import Budget
from rnnzoo.evaluation.baselines.ridge import RATIOS, BatchedRidge
from rnnzoo.evaluation.baselines.strengths import STRENGTHS, choose_ridge, log_probabilities


@pytest.mark.parametrize("noise", [1e-6, 30.0])
def test_ridge_takes_the_penalty_that_errs_least_on_held_out_rows(noise: float) -> None:
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(140, 30)), rng.normal(size=(30, 2))
    y = x @ weights + noise * rng.normal(size=(140, 2))
    learned, held_out = (x[:60], y[:60]), (x[60:100], y[60:100])
    size = learned[0].var(axis=0).sum()
    models = [Ridge(alpha=ratio * size).fit(*learned) for ratio in RATIOS]
    best = min(models, key=lambda model: ((model.predict(held_out[0]) - held_out[1]) ** 2).sum())
    batched = BatchedRidge().fit_chosen([(x[:25], y[:25]), (x[25:60], y[25:60])], [held_out])
    assert batched.alpha == pytest.approx(best.alpha)
    np.testing.assert_allclose(batched.predict(x[100:]), best.predict(x[100:]), rtol=1e-6)
    chosen = choose_ridge(*learned, held_out, Budget())
    np.testing.assert_allclose(chosen.predict(x[100:]), best.predict(x[100:]), rtol=1e-6)
    assert (best.alpha < size) == (noise < 1)


def test_copies_of_a_feature_do_not_stop_the_ridge() -> None:
    rng = np.random.default_rng(2)
    x = np.repeat(rng.normal(size=(50, 1)), 40, axis=1) * 1e8
    y = x[:, :1] + rng.normal(size=(50, 1))
    model = BatchedRidge().fit_chosen([(x[:30], y[:30])], [(x[30:], y[30:])])
    np.testing.assert_allclose(model.predict(x), x[:, :1], rtol=1e-3, atol=5)


def vectors(analyzer: str) -> tuple[Any, ...]:
    data, options = texts(), {"word": {"ngram_range": (1, 2)}, "char": {"ngram_range": (2, 5)}}
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, **options[analyzer])
    assert data.test is not None
    parts = [data.train, data.validation, data.test]
    vectorizer.fit(list(data.train.raw or ()))
    return tuple(
        (vectorizer.transform(list(part.raw or ())), as_rows(part).gather(np.arange(len(part)))[1])
        for part in parts
    )


@pytest.mark.parametrize(("name", "analyzer"), [("TF-IDF", "word"), ("TF-IDF of characters", "char")])
def test_support_vectors_of_texts_are_those_of_the_best_strength_on_validation(
    name: str, analyzer: str
) -> None:
    learned, held_out, (test_x, _) = vectors(analyzer)
    models = [LinearSVC(C=strength, random_state=0).fit(*learned) for strength in STRENGTHS]
    best = max(models, key=lambda model: model.score(*held_out))
    data = texts()
    assert data.test is not None
    found = run_baselines(data, data.test)[f"linear SVM on {name}"]
    np.testing.assert_allclose(found, best.decision_function(test_x), atol=1e-4)


def test_logistic_regression_has_the_strength_of_the_highest_likelihood_on_validation() -> None:
    learned, (held_x, held_y), (test_x, _) = vectors("word")
    models = [LogisticRegression(C=strength, max_iter=2000).fit(*learned) for strength in STRENGTHS]
    rows = np.arange(len(held_y))
    best = max(models, key=lambda model: model.predict_log_proba(held_x)[rows, held_y].sum())
    data = texts()
    assert data.test is not None
    found = run_baselines(data, data.test)["logistic regression on TF-IDF"]
    np.testing.assert_allclose(found, best.predict_log_proba(test_x), atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_that_is_all_but_sure_has_a_finite_likelihood(classes: int) -> None:
    x = np.repeat(np.eye(classes), 50, axis=0)
    model = LogisticRegression().fit(x, np.repeat(np.arange(classes), 50))
    model.coef_ *= 1e4
    found = log_probabilities(model, x)
    assert np.isfinite(found).all()
    assert found.min() < -1000
    np.testing.assert_allclose(np.exp(found), model.predict_proba(x), atol=1e-12)
