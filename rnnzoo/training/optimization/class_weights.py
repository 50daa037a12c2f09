"""Rare classes that count more while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.tasks import TASKS, Task


def class_weights(splits: Splits, task: Task, wanted: str | Mapping[str, float]) -> np.ndarray:
    """Returns the weight of each class ``(classes,)``.

    Args:
        splits: The data; classes are counted in the training part.
        task: The task.
        wanted: ``"balanced"``: targets / (classes x targets of the class), so that all classes weigh the same and the
            mean over all targets is 1, where a target counts as much as its row weighs; or the weight of some classes
            by label, all others weighing 1.

    Raises:
        ArgumentError: If the targets of the task are no classes, or a class has no row.
        UnknownNameError: If there is no such label.

    Reference:
        King & Zeng 2001, Logistic Regression in Rare Events Data.
    """
    labels = list(splits.decoding.labels or []) if splits.decoding is not None else []
    if not task.weighs_classes or not labels:
        why = "whose targets are no classes"
        if not labels:
            why = "of data without named classes"
        elif task.targets == "classes":
            why = "which does not weigh classes (Task.weighs_classes)"
        raise ArgumentError(
            f"class_weights: received {wanted!r} for task {task.name!r}, {why}; expected one of "
            f"{', '.join(name for name, other in TASKS.items() if other.weighs_classes)}. Leave it out."
        )
    if not isinstance(wanted, str):
        for label in wanted:
            if label not in labels:
                raise UnknownNameError("class", label, labels)
        weights = np.array([wanted.get(label, 1.0) for label in labels], np.float32)
        if not weights.any():
            raise ArgumentError(
                f"class_weights: received 0 for all of {', '.join(labels)}; expected one above 0, for nothing is "
                "learned from rows that weigh nothing."
            )
        return weights
    counts = _count(splits.train, len(labels))
    if not counts.all():
        raise ArgumentError(
            f"class_weights: received 'balanced', but class {labels[int(counts.argmin())]!r} has no training row; "
            "expected one at least of each. Give weights by label."
        )
    return np.asarray(counts.sum() / (len(labels) * counts), np.float32)


def _count(split: Split, classes: int) -> np.ndarray:
    """Returns how much the targets of each class weigh together: how many there are, where none has a weight."""
    counts = np.zeros(classes)
    for _, targets, weights in split.batches(1024):
        numbers = np.asarray(targets, int).reshape(-1)
        given = None if weights is None else np.asarray(weights).reshape(-1)
        counts += np.bincount(numbers, given, minlength=classes)
    return counts


def weigh_by_class(weights: np.ndarray) -> Any:
    """Returns a function for ``tf.data`` that adds or multiplies the weights of batches by those of their classes."""
    import tensorflow as tf

    table = tf.constant(weights)

    def add(inputs: Any, targets: Any, given: Any = None) -> Any:
        of_targets = tf.gather(table, tf.cast(targets, tf.int32))
        if given is None:
            # Two classes have targets (rows, 1): a weight is for a row.
            of_rows = tf.reshape(of_targets, (-1,))
            return inputs, targets, of_rows
        return inputs, targets, tf.reshape(of_targets, tf.shape(given)) * given

    return add
