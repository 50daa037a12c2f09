"""Rows without steps: one category, or some numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.preprocessing.base import Rows
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.signature import TensorSpec


class CategoryTensors(RawTensors):
    """One category a row ``(batch,)``: a text or a whole number.

    Args:
        is_text: Whether categories are texts.
    """

    def __init__(self, *, is_text: bool) -> None:
        self._dtype: Any = object if is_text else np.int64
        self.inputs = (TensorSpec("category", "string" if is_text else "int64", (None,), ("batch",)),)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns the categories."""
        return {"category": np.array(list(raw), self._dtype)}

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the categories, as Python has them."""
        return list(arrays["category"].tolist())


class NumbersTensors(RawTensors):
    """Some numbers a row ``(batch, numbers)``.

    Args:
        count: How many; ``None`` where that is not known.
    """

    def __init__(self, count: int | None) -> None:
        self.inputs = (TensorSpec("numbers", "float64", (None, count), ("batch", "numbers")),)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns the numbers, one alone too as a list of one."""
        return {"numbers": np.stack([np.asarray(row, np.float64).reshape(-1) for row in raw])}

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the numbers of each row."""
        return list(arrays["numbers"])
