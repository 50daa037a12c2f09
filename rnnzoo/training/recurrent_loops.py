"""Recurrent loops whose gradient is written out, for training LSTM, GRU and SimpleRNN on a CPU.

Keras's loop leaves the gradient to TensorFlow, which runs every small operation of a step backwards by itself and adds
up the gradients of the weights step by step. Here a step backwards is one product of matrices and a few
multiplications: all that does not hang on the step after it is computed for all steps at once, and so are the gradients
of the weights. The numbers are the same but for rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from keras import activations

from rnnzoo.model_layers import methods_replaced, recurrent_layers
from rnnzoo.training.recurrent_steps import KINDS, RecurrentStep, Valid
from rnnzoo.training.time_loops import run_forwards


@contextlib.contextmanager
def written_gradients(model: Any) -> Iterator[None]:
    """Lets the recurrent layers of a model run the loops of this module as long as the context lasts.

    The model stays as it is: only the way its layers are computed changes, and what it answers is the same but for
    rounding. Layers that these loops cannot run keep Keras's, as all do where there is a GPU: cuDNN is faster.

    Args:
        model: A Keras model.
    """
    gpu = tf.config.list_logical_devices("GPU")
    fit = [] if gpu else [layer for layer in recurrent_layers(model) if runs(layer)]
    with methods_replaced((layer, "inner_loop", _inner_loop(layer)) for layer in fit):
        yield


def runs(layer: Any) -> bool:
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


def _inner_loop(layer: Any) -> Callable[..., Any]:
    """Returns what takes the place of Keras's method of this name."""
    kind, of_keras = KINDS[type(layer)], layer.inner_loop

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: Any = False) -> Any:
        if (
            layer.compute_dtype != "float32"
        ):  # asked here, for a model may compute in half precision only to train
            return of_keras(sequences, initial_state, mask, training)
        states = [tf.convert_to_tensor(state) for state in keras.tree.flatten(initial_state)]
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        x = tf.transpose(tf.convert_to_tensor(sequences), [1, 0, 2])
        valid = None if mask is None else tf.transpose(tf.cast(mask, tf.bool))[:, :, None]
        if layer.go_backwards:
            x, valid = tf.reverse(x, [0]), None if valid is None else tf.reverse(valid, [0])
        bias, recurrent_bias = kind.bias(tf.convert_to_tensor(layer.cell.bias), layer.units)
        projected = _product(x, tf.convert_to_tensor(layer.cell.kernel)) + bias
        matrix = tf.convert_to_tensor(layer.cell.recurrent_kernel)
        outputs, last = _loop(kind, projected, matrix, recurrent_bias, states, valid, bool(training), layer)
        outputs = _at_masked_steps(outputs, valid, zeros=layer.zero_output_for_mask)
        outputs.set_shape([x.shape[0] if layer.return_sequences else 1, x.shape[1], layer.units])
        return outputs[-1], tf.transpose(outputs, [1, 0, 2]), last

    return inner_loop


def _loop(
    kind: RecurrentStep,
    projected: Any,
    matrix: Any,
    recurrent_bias: Any,
    states: list[Any],
    valid: Valid,
    training: bool,
    layer: Any,
) -> tuple[Any, list[Any]]:
    """Returns the outputs of all steps, or of the last alone ``(1, rows, units)``, and the last states."""
    biases = [] if recurrent_bias is None else [recurrent_bias]
    sequences = layer.return_sequences

    def forward(projected: Any, matrix: Any, states: list[Any], biases: list[Any], kept: int) -> Any:
        def step(read: Any, *states: Any) -> tuple[list[Any], list[Any]]:
            product = tf.matmul(states[0], matrix)
            product = tf.nn.bias_add(product, biases[0]) if biases else product
            after = kind.step(read("projected"), product, states)
            if valid is not None:
                now = read("valid")
                after = [tf.where(now, new, old) for new, old in zip(after, states, strict=True)]
            return after, [*after, product][:kept]

        return run_forwards(step, {"projected": projected, "valid": valid}, states, kept)

    if not training:
        kept, last = forward(projected, matrix, states, biases, 1 if sequences else 0)
        return (kept[0] if sequences else last[0][None]), last

    @tf.custom_gradient
    def run(projected: Any, matrix: Any, *rest: Any) -> Any:
        first, given = list(rest[: len(states)]), list(rest[len(states) :])
        kept, last = forward(projected, matrix, first, given, len(states) + 1)
        *after, product = kept

        def gradient(doutputs: Any, *dlast: Any) -> list[Any]:
            before = [
                tf.concat([start[None], all_[:-1]], 0) for start, all_ in zip(first, after, strict=True)
            ]
            back = kind.backward(projected, product, before, after, valid)
            dstates = list(dlast)
            if not sequences:
                doutputs, dstates[0] = None, dstates[0] + doutputs[0]
            dprojected, dproduct, dfirst = back(matrix, doutputs, dstates)
            flat = tf.reshape(dproduct, [-1, matrix.shape[1]])
            dmatrix = tf.matmul(tf.reshape(before[0], [-1, matrix.shape[0]]), flat, transpose_a=True)
            return [dprojected, dmatrix, *dfirst, *([tf.reduce_sum(flat, 0)] if given else [])]

        return [kept[0] if sequences else last[0][None], *last], gradient

    outputs, *last = run(projected, matrix, *states, *biases)
    return outputs, last


def _product(x: Any, matrix: Any) -> Any:
    """Multiplies all steps in one product."""
    shape = tf.shape(x)
    product = tf.matmul(tf.reshape(x, [-1, matrix.shape[0]]), matrix)
    return tf.ensure_shape(
        tf.reshape(product, [shape[0], shape[1], matrix.shape[1]]), [*x.shape[:2], matrix.shape[1]]
    )


def _at_masked_steps(outputs: Any, valid: Valid, *, zeros: bool) -> Any:
    """Returns what Keras gives there: the output before it, or zeros; zeros too before the first valid step."""
    if valid is None:
        return outputs
    seen = valid if zeros else tf.cumsum(tf.cast(valid, tf.int32), axis=0) > 0
    # Of a layer that answers once there is one output, that of the last step.
    return tf.where(seen[-tf.shape(outputs)[0] :], outputs, 0.0)
