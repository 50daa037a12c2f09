"""Rows that are one text each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.preprocessing.base import Rows
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.signature import TensorSpec


class TextTensors(RawTensors):
    """One text a row ``(batch,)``; words are those between blanks.

    Args:
        name: What the input is called.

    Example:
        >>> TextTensors().arrays(["a text", ["two", "words"]])["text"].tolist()
        ['a text', 'two words']
    """

    def __init__(self, name: str = "text") -> None:
        self._name = name
        self.inputs = (TensorSpec(name, "string", (None,), ("batch",)),)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns texts as an array of objects; words are joined by blanks."""
        return {self._name: np.array([row if isinstance(row, str) else " ".join(row) for row in raw], object)}

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the texts."""
        return list(arrays[self._name])
