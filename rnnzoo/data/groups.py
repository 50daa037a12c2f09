"""Splitting rows so that those which belong together stay in one part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.data.splitting import Pair, Parts, split_rows
from rnnzoo.data.targets import label_names
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.base import Rows


def split_groups(
    inputs: Rows,
    targets: Rows,
    groups: Sequence[Hashable],
    *,
    validation_fraction: float = FRACTION,
    test_fraction: float = FRACTION,
    stratify: bool = True,
    seed: int = 0,
    fold: tuple[int, int] | None = None,
) -> dict[str, Pair]:
    """Splits rows into parts that share no group: copies of a row, or rows of one patient, film or speaker.

    A copy of a training row in the test part is not a test. Groups are shuffled and stratified by the target of
    their first row; the shares are those of groups.

    Args:
        inputs: The rows.
        targets: One per row.
        groups: The group of each row.
        validation_fraction: Share of groups for validation.
        test_fraction: Share of groups for the test; 0 for no test part.
        stratify: Whether each part gets its share of every class; ``False`` for targets that are no classes.
        seed: Seed of the split.
        fold: ``(i, n)`` cuts the groups into ``n`` folds, alike in classes, and makes fold ``i``, counted from 0, the
            test part instead of a share; the folds of one seed are each other's complement.

    Returns:
        Rows and targets by the name of their part, for ``Splits.from_arrays``; rows keep their order.

    Raises:
        ArgumentError: If a fraction, the seed or a fold is out of range.
        DataError: If numbers differ, or there are too few groups.

    Example:
        >>> parts = split_groups(list("aabbccddee"), [0, 0, 1, 1, 0, 0, 1, 1, 0, 0], list("aabbccddee"),
        ...                      validation_fraction=0.4, test_fraction=0)
        >>> set(parts["train"][0]) & set(parts["validation"][0])
        set()
    """
    checks.seed(seed)
    if not len(inputs) == len(targets) == len(groups):
        raise DataError(
            f"groups: received {len(inputs)} rows, {len(targets)} targets and {len(groups)} groups; expected the same "
            "number of each."
        )
    if stratify or fold is not None:
        label_names(targets)  # a row without one is named as the caller counts
    first = {group: row for row, group in reversed(list(enumerate(groups)))}
    firsts = sorted(first.values())
    rows: Pair = (np.array(firsts, int), [targets[row] for row in firsts])
    test: Pair | None = None
    if fold is not None:
        rows, test = _fold(rows, fold, seed=seed)
    split = split_rows(
        rows,
        Parts(
            test=test,
            validation_fraction=validation_fraction,
            test_fraction=test_fraction,
            stratify=stratify,
            seed=seed,
        ),
    )
    part_of = {row: name for name, (rows, _) in split.parts.items() for row in map(int, rows)}
    members: dict[str, list[int]] = {name: [] for name in split.parts}
    for row, group in enumerate(groups):
        members[part_of[first[group]]].append(row)
    return {name: (_rows(inputs, rows), _rows(targets, rows)) for name, rows in members.items()}


def _fold(rows: Pair, fold: tuple[int, int], *, seed: int) -> tuple[Pair, Pair]:
    """Cuts rows into all folds but one, and that one."""
    from sklearn.model_selection import StratifiedKFold

    number, count = fold
    checks.integer("folds", count, minimum=2)
    checks.integer("fold", number, minimum=0)
    if number >= count:
        raise ArgumentError(
            f"fold: received {number} of {count} folds; expected 0 to {count - 1}. Count from 0."
        )
    inputs, targets = np.asarray(rows[0]), rows[1]
    classes = label_names(targets)
    most = max(Counter(classes).values(), default=0)
    if count > most:
        raise ArgumentError(
            f"folds: received {count}; expected at most {most}, the number of groups of the most frequent class. Ask "
            "for fewer."
        )
    folds = StratifiedKFold(count, shuffle=True, random_state=seed).split(inputs, classes)
    kept, taken = list(folds)[number]
    return (inputs[kept], _rows(targets, kept)), (inputs[taken], _rows(targets, taken))


def _rows(values: Rows, rows: Any) -> Rows:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
