"""Penalties on activations: on their size and on their change from step to step."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class ActivationPenalty(layers.Layer):
    """Adds the mean square of activations, or of their change between neighbouring steps, to the training loss.

    Passes its input on. Padded steps do not count, nor does the step into padding.

    Args:
        size: Weight of the mean square (activation regularisation, AR; 2 in the paper).
        change: Weight of the mean square of the change (temporal activation regularisation, TAR; 1 in the paper).
        **arguments: Those of every Keras layer.

    Reference:
        Merity 2017, Revisiting Activation Regularization for Language RNNs, arXiv:1708.01009.
    """

    def __init__(self, *, size: float = 0.0, change: float = 0.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.size = checks.number("size", size, minimum=0)
        self.change = checks.number("change", change, minimum=0)
        self.supports_masking = True

    def call(self, x: Tensor, mask: Tensor = None, training: bool = False) -> Tensor:
        """Returns ``x`` ``(batch, time, units)``."""
        if training:
            valid = ops.ones(ops.shape(x)[:2]) if mask is None else ops.cast(mask, "float32")
            value = ops.cast(x, "float32")
            if self.size:
                self.add_loss(self.size * _mean_square(value, valid))
            if self.change:
                steps = valid[:, 1:] * valid[:, :-1]
                self.add_loss(self.change * _mean_square(value[:, 1:] - value[:, :-1], steps))
        return x

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns that of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "size": self.size, "change": self.change}


def _mean_square(value: Any, weights: Any) -> Any:
    total = ops.sum(ops.mean(ops.square(value), axis=-1) * weights)
    return total / ops.maximum(ops.sum(weights), 1.0)
