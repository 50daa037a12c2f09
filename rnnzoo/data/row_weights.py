"""How much rows count: a row of weight 2 counts like the same row twice."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.data.row_origin import RowOrigin
from rnnzoo.errors import DataError, RowError
from rnnzoo.preprocessing.base import Rows
from rnnzoo.task import Task

#: Weights of rows ``(rows,)``; of tags, those of the steps of each row.
RowWeights = np.ndarray | list[np.ndarray]


def check_weights(weights: Rows, targets: Rows, task: Task, *, part: str = "") -> RowWeights:
    """Returns weights as numbers.

    Args:
        weights: A number for each row; where steps have tags, a list of numbers for each row will do too.
        targets: The targets of the same rows.
        task: The task.
        part: The part that was given with them, for messages; empty where it is split.

    Returns:
        Float32 ``(rows,)``; where steps have tags, one array ``(time,)`` for each row.

    Raises:
        DataError: If there is not one for each row, or all are 0.
        RowError: If one is no number, negative or not finite.

    Example:
        >>> from rnnzoo.tasks import get_task
        >>> check_weights([1, 0.5], ["a", "b"], get_task("classification")).tolist()
        [1.0, 0.5]
    """
    of = f"{part} weights".strip()
    if len(weights) != len(targets):
        raise DataError(
            f"{of}: received {len(weights)} for {len(targets)} rows; expected a number for each. Correct them."
        )
    found = [_checked(row, weight, of) for row, weight in enumerate(weights)]
    if not task.per_step:
        for row, weight in enumerate(found):
            if weight.ndim:
                raise RowError(
                    row, f"received {weight.size} numbers; expected one. Give each row a weight.", of=of
                )
        return np.array(found, np.float32)
    steps = []
    for row, (weight, tags) in enumerate(zip(found, targets, strict=True)):
        if weight.ndim and weight.shape != (len(tags),):
            raise RowError(
                row,
                f"received {weight.size} numbers for {len(tags)} tags; expected one for each step, or one for the "
                "row. Correct them.",
                of=of,
            )
        steps.append(np.broadcast_to(weight, len(tags)).astype(np.float32))
    return steps


def take_weights(weights: RowWeights, numbers: Sequence[int] | np.ndarray | None) -> RowWeights:
    """Returns the weights of some rows; of all where ``numbers`` is ``None``."""
    if numbers is None:
        return weights
    return weights[numbers] if isinstance(weights, np.ndarray) else [weights[int(row)] for row in numbers]


def weights_of_parts(
    own: Mapping[str, RowWeights | None], origins: Mapping[str, RowOrigin]
) -> dict[str, RowWeights]:
    """Returns the weights of the rows of each part whose rows have some.

    Args:
        own: The weights of the rows that were passed, ``"train"``, and of the parts that were given with them.
        origins: Which of these rows those of each part are.
    """
    found = {name: (own.get(origin.part or "train"), origin.numbers) for name, origin in origins.items()}
    return {
        name: take_weights(weights, numbers)
        for name, (weights, numbers) in found.items()
        if weights is not None
    }


def relative(weights: RowWeights, counted: Sequence[np.ndarray] | None, part: str) -> RowWeights:
    """Returns weights over their mean, so that a loss is as large as without them.

    Args:
        weights: The weights of a part.
        counted: Where steps have tags, which steps of each row count.
        part: The name of the part, for messages.

    Raises:
        DataError: If nothing that counts has a weight.
    """
    if counted is None:
        known = np.asarray(weights)
    else:
        known = np.concatenate([own[valid] for own, valid in zip(weights, counted, strict=True)])
    # In float64: the sum of many small weights.
    mean = float(known.mean(dtype=np.float64)) if len(known) else 0.0
    if not mean:
        raise DataError(
            f"{part} weights: received 0 for all of {len(known):,}; expected one above 0 at least, for nothing is "
            "learned or scored that weighs nothing. Correct them."
        )
    if isinstance(weights, np.ndarray):
        return (weights / mean).astype(np.float32)
    return [(own / mean).astype(np.float32) for own in weights]


def _checked(row: int, weight: Any, of: str) -> np.ndarray:
    """Returns the weight of a row, or those of its steps."""
    try:
        # A cell of a file is a text.
        values = np.asarray(weight, np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.ndim > 1 or not np.isfinite(values).all() or (values < 0).any():
        wrong = values[~(np.isfinite(values) & (values >= 0))] if values.ndim == 1 else values
        shown = wrong.flat[0] if values.ndim == 1 and len(wrong) else weight
        shown = shown.item() if isinstance(shown, np.generic) else shown
        raise RowError(
            row,
            f"received {reprlib.repr(shown)}; expected a finite number of at least 0. Give such a row the weight 0 to "
            "leave it out, or correct it.",
            of=of,
        )
    return values
