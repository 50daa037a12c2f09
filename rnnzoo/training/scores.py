"""Scores of answers against the truth: the numbers in ``metrics.json``, reports and tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn import metrics

from rnnzoo.decoding.probabilities import log_softmax, sigmoid

Scores = dict[str, float]


def score(task: str, outputs: np.ndarray, targets: np.ndarray) -> Scores:
    """Scores outputs by the customs of a task.

    Args:
        task: A name in the task table.
        outputs: Logits or values; for tagging those of all valid steps, ``(steps, classes)``; for regression and
            forecasting in original units.
        targets: Class numbers, indicators or values of the same rows.

    Returns:
        ``accuracy`` and ``macro_f1`` for classes (``auroc`` too for two), ``micro_f1`` and ``macro_f1`` for
        labels, ``mae``, ``rmse`` (and ``r2`` for regression) for values, ``accuracy`` and ``perplexity`` of the
        tokens of translations.

    Example:
        >>> score("regression", np.array([[1.0], [3.0]]), np.array([[1.0], [2.0]]))["mae"]
        0.5
    """
    return {name: float(value) for name, value in _SCORES[task](outputs, targets).items()}


def class_numbers(task: str, outputs: np.ndarray) -> np.ndarray:
    """Returns the class that each row of logits stands for."""
    if task == "binary_classification":
        return (outputs[:, 0] > 0).astype(int)
    return outputs.argmax(axis=-1)


def _classes(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    return _class_scores(targets, class_numbers("classification", outputs))


def _binary(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    truth = targets.reshape(-1).astype(int)
    scores = _class_scores(truth, class_numbers("binary_classification", outputs))
    if len(np.unique(truth)) == 2:
        scores["auroc"] = metrics.roc_auc_score(truth, outputs[:, 0])
    return scores


def _labels(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    predicted = sigmoid(outputs) > 0.5
    return {
        "micro_f1": metrics.f1_score(targets, predicted, average="micro", zero_division=0),
        "macro_f1": metrics.f1_score(targets, predicted, average="macro", zero_division=0),
        "exact_match": metrics.accuracy_score(targets, predicted),
    }


def _regression(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    scores = _errors(outputs, targets)
    if len(targets) > 1:
        scores["r2"] = metrics.r2_score(targets, outputs)
    return scores


def _errors(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    difference = np.asarray(outputs, np.float64) - targets
    return {"mae": np.abs(difference).mean(), "rmse": np.sqrt((difference**2).mean())}


def _tokens(outputs: np.ndarray, targets: np.ndarray) -> Scores:
    # Piece by piece: a matrix of tokens and words in float64 would be large.
    bits = [
        log_softmax(outputs[start : start + 1024].astype(np.float64))[np.arange(len(truth)), truth]
        for start in range(0, len(targets), 1024)
        for truth in (targets[start : start + 1024],)
    ]
    return {
        "accuracy": (outputs.argmax(axis=-1) == targets).mean(),
        "perplexity": np.exp(-np.concatenate(bits).mean()),
    }


def _class_scores(truth: np.ndarray, predicted: np.ndarray) -> Scores:
    return {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "macro_f1": metrics.f1_score(truth, predicted, average="macro", zero_division=0),
    }


_SCORES: dict[str, Callable[[np.ndarray, np.ndarray], Scores]] = {
    "classification": _classes,
    "binary_classification": _binary,
    "multilabel_classification": _labels,
    "regression": _regression,
    "tagging": _classes,
    "forecasting": _errors,
    "translation": _tokens,
}
