"""What every preprocessing does: raw rows to model inputs, and itself to JSON and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.errors import EmptyRowError

#: Raw rows, or targets: one element each.
Rows = Sequence[Any] | np.ndarray

_SHOWN = 40


class Preprocessing(ABC):
    """Turns raw rows into model inputs, the same way in training, export and serving.

    Fitted on training rows only. NumPy and the standard library are all it needs.

    Attributes:
        kind: The name under which it is stored.
    """

    kind: ClassVar[str]

    @abstractmethod
    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns raw rows into arrays ``(time, ...)``, one per row, each of one step at least.

        Raises:
            DataError: If a row cannot be read or holds nothing; the message names it. It is a ``RowError``, which
                carries the number of the row, or an ``EmptyRowError``.
        """

    @abstractmethod
    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads encoded rows on the right and names them as the model does."""

    def apply(self, raw: Rows) -> dict[str, np.ndarray]:
        """Turns raw rows into one batch of model inputs."""
        return self.batch(self.encode(raw))

    @abstractmethod
    def to_config(self) -> dict[str, Any]:
        """Returns everything needed to make it again, as JSON has it."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Makes it again from ``to_config``."""


def refuse_empty(raw: Rows, encoded: Sequence[np.ndarray], *, kind: str, expected: str) -> None:
    """Raises ``EmptyRowError`` for the first row of which nothing is left: it has no answer, only that of padding.

    Args:
        raw: The rows as they came.
        encoded: What was made of each.
        kind: What a row is called, for messages.
        expected: What it must hold.

    Example:
        >>> refuse_empty(["a", ""], [np.array([2]), np.array([])], kind="text", expected="at least one word")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.EmptyRowError: row 1: received an empty text; expected at least one word. Drop the row.
    """
    for number, (row, steps) in enumerate(zip(raw, encoded, strict=True)):
        if len(steps) == 0:
            blank = not isinstance(row, str) or not row.strip()
            received = f"an empty {kind}" if blank else f"the {kind} {_shortened(row)!r}"
            raise EmptyRowError(number, f"received {received}; expected {expected}. Drop the row.")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def pad(rows: Sequence[np.ndarray], *, dtype: Any) -> np.ndarray:
    """Pads rows on the right with zeros to the longest one, and to one step at least.

    Example:
        >>> pad([np.array([1, 2]), np.array([3])], dtype="int32").tolist()
        [[1, 2], [3, 0]]
    """
    width = max(1, max((len(row) for row in rows), default=1))
    shape = (len(rows), width, *rows[0].shape[1:]) if rows else (0, width)
    result = np.zeros(shape, dtype)
    for target, row in zip(result, rows, strict=True):
        target[: len(row)] = row
    return result
