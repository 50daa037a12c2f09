"""Rows whose labels no training row has, where a row may have many: tags, several labels, characters of transcripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from rnnzoo.data.targets import shown_name
from rnnzoo.data.unlabelled import NO_TAG
from rnnzoo.preprocessing.base import Rows
from rnnzoo.task import Task

#: The labels of a row, from its target.
RowLabels = Callable[[Any], set[str]]


def labels_in_rows(task: Task, targets: Rows) -> RowLabels | None:
    """Returns what finds the labels of a row; ``None`` for tasks whose rows have no or one label.

    Args:
        task: The task.
        targets: The targets of all rows: the columns of an indicator matrix are known whatever part a row is in.
    """
    if task.data != "rows":
        return None
    if task.targets == "symbols":
        return lambda text: set(text) if isinstance(text, str) else set()
    matrix = isinstance(targets, np.ndarray) and targets.ndim == 2 and not task.per_step
    if (task.per_step or task.targets == "labels") and not matrix:
        return lambda labels: set(map(shown_name, _known(labels))) if isinstance(labels, Iterable) else set()
    return None


def _known(labels: Iterable[Any]) -> list[Any]:
    return [label for label in labels if label is not NO_TAG]


def rows_of_unknown_labels(
    numbers: dict[str, np.ndarray], targets: Rows, labels: RowLabels
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Returns the rows of other parts that have a label which no training row has.

    Args:
        numbers: The numbers of the rows of each part, of ``"train"`` too.
        targets: The targets of all rows.
        labels: The labels of a row.

    Returns:
        Their numbers by part, and how many of them have each of these labels.
    """
    known: set[str] = set().union(*(labels(targets[row]) for row in numbers["train"]))
    found: dict[str, np.ndarray] = {}
    counts: Counter[str] = Counter()
    for name, rows in numbers.items():
        unknown = {int(row): labels(targets[row]) - known for row in rows} if name != "train" else {}
        found[name] = np.array([row for row, own in unknown.items() if own], int)
        for own in unknown.values():
            counts.update(own)
    return found, dict(sorted(counts.items()))
