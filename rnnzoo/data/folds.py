"""Folds of rows: equal shares, alike in classes, that no group is in two of."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, DataError, RowError

_MISSING = ("None", "nan", "NaT", "<NA>", "")


def check_fold(fold: object) -> tuple[int, int]:
    """Returns a fold if it is a number and how many there are, such as ``(0, 5)``.

    Raises:
        ArgumentError: If it is not.
    """
    if not isinstance(fold, tuple | list) or len(fold) != 2:
        raise ArgumentError(
            f"fold: received {fold!r}; expected its number and how many there are, such as (0, 5)."
        )
    count = checks.integer("folds", fold[1], minimum=2)
    number = checks.integer("fold", fold[0], minimum=0)
    if number >= count:
        raise ArgumentError(
            f"fold: received {number} of {count} folds; expected 0 to {count - 1}. Count from 0."
        )
    return number, count


def number_groups(groups: Any, rows: int) -> np.ndarray:
    """Returns the number of the group of each row.

    Args:
        groups: The group of each row.
        rows: How many rows there are.

    Raises:
        ArgumentError: If these are no groups of rows.
        DataError: If numbers differ; a ``RowError`` where a row has no group.

    Example:
        >>> number_groups(["ada", "bob", "ada"], 3).tolist()
        [0, 1, 0]
    """
    if isinstance(groups, str) or not hasattr(groups, "__len__"):
        raise ArgumentError(
            f"groups: received {groups!r}; expected one group for each row. Pass a list; tables with named columns "
            "take the name of one."
        )
    if len(groups) != rows:
        raise DataError(f"groups: received {len(groups)} groups for {rows} rows; expected one for each row.")
    names = [str(group).strip() for group in (groups.tolist() if hasattr(groups, "tolist") else groups)]
    for row, name in enumerate(names):
        if name in _MISSING:
            raise RowError(
                row, "received a missing value; expected the group of the row. Fill it in.", of="groups"
            )
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], int)


def split_off_fold(
    numbers: np.ndarray,
    fold: tuple[int, int],
    *,
    classes: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Splits the numbers of rows into all folds but one, and that one.

    Args:
        numbers: The rows to be split.
        fold: The number of the fold, and how many there are.
        classes: The class of each of all rows; ``None`` for folds that need not be alike in classes.
        groups: The group of each of all rows; ``None`` where each is its own.
        seed: Seed of the folds; those of one seed are each other's complement.

    Returns:
        The rows of the other folds, and those of the fold, both in their order.

    Raises:
        DataError: If there are fewer rows or groups than folds.

    Example:
        >>> rows = np.arange(6)
        >>> parts = [split_off_fold(rows, (n, 3), classes=None, groups=rows // 2, seed=0)[1] for n in range(3)]
        >>> sorted(part.tolist() for part in parts)
        [[0, 1], [2, 3], [4, 5]]
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    number, count = fold
    own = None if classes is None else classes[numbers].tolist()
    together = None if groups is None else groups[numbers]
    units = len(numbers) if together is None else len(set(together.tolist()))
    if units < count:
        what = "rows" if together is None else "groups"
        raise DataError(
            f"folds: received {count} for {units} {what}; expected at most {units}, one at least for each. "
            "Ask for fewer."
        )
    kinds: Any = {
        (True, True): KFold,
        (False, True): StratifiedKFold,
        (True, False): GroupKFold,
        (False, False): StratifiedGroupKFold,
    }
    folds = kinds[own is None, together is None](count, shuffle=True, random_state=seed)
    kept, taken = list(folds.split(numbers, own, together))[number]
    return numbers[kept], numbers[taken]


def count_folds(rows: int, share: int) -> int:
    """Returns into how many folds rows are cut, so that one of them has about ``share`` rows.

    Example:
        >>> count_folds(100, 15)
        7
    """
    return max(2, round(rows / max(share, 1)))
