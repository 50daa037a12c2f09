"""The signature: names, types and axes of a model's inputs and outputs, in every exported form the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np


def describe_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Returns the names and shapes of arrays in words, such as ``tokens (2, 7), mask (2, 7)``."""
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: Its name, such as ``"tokens"``.
        dtype: Its NumPy type name, such as ``"int32"``; ``"string"`` for texts.
        shape: Its sizes; ``None`` is any size.
        axes: The meaning of each axis, such as ``("batch", "time", "features")``; ``None`` where unnamed.
        categories: Where the values are ids, how many there are; ids run from 0 to one less.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    axes: tuple[str | None, ...]
    categories: int | None = None

    @cached_property
    def kind(self) -> str:
        """What it holds, as NumPy writes it: ``"f"``, ``"i"``, ``"u"``, ``"b"``, or ``"O"`` for texts."""
        return "O" if self.dtype == "string" else np.dtype(self.dtype).kind

    def to_config(self) -> dict[str, Any]:
        """Returns a JSON-able description, the argument of ``from_config``."""
        config = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape), "axes": list(self.axes)}
        return config if self.categories is None else {**config, "categories": self.categories}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TensorSpec:
        """Makes the specification that ``to_config`` described."""
        return cls(
            config["name"],
            config["dtype"],
            tuple(config["shape"]),
            tuple(config["axes"]),
            config.get("categories"),
        )


@dataclass(frozen=True)
class Signature:
    """All inputs and outputs of a model.

    Attributes:
        inputs: The inputs, in the model's order.
        outputs: The outputs, in the model's order.
        least_steps: The fewest steps that a free time axis may have: a convolution without padding needs several.
        request: What a raw row holds, where that is an entry for each of several parts, or more than the window of a
            forecaster, as ``Preprocessing.request`` says it; ``None`` for others.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    least_steps: int = 1
    request: Mapping[str, Any] | None = field(default=None, hash=False)

    @cached_property
    def inputs_by_name(self) -> dict[str, TensorSpec]:
        """The inputs, each by its name."""
        return {spec.name: spec for spec in self.inputs}

    def to_config(self) -> dict[str, Any]:
        """Returns a JSON-able description, the argument of ``from_config``."""
        config: dict[str, Any] = {
            "inputs": [spec.to_config() for spec in self.inputs],
            "outputs": [spec.to_config() for spec in self.outputs],
        }
        if self.least_steps != 1:
            config["least_steps"] = self.least_steps
        return config if self.request is None else {**config, "request": dict(self.request)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Signature:
        """Makes the signature that ``to_config`` described."""
        return cls(
            tuple(TensorSpec.from_config(spec) for spec in config["inputs"]),
            tuple(TensorSpec.from_config(spec) for spec in config["outputs"]),
            config.get("least_steps", 1),
            config.get("request"),
        )


@dataclass(frozen=True)
class State:
    """One tensor that a stream carries from piece to piece; zeros at its start.

    Attributes:
        input: The name of the input that takes it.
        output: The name of the output that gives it.
        shape: Its sizes without the batch, such as ``(128,)``.
    """

    input: str
    output: str
    shape: tuple[int, ...]

    def to_config(self) -> dict[str, Any]:
        """Returns the row of the state table in the file's metadata."""
        return {
            "input": self.input,
            "output": self.output,
            "shape": ["batch", *self.shape],
            "dtype": "float32",
            "initial": 0.0,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> State:
        """Makes the state that ``to_config`` described."""
        return cls(config["input"], config["output"], tuple(config["shape"][1:]))
