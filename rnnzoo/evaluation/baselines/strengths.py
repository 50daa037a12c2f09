"""Linear models, regularized as does best on the validation part."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from rnnzoo.decoding.probabilities import log_softmax
from rnnzoo.evaluation.baselines.budget import Budget
from rnnzoo.evaluation.baselines.ridge import RATIOS

#: Inverse strengths of regularization to choose from.
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
_ITERATIONS = 2000
#: Above this many weights an iteration of logistic regression takes so long that the clock is asked more often.
_MANY_WEIGHTS = 1_000_000

Model = TypeVar("Model")
#: How much the rows of training and those to choose by count; ``None`` for all alike.
Weights = tuple[np.ndarray | None, np.ndarray | None]
_ALIKE: Weights = (None, None)


def choose_logistic(
    x: Any,
    targets: np.ndarray,
    held_out: tuple[Any, np.ndarray],
    budget: Budget,
    weights: Weights = _ALIKE,
) -> LogisticRegression:
    """Fits logistic regression with the strength that gives held-out rows the highest likelihood.

    Args:
        x: The view of the training rows ``(rows, features)``.
        targets: Their classes.
        held_out: The same of the rows to choose by.
        budget: Asked between pieces of the work.
        weights: How much the rows of both count.
    """
    models = (_fit_logistic(x, budget, weights[0], strength, targets) for strength in STRENGTHS)
    return _best(models, lambda model: _likelihood(model, *held_out, weights[1]))


def choose_logistics(
    x: Any,
    targets: np.ndarray,
    held_out: tuple[Any, np.ndarray],
    budget: Budget,
    weights: Weights = _ALIKE,
) -> Linear:
    """Fits a logistic regression for each column of indicators, all with one strength, chosen likewise."""
    models = (_columns(targets, partial(_fit_logistic, x, budget, weights[0], c)) for c in STRENGTHS)
    held_out_x, truth = held_out
    return _best(models, lambda model: -_cross_entropy(model.decide(held_out_x), truth, weights[1]))


def choose_svm(
    x: Any,
    targets: np.ndarray,
    held_out: tuple[Any, np.ndarray],
    budget: Budget,
    *,
    score: Callable[[np.ndarray, np.ndarray, np.ndarray | None], float],
    weights: Weights = _ALIKE,
) -> Linear:
    """Fits a linear support vector machine for each column of indicators, with the strength of the best score.

    Args:
        x: The view of the training rows ``(rows, features)``.
        targets: Indicators ``(rows, columns)``; one class against all others is a column.
        held_out: The same of the rows to choose by.
        budget: Asked between pieces of the work.
        score: From decision values, indicators and weights of the held-out rows to what is to be high.
        weights: How much the rows of both count.
    """
    models = (_columns(targets, partial(_fit_svm, x, budget, weights[0], c)) for c in STRENGTHS)
    held_out_x, truth = held_out
    return _best(models, lambda model: score(model.decide(held_out_x), truth, weights[1]))


def choose_ridge(
    x: Any,
    targets: np.ndarray,
    held_out: tuple[Any, np.ndarray],
    budget: Budget,
    weights: Weights = _ALIKE,
) -> Ridge:
    """Fits ridge regression with the penalty of the least squared error on held-out rows.

    Args:
        x: The view of the training rows ``(rows, features)``, dense or sparse.
        targets: Their values ``(rows, targets)``.
        held_out: The same of the rows to choose by.
        budget: Asked between pieces of the work.
        weights: How much the rows of both count.
    """
    squared = x.multiply(x).sum() / x.shape[0] if sparse.issparse(x) else np.var(x, axis=0).sum()
    size = float(squared) or 1.0
    held_out_x, truth = held_out

    def fit(ratio: float) -> Ridge:
        budget.check()
        return Ridge(alpha=ratio * size).fit(x, targets, sample_weight=weights[0])

    def loss(model: Ridge) -> float:
        squares = (np.asarray(model.predict(held_out_x)).reshape(truth.shape) - truth) ** 2
        return float((squares if weights[1] is None else squares * weights[1][:, None]).sum())

    return _best((fit(ratio) for ratio in RATIOS), lambda model: -loss(model))


@dataclass(frozen=True)
class Linear:
    """A linear decision for each column: above 0 is yes.

    Attributes:
        weights: ``(features, columns)``.
        intercepts: ``(columns,)``; infinite where all training rows are alike.
    """

    weights: np.ndarray
    intercepts: np.ndarray

    def decide(self, x: Any) -> np.ndarray:
        """Returns decision values ``(rows, columns)``."""
        return np.asarray(x @ self.weights) + self.intercepts


def _columns(targets: np.ndarray, fit: Callable[[np.ndarray], Any]) -> Linear:
    weights: list[np.ndarray | None] = []
    intercepts: list[float] = []
    for column in targets.T:
        if len(np.unique(column)) == 1:
            weights.append(None)
            intercepts.append(np.inf if column[0] else -np.inf)
            continue
        model = fit(column)
        weights.append(model.coef_[0])
        intercepts.append(float(model.intercept_[0]))
    width = next((len(w) for w in weights if w is not None), 0)
    if width == 0:
        raise ValueError("every class is in all training rows or in none")
    return Linear(
        np.stack([np.zeros(width) if w is None else w for w in weights], axis=1), np.array(intercepts)
    )


def _fit_logistic(
    x: Any, budget: Budget, weights: np.ndarray | None, strength: float, targets: np.ndarray
) -> LogisticRegression:
    steps = 100 if x.shape[1] * len(np.unique(targets)) < _MANY_WEIGHTS else 25
    model = LogisticRegression(C=strength, max_iter=steps, warm_start=True)
    for _ in range(_ITERATIONS // steps):
        budget.check()
        _fit_quietly(model, x, targets, weights)
        if model.n_iter_.max() < steps:
            break
    return model


def _fit_svm(
    x: Any, budget: Budget, weights: np.ndarray | None, strength: float, targets: np.ndarray
) -> LinearSVC:
    budget.check()
    return _fit_quietly(LinearSVC(C=strength, random_state=0), x, targets, weights)


def _fit_quietly(model: Any, x: Any, targets: np.ndarray, weights: np.ndarray | None) -> Any:
    # What has not come to its end is judged on held-out rows like all others.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, targets, sample_weight=weights)


def _best(models: Iterable[Model], score: Callable[[Model], float]) -> Model:
    """Returns the model of the highest score, the first of equals; only two are in memory."""
    best: tuple[float, Model] | None = None
    for model in models:
        found = score(model)
        if best is None or found > best[0]:
            best = found, model
    assert best is not None, "there are strengths to choose from"
    return best[1]


def log_probabilities(model: LogisticRegression, x: Any) -> np.ndarray:
    """Returns the logarithm of the probability of each class that the model knows, ``(rows, classes)``.

    Unlike the logarithm of probabilities, which scikit-learn takes, it stays finite where one class is all but sure.
    """
    decisions = np.asarray(model.decision_function(x))
    if decisions.ndim == 1:
        decisions = np.stack([np.zeros_like(decisions), decisions], axis=1)
    return log_softmax(decisions)


def _likelihood(model: LogisticRegression, x: Any, targets: np.ndarray, weights: np.ndarray | None) -> float:
    # A rare class may be in no training row of a fold.
    known = np.isin(targets, model.classes_)
    columns = np.searchsorted(model.classes_, targets[known])
    logs = log_probabilities(model, x)[np.flatnonzero(known), columns]
    return float((logs if weights is None else logs * weights[known]).sum())


def _cross_entropy(decisions: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> float:
    # Columns that are alike in all training rows have infinite decisions at every strength.
    finite = np.isfinite(decisions).all(axis=0)
    signs = np.where(truth[:, finite] > 0, -1.0, 1.0)
    losses = np.logaddexp(0.0, signs * decisions[:, finite])
    return float((losses if weights is None else losses * weights[:, None]).sum())
