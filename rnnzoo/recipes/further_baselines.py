"""Baselines stronger than the usual, for recipes on small tables of numbers, where they are known to do well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.svm import SVC

from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines import design

#: By name: makes the classifier.
FURTHER_BASELINES: dict[str, Callable[[], Any]] = {
    "extra trees": lambda: ExtraTreesClassifier(500, random_state=0),
    "support vector machine": lambda: SVC(),
}


def run_further_baseline(name: str, splits: Splits, part: Split) -> dict[str, np.ndarray]:
    """Fits a baseline on the training part, in scikit-learn's default setting, and lets it answer ``part``.

    Args:
        name: A name in ``FURTHER_BASELINES``.
        splits: Data for classification.
        part: The part to answer.

    Returns:
        Its answers by a name that says what it sees: 1 for its class, 0 for all others, ``(rows, classes)``.
    """
    view, (train_x, _, part_x) = design(splits, part)
    targets = splits.rows("train").gather(np.arange(len(splits.train)))[1]
    answers = np.eye(len(splits.get_decoding().labels or ()))[
        FURTHER_BASELINES[name]().fit(train_x, targets).predict(part_x)
    ]
    return {f"{name} on {view}": answers}
