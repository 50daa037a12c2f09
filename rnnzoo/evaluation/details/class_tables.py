"""How well each class is found, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from rnnzoo.evaluation.details.table_rows import TableRows


def class_scores(
    truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str], weights: np.ndarray | None = None
) -> TableRows:
    """Returns precision, recall and F1 of each class, with how often it is true and how often it was predicted.

    A class that was never predicted has precision 0, one that is never true recall 0.

    Args:
        truth: The true class number of each row or step ``(rows,)``; for several labels indicators ``(rows, labels)``.
        predicted: What was predicted, likewise.
        labels: The names of the classes by number.
        weights: How much each row or step counts in precision, recall and F1 ``(rows,)``; ``None`` for all alike.

    Returns:
        A row for each class, in the order of ``labels``: ``class``, ``precision``, ``recall``, ``f1``, ``support``
        (how often it is true), ``predicted`` (how often it was predicted).

    Example:
        >>> class_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])[0]
        {'class': 'cat', 'precision': 1.0, 'recall': 0.5, 'f1': 0.6666666666666666, 'support': 2, 'predicted': 1}
    """
    every = np.arange(len(labels))
    columns = precision_recall_fscore_support(
        truth, predicted, labels=every, average=None, zero_division=0, sample_weight=weights
    )[:3]
    supports, counts = (
        np.bincount(rows, minlength=len(labels)) if rows.ndim == 1 else rows.sum(axis=0)
        for rows in (truth, predicted)
    )
    return [
        {
            "class": label,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
            "predicted": int(count),
        }
        for label, precision, recall, f1, support, count in zip(
            labels, *columns, supports, counts, strict=True
        )
    ]


def confused_pairs(
    truth: np.ndarray,
    predicted: np.ndarray,
    labels: Sequence[str],
    weights: np.ndarray | None = None,
    *,
    most: int = 1000,
) -> TableRows:
    """Returns which class was taken for which, the most frequent first.

    Args:
        truth: The true class number of each row or step ``(rows,)``.
        predicted: What was predicted, likewise.
        labels: The names of the classes by number.
        weights: How much each row or step counts ``(rows,)``, in ``share`` and in which pairs are first; ``None`` for
            all alike.
        most: How many pairs at most.

    Returns:
        A row for each pair that there is: ``true``, ``predicted``, ``count``, and ``share`` of all that are of the true
        class.

    Example:
        >>> confused_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])
        [{'true': 'cat', 'predicted': 'dog', 'count': 1, 'share': 0.5}]
    """
    wrong = truth != predicted
    weighed = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
    pairs, places, counts = np.unique(
        truth[wrong] * len(labels) + predicted[wrong], return_inverse=True, return_counts=True
    )
    sums = np.bincount(places, weights=weighed[wrong], minlength=len(pairs))
    support = np.bincount(truth, weights=weighed, minlength=len(labels))
    found = []
    for place in np.argsort(-sums, kind="stable")[:most].tolist():
        true, other = divmod(int(pairs[place]), len(labels))
        pair = {"true": labels[true], "predicted": labels[other]}
        found.append({**pair, "count": int(counts[place]), "share": float(sums[place] / support[true])})
    return found
