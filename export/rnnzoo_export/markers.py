"""Tracing a Keras model with each recurrent layer that ONNX has an operator for as one marker node.

The marker is TensorFlow's ``PyFunc``: in every build, stateful (so that nothing folds it away), of any number of
inputs. Its first input is a constant text that says what the node means; the weights travel as ordinary inputs,
so that TensorFlow's own freezing turns them into constants. It is never run: ``lowering`` replaces it.

The seam is ``inner_loop(sequences, initial_state, mask, training)`` of Keras's recurrent layers, which has kept
its name and its arguments since Keras 3.0.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from rnnzoo_export.marker_spec import Activation, MarkerSpec, Operator

_PATCHING = threading.RLock()


@contextlib.contextmanager
def marking() -> Iterator[list[str]]:
    """Makes recurrent layers that this thread traces into marker nodes.

    Yields:
        A list to which the names of recurrent layers that keep Keras's loop are added.
    """
    loops: list[str] = []
    with _PATCHING:
        thread = threading.get_ident()
        originals = {kind: kind.__dict__["inner_loop"] for kind in (layers.RNN, layers.LSTM, layers.GRU)}
        original_call = layers.Bidirectional.call

        def active(training: Any) -> bool:
            return threading.get_ident() == thread and tf.inside_function() and not training

        def inner_loop(
            self: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = False, *, base: Any
        ) -> Any:
            spec = layer_spec(self) if active(training) else None
            if spec is None:
                if threading.get_ident() == thread and self.name not in loops:
                    loops.append(self.name)
                return base(self, sequences, initial_state, mask, training)
            return _mark_layer(self, spec, sequences, initial_state, mask)

        def call(
            self: Any, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
        ) -> Any:
            spec = bidirectional_spec(self) if active(training) else None
            if spec is None:
                return original_call(
                    self, sequences, initial_state=initial_state, mask=mask, training=training
                )
            return _mark_bidirectional(self, spec, sequences, initial_state, mask)

        for kind, original in originals.items():
            kind.inner_loop = functools.partialmethod(inner_loop, base=original)
        layers.Bidirectional.call = call
        try:
            yield loops
        finally:
            for kind, original in originals.items():
                kind.inner_loop = original
            layers.Bidirectional.call = original_call


def layer_spec(layer: Any) -> MarkerSpec | None:
    """Describes a recurrent layer; ``None`` if ONNX has no operator for it.

    Only the exact classes count, for a subclass may compute something else.
    """
    if type(layer) not in (layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN):
        return None
    cell = layer.cell
    operator: Operator
    functions: tuple[Any, ...]
    if type(cell) is layers.LSTMCell:
        operator, functions = "LSTM", (cell.recurrent_activation, cell.activation, cell.activation)
    elif type(cell) is layers.GRUCell:
        operator, functions = "GRU", (cell.recurrent_activation, cell.activation)
    elif type(cell) is layers.SimpleRNNCell:
        operator, functions = "RNN", (cell.activation,)
    else:
        return None
    activations = [_activation(function) for function in functions]
    if None in activations:
        return None
    return MarkerSpec(
        layer=layer.name,
        operator=operator,
        units=cell.units,
        activations=tuple(one for one in activations if one is not None),
        use_bias=bool(cell.use_bias),
        reset_after=bool(getattr(cell, "reset_after", False)),
        direction="reverse" if layer.go_backwards else "forward",
        return_sequences=bool(layer.return_sequences),
        zero_output=bool(layer.zero_output_for_mask),
    )


def bidirectional_spec(layer: Any) -> MarkerSpec | None:
    """Describes a bidirectional layer as one operator; ``None`` if it takes two, or ONNX has none."""
    forward, backward = layer_spec(layer.forward_layer), layer_spec(layer.backward_layer)
    if (
        forward is None
        or backward is None
        or (forward.direction, backward.direction) != ("forward", "reverse")
    ):
        return None
    same = dataclasses.replace(
        backward, layer=forward.layer, activations=forward.activations, direction="forward"
    )
    if same != forward:
        return None
    return dataclasses.replace(
        forward,
        layer=layer.name,
        activations=forward.activations + backward.activations,
        direction="bidirectional",
        return_sequences=bool(layer.return_sequences),
        concatenate=layer.merge_mode == "concat",
    )


def _activation(function: Any) -> Activation | None:
    """Returns the ONNX activation that computes what a Keras activation does, with Keras's own constants."""
    known = {
        keras.activations.tanh: ("Tanh", None, None),
        keras.activations.sigmoid: ("Sigmoid", None, None),
        keras.activations.relu: ("Relu", None, None),
        keras.activations.linear: ("Affine", 1.0, 0.0),
        keras.activations.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
        keras.activations.softsign: ("Softsign", None, None),
        keras.activations.softplus: ("Softplus", None, None),
        keras.activations.elu: ("Elu", 1.0, None),
        keras.activations.leaky_relu: ("LeakyRelu", 0.2, None),
    }
    return known.get(function)


def _mark_layer(layer: Any, spec: MarkerSpec, sequences: Any, initial_state: Any, mask: Any) -> Any:
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    states = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
    output, *states = _emit(spec, sequences, mask, states, _weights(layer.cell))
    # Keras asks for the last output, the sequence and the states, and keeps one of the first two.
    return output, output, states


def _mark_bidirectional(layer: Any, spec: MarkerSpec, sequences: Any, initial_state: Any, mask: Any) -> Any:
    forward, backward = layer.forward_layer, layer.backward_layer
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    if initial_state is None:
        rows = ops.shape(sequences)[0]
        initial_state = [*forward.get_initial_state(rows), *backward.get_initial_state(rows)]
    weights = _weights(forward.cell) + _weights(backward.cell)
    output, *states = _emit(spec, sequences, mask, list(initial_state), weights)
    merged = _merge(output, layer.merge_mode)
    if not layer.return_state:
        return merged
    return (*merged, *states) if layer.merge_mode is None else (merged, *states)


def _merge(output: Any, mode: str | None) -> Any:
    if mode == "concat":  # the marker has joined them
        return output
    forward, backward = output[..., 0, :], output[..., 1, :]
    if mode is None:
        return forward, backward
    if mode == "mul":
        return forward * backward
    return forward + backward if mode == "sum" else (forward + backward) / 2


def _emit(spec: MarkerSpec, x: Any, mask: Any, states: Sequence[Any], weights: Sequence[Any]) -> list[Any]:
    """Adds a marker to the graph and returns its outputs."""
    given = not all(_is_zero(state) for state in states)
    spec = dataclasses.replace(spec, masked=mask is not None, initial_states=given, num_states=len(states))
    inputs = [tf.constant(spec.to_json()), tf.cast(x, tf.float32)]
    if mask is not None:
        inputs.append(tf.cast(mask, tf.bool))
    if given:
        inputs += [tf.cast(state, tf.float32) for state in states]
    inputs += weights
    types = [tf.float32] * (1 + len(states))
    outputs = tf.raw_ops.PyFunc(input=inputs, token=b"rnnzoo", Tout=types, name="rnnzoo_marker")
    shapes = [_output_shape(spec, x.shape), *[[x.shape[0], spec.units]] * len(states)]
    return [
        tf.cast(tf.ensure_shape(output, shape), x.dtype)
        for output, shape in zip(outputs, shapes, strict=True)
    ]


def _output_shape(spec: MarkerSpec, shape: Any) -> list[int | None]:
    leading = [shape[0], shape[1]] if spec.return_sequences else [shape[0]]
    if spec.num_directions == 1:
        return [*leading, spec.units]
    return [*leading, 2 * spec.units] if spec.concatenate else [*leading, 2, spec.units]


def _weights(cell: Any) -> list[Any]:
    weights = [cell.kernel, cell.recurrent_kernel, *([cell.bias] if cell.use_bias else [])]
    return [tf.cast(ops.convert_to_tensor(weight), tf.float32) for weight in weights]


def _is_zero(tensor: Any) -> bool:
    """Whether a tensor of the graph is plainly all zeros."""
    if not tf.is_symbolic_tensor(tensor):
        return False
    operation = tensor.op
    while operation.type in ("Identity", "Cast"):
        operation = operation.inputs[0].op
    source = operation.inputs[1] if operation.type == "Fill" else operation.outputs[0]
    value = tf.get_static_value(source)
    return value is not None and bool((value == 0).all())
