"""Recurrent layers that go on where the batch before left them, for training and scoring on one long sequence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_layers import methods_replaced, recurrent_layers
from rnnzoo.tensors import Layer, Tensor

#: More batches than an epoch has, so that no two draw alike.
_BATCHES = 1_000_003


class CarriedStates:
    """The states of a model's recurrent layers between batches.

    The model itself keeps no state: its layers are made to start from variables that live here, and to leave their
    last states in them, as long as ``attached`` lasts. Gradients stop at the first step of a batch.

    Args:
        model: The model.
        forget: Probability that a row of a training batch starts from zeros instead, in all layers.
    """

    def __init__(self, model: keras.Model, *, forget: float = 0.0) -> None:
        self._layers = recurrent_layers(model)
        self._variables: dict[str, list[Any]] = {}
        self._forget = forget
        self._draw: Any = None
        for layer in self._layers:
            if layer.go_backwards:
                raise ArgumentError(
                    f"layer {layer.name!r}: reads backwards, so that its state cannot go on; expected layers that read "
                    "forwards. Build the model with bidirectional=False."
                )

    @contextlib.contextmanager
    def attached(self) -> Iterator[CarriedStates]:
        """Makes the layers start from the states here, and leave them here."""
        with methods_replaced((layer, "inner_loop", self._carrying(layer)) for layer in self._layers):
            yield self

    def reset(self, rows: int, *, seed: tuple[int, int] = (0, 0)) -> None:
        """Puts all states to zero, for batches of so many rows.

        Args:
            rows: The rows.
            seed: Seed and epoch, which draw the rows that start anew later.
        """
        import tensorflow as tf

        if self._draw is None:
            self._draw = tf.Variable((0, 0), dtype=tf.int64, trainable=False)
        self._draw.assign((seed[0], seed[1] * _BATCHES))
        for layer in self._layers:
            zeros = [tf.zeros((rows, size), layer.compute_dtype) for size in layer.state_size]
            if layer.name not in self._variables:
                self._variables[layer.name] = [
                    tf.Variable(zero, trainable=False, shape=(None, zero.shape[1])) for zero in zeros
                ]
            for variable, zero in zip(self._variables[layer.name], zeros, strict=True):
                variable.assign(zero)

    def _carrying(self, layer: Layer) -> Any:
        inner_loop = layer.inner_loop

        def carry(sequences: Tensor, initial_state: Tensor, mask: Tensor, training: Any = False) -> Tensor:
            variables = self._variables[layer.name]
            states = [variable.read_value() for variable in variables]
            if training and self._forget:
                states = self._forgetting(states, first=layer is self._layers[0])
            last, outputs, after = inner_loop(sequences, states, mask, training)
            for variable, state in zip(variables, keras.tree.flatten(after), strict=True):
                variable.assign(state)
            return last, outputs, after

        return carry

    def _forgetting(self, states: list[Any], *, first: bool) -> list[Any]:
        """Puts some rows to zero, the same in all layers of a batch."""
        import tensorflow as tf

        if first:
            self._draw.assign_add((0, 1))
        drawn = tf.random.stateless_uniform((tf.shape(states[0])[0], 1), self._draw)
        return [tf.where(drawn < self._forget, tf.zeros_like(state), state) for state in states]


class ResetStates(keras.callbacks.Callback):
    """Lets every epoch, and every validation, start from zero states.

    Args:
        states: The states.
        train_rows: Rows of a training batch.
        validation_rows: Rows of a validation batch.
        seed: Draws the rows that start anew in the middle of an epoch.
    """

    def __init__(self, states: CarriedStates, *, train_rows: int, validation_rows: int, seed: int) -> None:
        super().__init__()
        self._states, self._seed = states, seed
        self._train_rows, self._validation_rows = train_rows, validation_rows

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts the epoch's first windows from zeros."""
        self._states.reset(self._train_rows, seed=(self._seed, epoch))

    def on_test_begin(self, logs: Any = None) -> None:
        """Starts validation from zeros; training has ended its epoch by then."""
        self._states.reset(self._validation_rows)
