"""Recurrent loops whose gradient is written out, for training LSTM, GRU and SimpleRNN on a CPU.

Keras's loop leaves the gradient to TensorFlow, which runs every small operation of a step backwards by itself and adds
up the gradients of the weights step by step. Here a step backwards is one product of matrices and a few
multiplications: all that does not hang on the step after it is computed for all steps at once, and so are the gradients
of the weights. The numbers are the same but for rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import activations

from rnnzoo.cells.masks import mask_of_sequences
from rnnzoo.keras_models.model_layers import methods_replaced, recurrent_layers
from rnnzoo.training.written_gradients.recurrent_steps import KINDS, RecurrentStep
from rnnzoo.training.written_gradients.time_loops import run_forwards

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Tensor


@contextlib.contextmanager
def written_gradients(model: keras.Model) -> Iterator[None]:
    """Lets the recurrent layers of a model run the loops of this module as long as the context lasts.

    The model stays as it is: only the way its layers are computed changes, and what it answers is the same but for
    rounding. Layers that these loops cannot run keep Keras's, as all do where there is a GPU: cuDNN is faster.

    Args:
        model: A Keras model.
    """
    gpu = tf.config.list_logical_devices("GPU")
    fit = [] if gpu else [layer for layer in recurrent_layers(model) if runs(layer)]
    with methods_replaced([(layer, "inner_loop", _inner_loop(layer)) for layer in fit]):
        yield


def runs(layer: Layer) -> bool:
    """Says whether a recurrent layer is one that the loops of this module can run.

    Args:
        layer: A recurrent layer of Keras.

    Example:
        >>> from keras import layers
        >>> runs(layers.GRU(4)), runs(layers.GRU(4, recurrent_dropout=0.1))
        (True, False)
    """
    if type(layer) not in KINDS or layer.activation is not activations.tanh or not layer.use_bias:
        return False
    gate = getattr(layer, "recurrent_activation", activations.sigmoid)
    plain = not (layer.dropout or layer.recurrent_dropout or layer.unroll)
    return plain and gate is activations.sigmoid and getattr(layer, "reset_after", True)


def _inner_loop(layer: Layer) -> Callable[..., Any]:
    """Returns what takes the place of Keras's method of this name."""
    of_keras = layer.inner_loop

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: Any = False) -> Any:
        if (
            layer.compute_dtype != "float32"
        ):  # asked here, for a model may compute in half precision only to train
            return of_keras(sequences, initial_state, mask, training)
        x = tf.convert_to_tensor(sequences)
        states = [tf.convert_to_tensor(state) for state in keras.tree.flatten(initial_state)]
        if mask is not None:
            mask = mask_of_sequences(mask)
        valid = None if mask is None else tf.cast(mask, tf.bool)
        if layer.go_backwards:
            x, valid = tf.reverse(x, [1]), None if valid is None else tf.reverse(valid, [1])
        if valid is None:
            after, last = _run(layer, x, states, training=bool(training), sequences=layer.return_sequences)
            outputs = after[0] if after else last[0][:, None]
        else:
            places = _Places(valid)
            after, _ = _run(layer, places.to_front(x), states, training=bool(training), sequences=True)
            last = [places.last(one, first) for one, first in zip(after, states, strict=True)]
            outputs = places.outputs(
                after[0], sequences=layer.return_sequences, zeros=layer.zero_output_for_mask
            )
        outputs.set_shape([x.shape[0], x.shape[1] if layer.return_sequences else 1, layer.units])
        return outputs[:, -1], outputs, last

    return inner_loop


class _Places:
    """Where valid steps go when those that are not are moved to the end, so that the loop needs no mask.

    What the loop makes of the steps at the end is never looked at.

    Args:
        valid: Which steps are valid ``(rows, time)``.
    """

    def __init__(self, valid: Any) -> None:
        self._valid = valid
        self._seen = tf.cumsum(tf.cast(valid, tf.int32), axis=1)

    def to_front(self, x: Tensor) -> Any:
        """Moves the valid steps of ``x`` ``(rows, time, width)`` to the front, in their order."""
        steps = tf.shape(self._valid)[1]
        ends = self._seen[:, -1:]
        place = tf.where(self._valid, self._seen, ends + tf.range(1, steps + 1)[None] - self._seen) - 1
        order = tf.argsort(place, axis=1)

        @tf.custom_gradient
        def move(x: Tensor) -> Any:
            # A permutation: its gradient is the way back, for which TensorFlow would add up rows.
            return _take(x, order), lambda gradient: _take(gradient, place)

        return move(x)

    def last(self, states: Any, first: Any) -> Any:
        """Returns the state after the last valid step of each row, or the first state where there is none."""
        found = _take(states, tf.maximum(self._seen[:, -1:] - 1, 0))[:, 0]
        return tf.where(self._seen[:, -1:] > 0, found, first)

    def outputs(self, states: Any, *, sequences: bool, zeros: bool) -> Any:
        """Returns what Keras gives as outputs: at other steps the output before, or zeros; zeros before all."""
        seen, valid = (self._seen, self._valid) if sequences else (self._seen[:, -1:], self._valid[:, -1:])
        there = valid if zeros else seen > 0
        return tf.where(there[:, :, None], _take(states, tf.maximum(seen - 1, 0)), 0.0)


def _take(x: Tensor, steps: Any) -> Any:
    return tf.gather(x, steps, axis=1, batch_dims=1)


def _run(
    layer: Layer, x: Tensor, states: list[Any], *, training: bool, sequences: bool
) -> tuple[list[Any], list[Any]]:
    """Runs a layer over ``(rows, time, features)``.

    Returns:
        Its states after all steps ``(rows, time, units)``, or nothing without ``sequences``, and the last ones.
    """
    kind, cell = KINDS[type(layer)], layer.cell
    bias, recurrent_bias = kind.bias(tf.convert_to_tensor(cell.bias), layer.units)
    matrix = tf.convert_to_tensor(cell.recurrent_kernel)
    x = tf.transpose(x, [1, 0, 2])
    projected = _product(x, tf.convert_to_tensor(cell.kernel)) + bias
    biases = [] if recurrent_bias is None else [recurrent_bias]
    if training:
        run = _differentiable(kind, sequences=sequences, all_states=layer.return_state)
        found = run(projected, matrix, *states, *biases)
    else:
        kept, last = _forwards(kind, projected, matrix, states, biases, kept=len(states) if sequences else 0)
        found = [*kept, *last]
    after, last = found[: -len(states)], found[-len(states) :]
    return [tf.transpose(one, [1, 0, 2]) for one in after], list(last)


def _differentiable(kind: RecurrentStep, *, sequences: bool, all_states: bool) -> Callable[..., list[Any]]:
    """Returns a function from products, matrix, first states and biases to states; with its gradient."""

    @tf.custom_gradient
    def run(projected: Any, matrix: Any, *rest: Any) -> Any:
        biased = rest[-1].shape.rank == 1
        states, biases = list(rest[: len(rest) - biased]), list(rest[len(rest) - biased :])
        count = len(states)
        kept, last = _forwards(kind, projected, matrix, states, biases, kept=count + 1)
        after, product = kept[:count], kept[count]

        def gradient(*given: Any) -> list[Any]:
            # Of an LSTM's second state few want more than the last value; adding zeros at each step takes time.
            used = [sequences and (place == 0 or all_states) for place in range(count)]
            of_all = [one if use else None for one, use in zip(given[:count], used, strict=True)]
            before = [tf.concat([one[None], all_[:-1]], 0) for one, all_ in zip(states, after, strict=True)]
            last = list(given[-count:])
            dprojected, dproduct, dstates = kind.backward(
                matrix, projected, product, before, after, of_all, last
            )
            flat = tf.reshape(dproduct, [-1, matrix.shape[1]])
            dmatrix = tf.matmul(tf.reshape(before[0], [-1, matrix.shape[0]]), flat, transpose_a=True)
            return [dprojected, dmatrix, *dstates, *([tf.reduce_sum(flat, 0)] if biases else [])]

        return [*(after if sequences else []), *last], gradient

    return run


def _forwards(
    kind: RecurrentStep, projected: Any, matrix: Any, states: list[Any], biases: list[Any], *, kept: int
) -> tuple[list[Any], list[Any]]:
    forward = partial(kind.forward, matrix, biases[0] if biases else None)
    return run_forwards(forward, projected, states, kept=kept)


def _product(x: Tensor, matrix: Any) -> Any:
    """Multiplies all steps in one product."""
    shape = tf.shape(x)
    product = tf.matmul(tf.reshape(x, [-1, matrix.shape[0]]), matrix)
    product = tf.reshape(product, [shape[0], shape[1], matrix.shape[1]])
    return tf.ensure_shape(product, [*x.shape[:2], matrix.shape[1]])
