"""Weight-drop: dropout of recurrent weights that keeps cuDNN."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.tensors import Layer, Shape, Tensor


@keras.saving.register_keras_serializable("rnnzoo")
class WeightDrop(layers.Wrapper):
    """Drops a share of the recurrent weights of a layer, the same ones for all steps of a batch.

    The layer itself stays what it is, so that cuDNN runs it, and at inference nothing is dropped: what is saved and
    exported are the weights themselves.

    Args:
        layer: An LSTM, GRU or SimpleRNN, or a ``Bidirectional`` of one.
        rate: The share of recurrent weights set to zero; the others are scaled up by ``1 / (1 - rate)``.
        **arguments: Those of every Keras layer.

    Reference:
        Wan 2013, Regularization of Neural Networks using DropConnect; Merity 2018, Regularizing and Optimizing LSTM
        Language Models, arXiv:1708.02182 (section 2, on recurrent weights).
    """

    def __init__(self, layer: Layer, rate: float, **arguments: Any) -> None:
        super().__init__(layer, **arguments)
        self.rate = checks.number("rate", rate, minimum=0, below=1)
        self._cells = [direction.cell for direction in _directions(layer)]
        self.supports_masking = True
        self._seeds = keras.random.SeedGenerator()

    def build(self, sequences_shape: Shape, initial_state_shape: Shape = None) -> None:
        """Builds the layer."""
        super().build(sequences_shape)

    def call(
        self, sequences: Tensor, initial_state: Tensor = None, mask: Tensor = None, training: bool = False
    ) -> Tensor:
        """Runs the layer."""
        given = {} if initial_state is None else {"initial_state": initial_state}
        if not training or not self.rate:
            return self.layer(sequences, mask=mask, training=training, **given)
        with contextlib.ExitStack() as stack:
            for cell in self._cells:
                stack.enter_context(self._dropped(cell))
            return self.layer(sequences, mask=mask, training=True, **given)

    @contextlib.contextmanager
    def _dropped(self, cell: Any) -> Iterator[None]:
        kernel = cell.recurrent_kernel
        value = keras.random.dropout(keras.ops.convert_to_tensor(kernel), self.rate, seed=self._seeds)
        # Past Keras's own attribute setter, which would take the tensor for a change of the cell's weights.
        object.__setattr__(cell, "recurrent_kernel", value)
        try:
            yield
        finally:
            object.__setattr__(cell, "recurrent_kernel", kernel)

    def compute_output_shape(self, sequences_shape: Shape, initial_state_shape: Shape = None) -> Any:
        """Returns that of the layer."""
        return self.layer.compute_output_shape(sequences_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "rate": self.rate}


def _directions(layer: Layer) -> list[Any]:
    both = [layer.forward_layer, layer.backward_layer] if isinstance(layer, layers.Bidirectional) else [layer]
    known = (layers.LSTM, layers.GRU, layers.SimpleRNN)
    for direction in both:
        if not isinstance(direction, known):
            raise ArgumentError(
                f"weight_drop: received a {type(direction).__name__} layer; expected LSTM, GRU or SimpleRNN, whose "
                "recurrent weights are one matrix. Wrap one of them; in a builder, choose such a cell, or "
                "weight_drop=0."
            )
    return both
