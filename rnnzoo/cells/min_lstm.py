"""minLSTM: an LSTM without the past in its gates."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from rnnzoo.cells.step_cell import LinearCell
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class MinLSTMCell(LinearCell):
    """An LSTM whose gates and candidate see the input only, its two gates scaled to sum to one.

    ``f[t] = sigmoid(x[t] Wf + bf)``, ``i[t] = sigmoid(x[t] Wi + bi)``,
    ``h[t] = (f[t] h[t-1] + i[t] (x[t] Wh + bh)) / (f[t] + i[t])``.

    Args:
        units: Width of the state.

    Reference:
        Feng 2024, Were RNNs All We Needed?, arXiv:2410.01201 (section 3.2, the form without logarithms).
    """

    def build(self, input_shape: Shape) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], 3 * self.units))
        self.bias = self.add_weight(name="bias", shape=(3 * self.units,), initializer=self._open_forget_gate)

    def _open_forget_gate(self, shape: Shape, dtype: Any = None) -> Any:
        """A forget gate that starts open remembers from the first step on, as in Keras's LSTM."""
        return ops.concatenate([ops.ones(self.units, dtype), ops.zeros(2 * self.units, dtype)])

    def coefficients(self, projected: Tensor) -> tuple[Any, Any]:
        """Returns the scaled forget gate, and the scaled input gate times the candidate."""
        f, i, candidate = ops.split(projected, 3, axis=-1)
        # The logarithm of one gate over the other: where both are shut their quotient has no digit left.
        ratio = ops.log_sigmoid(f) - ops.log_sigmoid(i)
        return ops.exp(ops.log_sigmoid(ratio)), ops.exp(ops.log_sigmoid(-ratio)) * candidate
