"""Steps without a tag: refused, or left out of loss, metrics, scores and baselines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum
from typing import Any, Literal

import numpy as np

from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.task import Task

#: What becomes of steps without a tag.
Unlabelled = Literal["refuse", "leave_out"]
UNLABELLED: tuple[Unlabelled, ...] = ("refuse", "leave_out")
#: What stands for no tag in files of tagged words, as the formats of CoNLL have it.
MARKER = "_"
#: The class number of a step without a tag.
NO_CLASS = -1


class NoTag(Enum):
    """What stands in place of a tag that nobody knows, once it is known to be allowed."""

    NO_TAG = "no tag"

    def __str__(self) -> str:
        return self.value


NO_TAG = NoTag.NO_TAG


def check_unlabelled(unlabelled: Unlabelled, task: Task) -> None:
    """Checks that a task has steps of which some may be left out.

    Raises:
        ArgumentError: If each of its rows has one target, without which there is nothing to learn from it.
    """
    if unlabelled != "refuse" and not task.tags_steps:
        raise ArgumentError(
            f"unlabelled: received {unlabelled!r} for task {task.name!r}, whose rows have one target each; expected "
            "'refuse'. Leave it out, and drop rows without a target."
        )


def mark_missing(targets: Rows, is_missing: Callable[[Any], bool]) -> Rows:
    """Returns the tags of rows with ``NO_TAG`` where one is missing.

    Args:
        targets: The tags of each row; what is no list of tags stays as it is, to be refused.
        is_missing: Whether a tag is missing.

    Example:
        >>> mark_missing([["a", None]], lambda tag: tag is None)
        [['a', <NoTag.NO_TAG: 'no tag'>]]
    """
    return [
        tags
        if isinstance(tags, str) or not isinstance(tags, Iterable)
        else [NO_TAG if is_missing(tag) else tag for tag in tags]
        for tags in targets
    ]


def unmark(tags: Sequence[str], unlabelled: Unlabelled) -> list[str | None]:
    """Returns the tags of a row of a file, ``None`` for those that are the marker where they may be left out.

    Example:
        >>> unmark(["O", "_"], "leave_out"), unmark(["O", "_"], "refuse")
        (['O', None], ['O', '_'])
    """
    return [None if unlabelled == "leave_out" and tag == MARKER else tag for tag in tags]


def labelled(tags: np.ndarray) -> np.ndarray:
    """Returns which steps have a tag, from their class numbers ``(time,)``."""
    known: np.ndarray = tags != NO_CLASS
    return known


def count_unlabelled(targets: Collection[np.ndarray], part: str) -> int:
    """Returns how many steps have no tag.

    Args:
        targets: The class numbers of the steps of each row.
        part: The name of the part, for messages.

    Raises:
        DataError: If none has one.
    """
    steps = sum(map(len, targets))
    missing = steps - sum(int(labelled(np.asarray(tags)).sum()) for tags in targets)
    if steps and missing == steps:
        raise DataError(
            f"{part} targets: received {steps:,} steps, none of which has a tag; expected one at least. Put rows with "
            "tags into this part."
        )
    return missing
