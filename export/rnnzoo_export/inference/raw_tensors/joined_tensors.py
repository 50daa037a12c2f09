"""Rows of several parts, each with tensors of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Rows
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.signature import TensorSpec

_SHARED = "batch"


class JoinedTensors(RawTensors):
    """The tensors of all parts, called like the part where it has one, else ``PART_NAME``.

    Args:
        parts: The tensors of each part.

    Raises:
        ArgumentError: If two tensors have one name.

    Example:
        >>> from rnnzoo_export.inference.raw_tensors.step_tensors import StepTensors
        >>> from rnnzoo_export.inference.raw_tensors.text_tensors import TextTensors
        >>> past = StepTensors("series", (2,), ("features",), masked=True)
        >>> [spec.name for spec in JoinedTensors({"note": TextTensors(), "past": past}).inputs]
        ['note', 'past_series', 'past_mask']
    """

    def __init__(self, parts: Mapping[str, RawTensors]) -> None:
        self._parts = dict(parts)
        self._names = {part: _names(part, tensors) for part, tensors in self._parts.items()}
        self.inputs = tuple(
            _renamed(spec, part, self._names[part][spec.name])
            for part, tensors in self._parts.items()
            for spec in tensors.inputs
        )
        self.uncounted = frozenset(
            self._names[part][name] for part, tensors in self._parts.items() for name in tensors.uncounted
        )
        names = [spec.name for spec in self.inputs]
        twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if twice is not None:
            raise ArgumentError(
                f"input {twice!r}: stands for inputs of two parts; expected names that differ. Rename a part."
            )

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns the tensors of all parts."""
        found: dict[str, np.ndarray] = {}
        for part, tensors in self._parts.items():
            own = tensors.arrays([row[part] for row in raw])
            found |= {self._names[part][name]: array for name, array in own.items()}
        return found

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns one mapping a row, with an entry for each part."""
        columns = [
            tensors.rows({name: arrays[own] for name, own in self._names[part].items()})
            for part, tensors in self._parts.items()
        ]
        return [dict(zip(self._parts, entries, strict=True)) for entries in zip(*columns, strict=True)]


def _names(part: str, tensors: RawTensors) -> dict[str, str]:
    names = [spec.name for spec in tensors.inputs]
    return {name: part if len(names) == 1 else f"{part}_{name}" for name in names}


def _renamed(spec: TensorSpec, part: str, name: str) -> TensorSpec:
    """Returns a tensor under another name, whose axes have nothing to do with those of other parts."""
    axes = tuple(axis if axis in (None, _SHARED) else f"{part} {axis}" for axis in spec.axes)
    return dataclasses.replace(spec, name=name, axes=axes)
