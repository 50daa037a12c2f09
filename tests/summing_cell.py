"""A cell that adds what it reads, which works."""

from __future__ import annotations

from typing import Any

from rnnzoo import StepCell


class SummingCell(StepCell):
    """Adds what it reads."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        self.bias = self.add_bias("bias", self.units)

    def step(self, projected: Any, states: Any) -> tuple[Any, Any]:
        h = states[0] + projected
        return h, [h]
