"""Zoneout: states that stay as they were, by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from rnnzoo import checks
from rnnzoo.cells.step_cell import StepCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class ZoneoutCell(StepCell):
    """Lets each number of each state of a cell stay as it was with probability ``rate``; the mean of that otherwise.

    Args:
        cell: Any Keras cell whose output is its first state, such as ``LSTMCell``.
        rate: The probability.

    Reference:
        Krueger 2017, Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations, arXiv:1606.01305.
    """

    def __init__(self, cell: Any, rate: float, **arguments: Any) -> None:
        super().__init__(cell.units, **arguments)
        self.cell = cell
        self.rate = checks.number("rate", rate, minimum=0, below=1)
        sizes = cell.state_size
        self.state_size = list(sizes) if isinstance(sizes, list | tuple) else [sizes]
        self.state_names = ("h", "c")[: len(self.state_size)]
        self._seeds = keras.random.SeedGenerator()

    def build(self, input_shape: Shape) -> None:
        """Builds the cell."""
        if not self.cell.built:
            self.cell.build(input_shape)
            self.cell.built = True

    def project(self, x: Tensor) -> Tensor:
        """Leaves the input to the cell."""
        return x

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step with the mean of what stays and what is new."""
        after = [self.rate * old + (1.0 - self.rate) * new for old, new in self._pairs(projected, states)]
        return after[0], after

    def training_step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step with chance."""
        after = []
        for old, new in self._pairs(projected, states):
            stays = keras.random.uniform(ops.shape(new), seed=self._seeds) < self.rate
            after.append(ops.where(stays, old, new))
        return after[0], after

    def _pairs(self, projected: Tensor, states: Sequence[Tensor]) -> list[tuple[Any, Any]]:
        _, after = self.cell(projected, list(states))
        after = list(after) if isinstance(after, list | tuple) else [after]
        return list(zip(states, after, strict=True))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        config = super().get_config()
        del config["units"]
        return {**config, "cell": keras.saving.serialize_keras_object(self.cell), "rate": self.rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ZoneoutCell:
        """Makes it again from ``get_config``."""
        config = dict(config)
        return cls(keras.saving.deserialize_keras_object(config.pop("cell")), **config)
