"""Rows of series at times of their own, with missing values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.inference.raw_tensors.step_tensors import MASK, mask_of, valid_steps
from rnnzoo_export.signature import TensorSpec


class IrregularTensors(RawTensors):
    """``times`` ``(batch, time)``, ``values`` ``(batch, time, features)``, NaN where missing, and ``mask``.

    Args:
        features: How many values a time has; ``None`` where that is not known.

    Example:
        >>> events = IrregularTensors(1)
        >>> arrays = events.arrays([{"times": [0, 2.5], "values": [[1.0], [None]]}])
        >>> arrays["values"].tolist(), arrays["mask"].tolist()
        ([[[1.0], [nan]]], [[True, True]])
    """

    def __init__(self, features: int | None) -> None:
        self.inputs = (
            TensorSpec("times", "float64", (None, None), ("batch", "time")),
            TensorSpec("values", "float64", (None, None, features), ("batch", "time", "features")),
            MASK,
        )

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns rows padded with zeros, and the mask."""
        times = [np.asarray(row["times"], np.float64) for row in raw]
        values = [np.asarray(row["values"], np.float64) for row in raw]
        return {
            "times": pad(times, dtype=np.float64),
            "values": pad(values, dtype=np.float64),
            "mask": mask_of(times),
        }

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the valid steps of each row."""
        return [
            {"times": times[:length], "values": values[:length]}
            for times, values, length in zip(
                arrays["times"], arrays["values"], valid_steps(arrays["mask"]), strict=True
            )
        ]

    def steps(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Returns those of the mask."""
        return int(arrays["mask"].shape[1])
