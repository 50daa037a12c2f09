"""A gate between a layer's output and its input."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class Highway(layers.Layer):
    """Mixes a layer's output ``y`` with its input ``x``: ``g y + (1 - g) x`` with ``g = sigmoid(x W + b)``.

    The gate starts nearly shut, so that a deep stack begins as a shallow one.

    Reference:
        Srivastava 2015, Highway Networks, arXiv:1505.00387; Zhang 2016, Highway Long Short-Term Memory RNNs for Distant
        Speech Recognition, arXiv:1510.08983.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.supports_masking = True

    def build(self, x_shape: Shape, y_shape: Shape) -> None:
        """Makes the weights."""
        width = x_shape[-1]
        self.kernel = self.add_weight(name="kernel", shape=(width, width), initializer="glorot_uniform")
        self.bias = self.add_weight(
            name="bias", shape=(width,), initializer=keras.initializers.Constant(-1.0)
        )

    def call(self, x: Tensor, y: Any) -> Tensor:
        """Maps two tensors ``(..., width)`` to one."""
        gate = ops.sigmoid(ops.matmul(x, self.kernel) + self.bias)
        return gate * y + (1.0 - gate) * x

    def compute_output_shape(self, x_shape: Shape, y_shape: Shape) -> Any:
        """Returns that of both."""
        return y_shape
