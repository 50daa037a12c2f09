"""Multi-head self-attention over the valid steps of a sequence."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.tensors import Shape, Tensor


def masked_softmax(scores: Any, valid: Tensor, *, axis: int) -> Tensor:
    """Returns shares that sum to 1 over valid places, in float32; all 0 where no place is valid.

    Keras's own warns of sequences of one step, and gives shares to padding where nothing else is there.

    Args:
        scores: Any numbers.
        valid: Which places count, broadcast to the scores; ``None`` where all do.
        axis: The axis to share along.
    """
    scores = ops.cast(scores, "float32")
    if valid is not None:
        scores = ops.where(valid, scores, float(np.finfo(np.float32).min))
    powers = ops.exp(scores - ops.stop_gradient(ops.max(scores, axis=axis, keepdims=True)))
    if valid is not None:
        powers = ops.where(valid, powers, 0.0)
    # The largest power is 1, so that only a sum over nothing is below it.
    return powers / ops.maximum(ops.sum(powers, axis=axis, keepdims=True), 1.0)


@keras.saving.register_keras_serializable("rnnzoo")
class SelfAttention(layers.Layer):
    """Lets every step look at all valid ones: ``(batch, time, width)`` to the same shape.

    Each head compares the steps by ``width / heads`` numbers of its own; padded steps are looked at by nobody.

    Args:
        heads: Number of heads, a divisor of the width.
        dropout: Share of the attention weights dropped in training.
        **arguments: Those of every Keras layer.

    Example:
        >>> import numpy as np
        >>> SelfAttention(heads=2)(np.ones((1, 3, 4), "float32")).shape
        TensorShape([1, 3, 4])

    Reference:
        Vaswani 2017, Attention Is All You Need, arXiv:1706.03762.
    """

    #: The first step looks at the last.
    looks_ahead = "SelfAttention needs the whole sequence"

    def __init__(self, heads: int, *, dropout: float = 0.0, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.supports_masking = True
        self.heads = checks.integer("heads", heads, minimum=1)
        self.dropout = layers.Dropout(
            checks.number("dropout", dropout, minimum=0, below=1), name="weights_dropout"
        )

    def build(self, x_shape: Shape) -> None:
        """Makes the kernels of queries, keys, values and the output."""
        width = int(x_shape[-1])
        if width % self.heads:
            raise ArgumentError(
                f"heads: received {self.heads} for a width of {width}; expected a divisor of it, for heads share the "
                "width. Change heads, or the last of units (both directions count)."
            )
        self.query, self.key, self.value, self.output_kernel = (
            self.add_weight(shape=(width, width), initializer="glorot_uniform", name=name)
            for name in ("query", "key", "value", "output")
        )

    def call(self, x: Tensor, mask: Tensor = None, training: bool | None = None) -> Tensor:
        """Attends; ``mask`` ``(batch, time)`` marks the valid steps."""
        query, key, value = (
            self._split(ops.matmul(x, kernel)) for kernel in (self.query, self.key, self.value)
        )
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / float(
            np.sqrt(x.shape[-1] // self.heads)
        )
        valid = None if mask is None else ops.expand_dims(mask, (1, 2))
        weights = self.dropout(ops.cast(masked_softmax(scores, valid, axis=-1), x.dtype), training=training)
        seen = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        return ops.matmul(ops.reshape(seen, ops.shape(x)), self.output_kernel)

    def _split(self, x: Tensor) -> Tensor:
        """Maps ``(batch, time, width)`` to ``(batch, heads, time, width / heads)``."""
        steps, width = ops.shape(x)[1], x.shape[-1]
        return ops.transpose(ops.reshape(x, (-1, steps, self.heads, width // self.heads)), (0, 2, 1, 3))

    def compute_output_shape(self, x_shape: Shape) -> Any:
        """Returns the shape of the input."""
        return x_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout.rate}
