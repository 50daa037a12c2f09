"""Baselines of answers to whole rows: classes, labels, numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines.budget import Budget, Fit
from rnnzoo.evaluation.baselines.strengths import (
    Weights,
    choose_logistic,
    choose_logistics,
    choose_ridge,
    choose_svm,
    log_probabilities,
)
from rnnzoo.evaluation.baselines.views import Parts, characters, is_text, lazy_design, row_weights, targets

#: From a view and a budget to logits or decision values of the part to answer.
_Answer = Callable[[Parts, Budget], np.ndarray]


def classification(splits: Splits, part: Split) -> dict[str, Fit]:
    """The majority class, logistic regression and, for texts, support vector machines of one class against all."""
    truth, weights = _truth(splits), _weights(splits)
    every = np.arange(len(splits.get_decoding().labels or ()))

    def majority(budget: Budget) -> np.ndarray:
        logits = np.zeros((len(part), len(every)))
        logits[:, np.bincount(truth()[0], weights()[0]).argmax()] = 1
        return logits

    def logistic(view: Parts, budget: Budget) -> np.ndarray:
        model = choose_logistic(view[0], truth()[0], (view[1], truth()[1]), budget, weights())
        logits = np.full((len(part), len(every)), -np.inf)
        logits[:, model.classes_] = log_probabilities(model, view[2])
        return logits

    def svm(view: Parts, budget: Budget) -> np.ndarray:
        indicators, held = (values[:, None] == every for values in truth())
        model = choose_svm(view[0], indicators, (view[1], held), budget, score=_accuracy, weights=weights())
        return model.decide(view[2])

    return {"majority class": majority, **_linear(splits, part, logistic, svm)}


def binary_classification(splits: Splits, part: Split) -> dict[str, Fit]:
    """The majority class, logistic regression and, for texts, support vector machines."""
    truth, weights = _truth(splits), _weights(splits)

    def numbers() -> tuple[np.ndarray, ...]:
        return tuple(values.reshape(-1).astype(int) for values in truth())

    def logistic(view: Parts, budget: Budget) -> np.ndarray:
        classes, held_out = numbers()
        model = choose_logistic(view[0], classes, (view[1], held_out), budget, weights())
        return np.asarray(model.decision_function(view[2]))[:, None]

    def svm(view: Parts, budget: Budget) -> np.ndarray:
        classes, held_out = numbers()
        held = view[1], held_out[:, None]
        return choose_svm(
            view[0], classes[:, None], held, budget, score=_share_right, weights=weights()
        ).decide(view[2])

    return {
        "majority class": lambda budget: np.full(
            (len(part), 1), np.average(numbers()[0], weights=weights()[0]) - 0.5
        ),
        **_linear(splits, part, logistic, svm),
    }


def multilabel_classification(splits: Splits, part: Split) -> dict[str, Fit]:
    """Logistic regression and, for texts, support vector machines, of each label on its own."""
    truth, weights = _truth(splits), _weights(splits)

    def logistic(view: Parts, budget: Budget) -> np.ndarray:
        labels, held_out = (values.astype(int) for values in truth())
        return choose_logistics(view[0], labels, (view[1], held_out), budget, weights()).decide(view[2])

    def svm(view: Parts, budget: Budget) -> np.ndarray:
        labels, held_out = (values.astype(int) for values in truth())
        return choose_svm(
            view[0], labels, (view[1], held_out), budget, score=_micro_f1, weights=weights()
        ).decide(view[2])

    return _linear(splits, part, logistic, svm)


def regression(splits: Splits, part: Split) -> dict[str, Fit]:
    """The mean, and ridge regression."""
    restore = splits.get_decoding().in_original_units
    truth, weights = _truth(splits), _weights(splits)
    name, view = lazy_design(splits, part)

    def ridge(budget: Budget) -> np.ndarray:
        train_x, held_out_x, part_x = view()
        model = choose_ridge(train_x, truth()[0], (held_out_x, truth()[1]), budget, weights())
        return np.asarray(restore(np.asarray(model.predict(part_x)).reshape(len(part), -1)))

    def mean(budget: Budget) -> np.ndarray:
        usual = np.average(truth()[0], axis=0, weights=weights()[0])
        return restore(np.repeat(usual[None], len(part), axis=0))

    return {"mean": mean, f"ridge regression on {name}": ridge}


def _truth(splits: Splits) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    """Returns what gives the targets of training and validation, read when they are first asked for."""
    return cache(lambda: (targets(splits.train), targets(splits.validation)))


def _weights(splits: Splits) -> Callable[[], Weights]:
    """Returns what gives the weights of the rows of training and validation, read likewise."""
    return cache(lambda: (row_weights(splits.train), row_weights(splits.validation)))


def _linear(splits: Splits, part: Split, logistic: _Answer, svm: _Answer) -> dict[str, Fit]:
    """Returns the linear models of a task, those that take longest last."""
    name, view = lazy_design(splits, part)
    on_view = {f"logistic regression on {name}": lambda budget: logistic(view(), budget)}
    if not is_text(splits):
        return on_view
    parts = (splits.train, splits.validation, part)
    return {
        f"linear SVM on {name}": lambda budget: svm(view(), budget),
        "linear SVM on TF-IDF of characters": partial(_of_characters, parts, svm),
        **on_view,
    }


def _of_characters(parts: tuple[Any, ...], svm: _Answer, budget: Budget) -> np.ndarray:
    return svm(characters(parts, budget), budget)


def _accuracy(decisions: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(decisions.argmax(axis=1) == truth.argmax(axis=1), weights=weights))


def _share_right(decisions: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(((decisions > 0) == truth).mean(axis=1), weights=weights))


def _micro_f1(decisions: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> float:
    return float(f1_score(truth, decisions > 0, average="micro", zero_division=0, sample_weight=weights))
