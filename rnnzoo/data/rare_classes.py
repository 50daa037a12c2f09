"""Classes of too few rows, or of too few groups, to be in every part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rnnzoo.data.numeric_labels import FIX, are_many_numbers
from rnnzoo.errors import DataError, listed

#: Rows of a class that two folds need at least: one for each part, whichever fold is the test.
_FEWEST_OF_TWO = 4
#: Groups of a class that are needed at least without folds: one for each part.
_PARTS = 3
_FIX = (
    "Add rows of rare classes, or pass rare='drop' to leave them out or rare='train' to keep them in the training part "
    "alone (on the command line --rare drop or --rare train)."
)
_FIX_OF_GROUPS = (
    "Add groups, or pass rare='drop' to leave such classes out (on the command line --rare drop)."
)


class RareClassError(DataError):
    """Classes have too few rows to be in every part.

    Args:
        message: What was received, what was expected, how to fix it.
        names: The classes.
    """

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = list(names)


def check_classes(classes: Sequence[str], count: int) -> None:
    """Checks that rows can be split by class so that each part has its share of every class."""
    what = f"inputs: cannot split off {count} of {len(classes)} rows by class"
    numbers = Counter(classes)
    rare = sorted(name for name, number in numbers.items() if number < 2)
    if rare:
        raise RareClassError(
            f"{what}: received one row only of {listed(rare)}; expected two at least of every class. "
            f"{f'{_FIX} {FIX}' if are_many_numbers(numbers) else _FIX}",
            rare,
        )
    if min(count, len(classes) - count) < len(numbers):
        raise DataError(
            f"{what}: received {len(numbers)} classes; expected a row of each on both sides. Choose other fractions, "
            "add rows, or call Splits.from_arrays with stratify=False."
        )


def check_counts(classes: Sequence[str], groups: np.ndarray | None, folds: int | None) -> None:
    """Checks that each class has rows, or groups, for every part, whatever fold is the test.

    Args:
        classes: The class of each row.
        groups: The group of each row, if there are groups.
        folds: How many folds there are; ``None`` where each part is split off once.

    Raises:
        RareClassError: If one has too few.

    Example:
        >>> check_counts(list("aaaaabb"), None, 5)
        Traceback (most recent call last):
        ...
        rnnzoo.data.rare_classes.RareClassError: inputs: received fewer than 5 rows of b; expected 5 at least of every
        class, to be in each of 5 folds. Ask for fewer folds. Add rows of rare classes, or pass rare='drop' to leave
        them out or rare='train' to keep them in the training part alone (on the command line --rare drop or --rare
        train).
    """
    counted = classes
    if groups is not None:
        counted = [name for name, _ in sorted(set(zip(classes, groups.tolist(), strict=True)))]
    fewest = _PARTS if folds is None else max(folds, _FEWEST_OF_TWO if folds == 2 else 0)
    rare = sorted(name for name, count in Counter(counted).items() if count < fewest)
    if not rare:
        return
    what = "rows" if groups is None else "groups"
    where = "each part" if folds is None else f"each of {folds} folds"
    fewer = "Ask for fewer folds. " if folds is not None and folds > 2 else ""
    raise RareClassError(
        f"inputs: received fewer than {fewest} {what} of {listed(rare)}; expected {fewest} at least of every class, "
        f"to be in {where}. {fewer}{_FIX if groups is None else _FIX_OF_GROUPS}",
        rare,
    )


def check_learned(parts: Mapping[str, np.ndarray], classes: np.ndarray) -> None:
    """Checks that groups left rows of every class in the training part.

    Args:
        parts: The numbers of the rows of each part.
        classes: The class of each of all rows.

    Raises:
        RareClassError: If other parts have a class that the training part has not.
    """
    known = set(classes[parts["train"]].tolist())
    others = [rows for name, rows in parts.items() if name != "train"]
    rare = sorted({name for rows in others for name in classes[rows].tolist()} - known)
    if rare:
        raise RareClassError(
            f"inputs: received all groups of {listed(rare)} in a part that was split off; expected some in the "
            f"training part. Choose another seed. {_FIX_OF_GROUPS}",
            rare,
        )
