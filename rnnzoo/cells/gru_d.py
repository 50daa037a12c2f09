"""GRU-D: a GRU for series with missing values at irregular times."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from rnnzoo.cells.step_cell import StepCell
from rnnzoo.errors import ArgumentError
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class GRUDCell(StepCell):
    """A GRU whose inputs and state decay while nothing is observed, at rates that it learns.

    Each step has three parts of equal width, joined on the last axis: values ``x`` (anything where missing), whether
    each was observed ``m`` (1 or 0), and the time since its last observation ``d``. Values are expected to be scaled
    to mean 0, to which a missing one decays from the last one observed::

        gx[t] = exp(-max(0, d[t] * wx + bx))                   decay of each input
        gh[t] = exp(-max(0, d[t] Wg + bg))                     decay of the state
        v[t]  = m[t] x[t] + (1 - m[t]) gx[t] last[t-1]         last: the last value observed
        s[t]  = gh[t] h[t-1]
        z, r  = sigmoid(v[t] W + s[t] U + m[t] V + b)
        h[t]  = (1 - z) s[t] + z tanh(v[t] W' + (r s[t]) U' + m[t] V' + b')

    Args:
        units: Width of the state.

    Reference:
        Che 2018, Recurrent Neural Networks for Multivariate Time Series with Missing Values, Scientific Reports 8:6085
        (arXiv:1606.01865), equations 9 to 14.
    """

    state_names = ("h", "last")

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self._features = _third(input_shape[-1])
        self.state_size = [self.units, self._features]
        gates = 3 * self.units
        self.input_decay = self.add_weight(
            name="input_decay", shape=(self._features,), initializer=keras.initializers.Constant(0.1)
        )
        self.input_decay_bias = self.add_bias("input_decay_bias", self._features)
        self.state_decay = self.add_weight(
            name="state_decay",
            shape=(self._features, self.units),
            initializer=keras.initializers.RandomUniform(0.0, 0.1),
        )
        self.state_decay_bias = self.add_bias("state_decay_bias", self.units)
        self.kernel = self.add_kernel("kernel", (self._features, gates))
        self.mask_kernel = self.add_kernel("mask_kernel", (self._features, gates))
        self.recurrent_kernel = self.add_kernel(
            "recurrent_kernel", (self.units, 2 * self.units), recurrent=True
        )
        self.candidate_kernel = self.add_kernel("candidate_kernel", (self.units, self.units), recurrent=True)
        self.bias = self.add_bias("bias", gates)

    def project(self, x: Tensor) -> Tensor:
        """Maps ``(..., 3 * features)`` to observed values, what is missing of others, state decay and mask's gates."""
        values, observed, gaps = ops.split(x, 3, axis=-1)
        kept = ops.exp(-ops.relu(gaps * self.input_decay + self.input_decay_bias))
        decay = ops.exp(-ops.relu(ops.matmul(gaps, self.state_decay) + self.state_decay_bias))
        gates = ops.matmul(observed, self.mask_kernel) + self.bias
        # A missing value may be anything, NaN too, which a product would keep.
        seen = ops.where(observed > 0, values, 0.0)
        return ops.concatenate([seen, observed, kept, decay, gates], axis=-1)

    def step(self, projected: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Makes one step."""
        h, last = states
        f, u = self._features, self.units
        seen, observed, kept, decay, gates = ops.split(projected, [f, 2 * f, 3 * f, 3 * f + u], axis=-1)
        missing = 1.0 - observed
        products = ops.matmul(seen + missing * kept * last, self.kernel) + gates
        h = decay * h
        both = ops.sigmoid(products[:, : 2 * u] + ops.matmul(h, self.recurrent_kernel))
        z, r = both[:, :u], both[:, u:]
        candidate = ops.tanh(products[:, 2 * u :] + ops.matmul(r * h, self.candidate_kernel))
        h = (1.0 - z) * h + z * candidate
        return h, [h, seen + missing * last]


def _third(size: int) -> int:
    if size % 3:
        raise ArgumentError(
            f"GRU-D: received {size} features; expected values, observed and gaps of equal width, joined."
        )
    return int(size) // 3
