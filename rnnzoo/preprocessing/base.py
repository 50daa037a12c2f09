"""What every preprocessing does: raw rows to model inputs, and itself to JSON and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

#: Raw rows, or targets: one element each.
Rows = Sequence[Any] | np.ndarray


class Preprocessing(ABC):
    """Turns raw rows into model inputs, the same way in training, export and serving.

    Fitted on training rows only. NumPy and the standard library are all it needs.

    Attributes:
        kind: The name under which it is stored.
    """

    kind: ClassVar[str]

    @abstractmethod
    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns raw rows into arrays ``(time, ...)``, one per row.

        Raises:
            DataError: If a row cannot be read; the message names it.
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
