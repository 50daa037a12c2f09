"""The signature: names, types and axes of a model's inputs and outputs, in every exported form the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: Its name, such as ``"tokens"``.
        dtype: Its NumPy type name, such as ``"int32"``.
        shape: Its sizes; ``None`` is any size.
        axes: The meaning of each axis, such as ``("batch", "time", "features")``; ``None`` where unnamed.
        categories: Where the values are ids, how many there are; ids run from 0 to one less.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    axes: tuple[str | None, ...]
    categories: int | None = None

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
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def to_config(self) -> dict[str, Any]:
        """Returns a JSON-able description, the argument of ``from_config``."""
        return {
            "inputs": [spec.to_config() for spec in self.inputs],
            "outputs": [spec.to_config() for spec in self.outputs],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Signature:
        """Makes the signature that ``to_config`` described."""
        return cls(
            tuple(TensorSpec.from_config(spec) for spec in config["inputs"]),
            tuple(TensorSpec.from_config(spec) for spec in config["outputs"]),
        )
