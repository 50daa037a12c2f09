"""An embedding that can also be the last layer, and can forget whole words."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.tensors import Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class WordEmbedding(layers.Embedding):
    """Maps ids to vectors, and vectors to logits with the same matrix.

    Args:
        input_dim: Number of ids.
        output_dim: Width of the vectors.
        dropout: Share of the words whose vectors are zero in a training batch, wherever they occur (Gal 2016).
        **arguments: Those of ``keras.layers.Embedding``.

    Reference:
        Press & Wolf 2017, Using the Output Embedding to Improve Language Models, arXiv:1608.05859; Gal & Ghahramani
        2016, arXiv:1512.05287.
    """

    def __init__(self, input_dim: int, output_dim: int, *, dropout: float = 0.0, **arguments: Any) -> None:
        super().__init__(input_dim, output_dim, **arguments)
        self.dropout = checks.number("embedding_dropout", dropout, minimum=0, below=1)
        self.supports_masking = True
        self._seeds = keras.random.SeedGenerator()

    def call(self, inputs: Tensor, reverse: bool = False, training: bool = False) -> Tensor:
        """Maps ids ``(...)`` to ``(..., output_dim)``; reversed, vectors to float32 logits ``(..., input_dim)``."""
        if reverse:
            matrix = ops.cast(ops.convert_to_tensor(self.embeddings), "float32")
            return ops.matmul(ops.cast(inputs, "float32"), ops.transpose(matrix))
        vectors = super().call(inputs)
        if training and self.dropout:
            words = ops.ones((self.input_dim, 1), dtype=vectors.dtype)
            kept = keras.random.dropout(words, self.dropout, seed=self._seeds)
            vectors = vectors * ops.take(kept, inputs, axis=0)
        return vectors

    def compute_output_spec(self, inputs: Tensor, reverse: bool = False, training: bool = False) -> Tensor:
        """Describes the output."""
        if reverse:
            return keras.KerasTensor((*inputs.shape[:-1], self.input_dim), dtype="float32")
        return keras.KerasTensor((*inputs.shape, self.output_dim), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "dropout": self.dropout}


@keras.saving.register_keras_serializable("rnnzoo")
class OutputBias(layers.Layer):
    """Adds a vector to float32 logits: the bias that a tied embedding lacks."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{"dtype": "float32", **arguments})
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Makes the vector."""
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, logits: Tensor) -> Tensor:
        """Returns ``logits`` ``(..., tokens)`` with the vector added."""
        return logits + self.bias

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Returns that of the input."""
        return input_shape
