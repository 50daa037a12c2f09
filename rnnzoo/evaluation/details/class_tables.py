"""How well each class is found, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from rnnzoo.evaluation.details.table_rows import TableRows


def class_scores(truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> TableRows:
    """Returns precision, recall and F1 of each class, with how often it is true and how often it was predicted.

    A class that was never predicted has precision 0, one that is never true recall 0.

    Args:
        truth: The true class number of each row or step ``(rows,)``; for several labels indicators ``(rows, labels)``.
        predicted: What was predicted, likewise.
        labels: The names of the classes by number.

    Returns:
        A row for each class, in the order of ``labels``: ``class``, ``precision``, ``recall``, ``f1``, ``support``
        (how often it is true), ``predicted`` (how often it was predicted).

    Example:
        >>> class_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])[0]
        {'class': 'cat', 'precision': 1.0, 'recall': 0.5, 'f1': 0.6666666666666666, 'support': 2, 'predicted': 1}
    """
    every = np.arange(len(labels))
    columns = precision_recall_fscore_support(truth, predicted, labels=every, average=None, zero_division=0)
    counts = np.bincount(predicted, minlength=len(labels)) if predicted.ndim == 1 else predicted.sum(axis=0)
    return [
        {
            "class": label,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
            "predicted": int(count),
        }
        for label, precision, recall, f1, support, count in zip(labels, *columns, counts, strict=True)
    ]


def confused_pairs(
    truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str], *, most: int = 1000
) -> TableRows:
    """Returns which class was taken for which, the most frequent first.

    Args:
        truth: The true class number of each row or step ``(rows,)``.
        predicted: What was predicted, likewise.
        labels: The names of the classes by number.
        most: How many pairs at most.

    Returns:
        A row for each pair that there is: ``true``, ``predicted``, ``count``, and ``share`` of all that are of the true
        class.

    Example:
        >>> confused_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])
        [{'true': 'cat', 'predicted': 'dog', 'count': 1, 'share': 0.5}]
    """
    wrong = truth != predicted
    pairs, counts = np.unique(truth[wrong] * len(labels) + predicted[wrong], return_counts=True)
    support = np.bincount(truth, minlength=len(labels))
    order = np.argsort(-counts, kind="stable")[:most]
    found = []
    for pair, count in zip(pairs[order].tolist(), counts[order].tolist(), strict=True):
        true, other = divmod(pair, len(labels))
        share = count / int(support[true])
        found.append({"true": labels[true], "predicted": labels[other], "count": count, "share": share})
    return found
