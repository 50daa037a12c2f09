"""SRU: light recurrence and a highway around it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnnzoo.cells.step_cell import LinearCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class SRUCell(LinearCell):
    """Simple Recurrent Unit: a forget gate over the input, and a highway from the input to the output.

    ``f[t] = sigmoid(x[t] Wf + bf)``, ``c[t] = f[t] c[t-1] + (1 - f[t]) (x[t] W)``,
    ``r[t] = sigmoid(x[t] Wr + br)``, ``h[t] = r[t] c[t] + (1 - r[t]) s[t]``, where ``s`` is the input scaled by
    ``sqrt(3)``, or a projection of it where its width is not ``units``.

    The paper's gates also look at the state through a vector, ``v * c[t-1]``; without these terms, which it ablates,
    all steps can be computed at once.

    Args:
        units: Width of the state.

    Reference:
        Lei 2018, Simple Recurrent Units for Highly Parallelizable Recurrence, arXiv:1709.02755.
    """

    output_is_state = False
    state_names = ("c",)

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        features = input_shape[-1]
        self._projects_skip = features != self.units
        self.kernel = self.add_kernel("kernel", (features, (4 if self._projects_skip else 3) * self.units))
        self.bias = self.add_bias("bias", 2 * self.units)

    def project(self, x: Tensor) -> Tensor:
        """Maps ``(..., features)`` to forget gate, highway gate, candidate and skipped input ``(..., 4 * units)``."""
        products = ops.matmul(x, self.kernel)
        gates = products[..., : 2 * self.units] + self.bias
        rest = products[..., 2 * self.units :]
        if self._projects_skip:
            return ops.concatenate([gates, rest], axis=-1)
        # With gates half open the scale keeps the variance of the input through the layer (section 3.2 of the paper).
        return ops.concatenate([gates, rest, x * 3**0.5], axis=-1)

    def coefficients(self, projected: Tensor) -> tuple[Any, Any]:
        """Returns the forget gate, and what it lets in."""
        f, _, candidate, _ = ops.split(projected, 4, axis=-1)
        return ops.sigmoid(f), ops.sigmoid(-f) * candidate

    def output(self, projected: Tensor, state: Tensor) -> Tensor:
        """Mixes state and input by the highway gate."""
        _, r, _, skipped = ops.split(projected, 4, axis=-1)
        return ops.sigmoid(r) * state + ops.sigmoid(-r) * skipped
