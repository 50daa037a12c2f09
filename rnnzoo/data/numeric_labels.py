"""Labels that are numbers, so many different ones that they are values to be told, not classes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rnnzoo.errors import DataError
from rnnzoo.tasks import get_task

#: So many different numbers may be classes, however few rows there are.
MOST_CLASSES = 20
#: What messages say of them.
FIX = (
    "To tell numbers, pass task='regression' (on the command line --task regression); to tell classes, give them names "
    "such as 'class 7'."
)


def refuse_many_numbers(labels: Iterable[Any], *, task: str, rows: int | None = None) -> None:
    """Raises ``DataError`` where labels of one class a row are nearly all different numbers.

    They are taken for numbers if there are more than 20 different ones, and more than half as many as rows.

    Args:
        labels: The labels of all rows, as numbers or texts; those of tasks without classes are left alone.
        task: A name in the task table.
        rows: How many rows there are, where ``labels`` are the different ones; ``None`` for as many as labels.

    Example:
        >>> refuse_many_numbers([f"{price}.50" for price in range(30)], task="classification")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.DataError: targets: received 30 different numbers in 30 rows, such as 0.50 and 1.50, for task
        'classification'; expected labels that many rows share. To tell numbers, pass task='regression' (on the command
        line --task regression); to tell classes, give them names such as 'class 7'.
    """
    known = get_task(task)
    if known.targets != "classes" or known.per_step:
        return
    values: dict[float, str] = {}
    count = 0
    for label in labels:
        number = _number(label)
        if number is None:
            return
        values.setdefault(number, str(label))
        count += 1
    rows = rows or count
    if len(values) > MOST_CLASSES and 2 * len(values) > rows:
        raise DataError(
            f"targets: received {len(values):,} different numbers in {rows:,} rows, such as {_two(values.values())}, "
            f"for task {task!r}; expected labels that many rows share. {FIX}"
        )


def are_many_numbers(labels: Iterable[Any]) -> bool:
    """Whether more than 20 different labels are all numbers, so that they may be no classes.

    Example:
        >>> are_many_numbers(map(str, range(30))), are_many_numbers(["1", "2"]), are_many_numbers(["a"] * 30)
        (True, False, False)
    """
    numbers = [_number(label) for label in labels]
    return None not in numbers and len(set(numbers)) > MOST_CLASSES


def _number(label: Any) -> float | None:
    if isinstance(label, bool):
        return None
    try:
        number = float(label)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _two(shown: Iterable[str]) -> str:
    first, second, *_ = shown
    return f"{first} and {second}"
