"""Rows of steps, each of so many numbers, and which steps of them are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.signature import TensorSpec

MASK = TensorSpec("mask", "bool", (None, None), ("batch", "time"))


class StepTensors(RawTensors):
    """Numbers of each step ``(batch, time, ...)``, with ``mask`` ``(batch, time)`` where lengths vary.

    Args:
        name: What the numbers are called.
        shape: The sizes of a step; ``None`` where one is not known.
        axes: What its axes are called.
        masked: Whether lengths vary.

    Example:
        >>> series = StepTensors("series", (2,), ("features",), masked=True)
        >>> arrays = series.arrays([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]])
        >>> arrays["mask"].tolist()
        [[True, False], [True, True]]
        >>> [row.tolist() for row in series.rows(arrays)]
        [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]
    """

    def __init__(self, name: str, shape: Sequence[int | None], axes: Sequence[str], *, masked: bool) -> None:
        self._name, self._shape, self._masked = name, tuple(shape), masked
        spec = TensorSpec(name, "float64", (None, None, *shape), ("batch", "time", *axes))
        self.inputs = (spec, MASK) if masked else (spec,)

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns rows padded with zeros, and the mask."""
        rows = [np.asarray(row, np.float64) for row in raw]
        if None not in self._shape:
            rows = [row.reshape(-1, *(size or 0 for size in self._shape)) for row in rows]
        numbers = pad(rows, dtype=np.float64)
        return {self._name: numbers, "mask": mask_of(rows)} if self._masked else {self._name: numbers}

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the valid steps of each row."""
        numbers = arrays[self._name]
        if not self._masked:
            return list(numbers)
        return [row[:length] for row, length in zip(numbers, valid_steps(arrays["mask"]), strict=True)]

    def steps(self, arrays: Mapping[str, np.ndarray]) -> int | None:
        """Returns those of the mask."""
        return arrays["mask"].shape[1] if self._masked else None


def mask_of(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Returns which steps of padded rows are theirs ``(batch, time)``."""
    lengths = np.array([len(row) for row in rows], int)
    return np.asarray(np.arange(max(1, lengths.max(initial=1)))[None] < lengths[:, None])


def valid_steps(mask: np.ndarray) -> list[int]:
    """Returns how many steps of each row are valid.

    Args:
        mask: Which are ``(batch, time)``.

    Raises:
        RequestError: If some are that come after others that are not.

    Example:
        >>> valid_steps(np.array([[True, True, False], [False, False, False]]))
        [2, 0]
    """
    lengths = mask.sum(axis=1)
    gaps = ~mask & (np.arange(mask.shape[1])[None] < lengths[:, None])
    if gaps.any():
        row, step = (int(place) for place in np.argwhere(gaps)[0])
        raise RequestError(
            f"mask: received False at batch {row}, time {step}, and True after it; expected the valid steps first. "
            "Move the padding behind them."
        )
    return [int(length) for length in lengths]
