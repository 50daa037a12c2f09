"""An example, its parts, and the model inputs in which one of them is hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnzoo_export.explanation.explanation import ExamplePart, Kind

#: How many parts an example has at most, by what they are: as many runs of the model.
MOST_PARTS: Mapping[str, int] = {
    "words": 300,
    "bases": 100,
    "steps": 60,
    "frames": 60,
    "channels": 100,
    "columns": 100,
}
Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Variant:
    """The example with one part hidden.

    Attributes:
        part: What is hidden.
        make: Makes the model's inputs, of one row.
        length: The steps that are left.
    """

    part: ExamplePart
    make: Callable[[], Inputs]
    length: int


@dataclass(frozen=True)
class Hiding:
    """An example and its parts.

    Attributes:
        inputs: The model's inputs of the whole example, one row.
        length: Its number of steps.
        how: How parts are hidden, in words.
        variants: The example with each part hidden.
        words: Its words, where steps are words.
        lines: Its series in original units, by name.
    """

    inputs: Inputs
    length: int
    how: str
    variants: Sequence[Variant]
    words: Sequence[str] | None = None
    lines: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def groups(count: int, kind: Kind, width: int | None) -> list[tuple[int, int]]:
    """Cuts steps or features into parts that stand beside each other: the first and the one behind the last of each.

    Example:
        >>> groups(7, "steps", 3)
        [(0, 3), (3, 6), (6, 7)]
        >>> len(groups(720, "steps", None))
        60
    """
    size = -(-count // MOST_PARTS[kind]) if width is None else width
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def range_name(kind: Kind, first: int, end: int, rate: float | None = None) -> str:
    """Returns what steps are called, such as ``steps 3-5``; of sounds the seconds."""
    if rate is not None:
        return f"{first / rate:.2f}-{end / rate:.2f} s"
    return f"{kind[:-1]} {first}" if end - first == 1 else f"{kind} {first}-{end - 1}"
