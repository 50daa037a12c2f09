"""Where a decoder looks in its source."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from rnnzoo import checks
from rnnzoo.tensors import Shape, Tensor

#: The scores by the names of their papers' authors.
ATTENTIONS = ("bahdanau", "luong")

# Far below any score, and a number in float32 still: exp of it is exactly 0 beside any valid step.
_NEVER = -1e9


@keras.saving.register_keras_serializable("rnnzoo")
class SourceAttention(layers.Layer):
    """Averages a memory for each query, weighted by how well its keys match.

    ``"bahdanau"`` scores a query ``q`` and a key ``k`` by ``v . tanh(q + k)``, ``"luong"`` by ``q . k``; what projects
    both stands before this layer, so that the keys of a source are computed once however many steps follow. Weights
    and average are computed in float32. A step that is not valid has the weight 0 exactly; where no step is, the
    average is 0.

    Args:
        score: ``"bahdanau"`` or ``"luong"``.

    Reference:
        Bahdanau 2014, arXiv:1409.0473; Luong 2015, arXiv:1508.04025.
    """

    def __init__(self, score: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.score = checks.choice("attention", score, ATTENTIONS)
        self.supports_masking = True

    def build(self, query_shape: Any, keys_shape: Any, memory_shape: Any, valid_shape: Shape) -> None:
        """Makes the weight vector of the additive score."""
        if self.score == "bahdanau":
            self.vector = self.add_weight(
                name="vector", shape=(keys_shape[-1],), initializer=keras.initializers.VarianceScaling()
            )

    def call(self, query: Tensor, keys: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Maps queries ``(batch, target, width)`` to averages of the memory ``(batch, target, features)``.

        Args:
            query: The queries.
            keys: One key for each step of the memory ``(batch, source, width)``.
            memory: What is averaged ``(batch, source, features)``.
            valid: Its valid steps ``(batch, source)``.
        """
        valid = ops.expand_dims(valid, 1)
        scores = ops.where(valid, ops.cast(self._scores(query, keys), "float32"), _NEVER)
        shares = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True)) * ops.cast(valid, "float32")
        # Any valid step makes the sum at least 1, for the best has the share exp(0).
        weights = shares / ops.maximum(ops.sum(shares, axis=-1, keepdims=True), 1.0)
        return ops.cast(ops.matmul(weights, ops.cast(memory, "float32")), self.compute_dtype)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        if self.score == "luong":
            return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))
        joined = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(keys, 1))
        return ops.sum(joined * ops.cast(self.vector, joined.dtype), axis=-1)

    def compute_output_spec(self, query: Tensor, keys: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Describes the output."""
        return keras.KerasTensor((*query.shape[:-1], memory.shape[-1]), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "score": self.score}
