"""What raw rows are as tensors, and tensors as raw rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.preprocessing.base import Rows
from rnnzoo_export.signature import TensorSpec


class RawTensors(ABC):
    """Raw rows as tensors.

    There is one definition for the file ``raw.onnx`` and for servers, which take the same.

    Attributes:
        inputs: The tensors. Those that have an axis of one name and of free size have as much of it.
        uncounted: The inputs whose free axes are no steps, such as samples of sound, of which a second has thousands.
    """

    inputs: tuple[TensorSpec, ...]
    uncounted: frozenset[str] = frozenset()

    @abstractmethod
    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns raw rows as tensors by name.

        Args:
            raw: Rows that the preprocessing takes.
        """

    @abstractmethod
    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns tensors as raw rows, which the preprocessing then checks.

        Args:
            arrays: Arrays of the types and axes of ``inputs``, by name.

        Raises:
            RequestError: If they are no rows, such as a mask with a gap.
        """

    def steps(self, arrays: Mapping[str, np.ndarray]) -> int | None:
        """Returns the steps that rows are padded to; ``None`` for those of the longest row."""
        return None
