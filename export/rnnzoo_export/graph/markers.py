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
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import tensorflow as tf
from keras import layers, ops

from rnnzoo.cells.masks import mask_of_sequences
from rnnzoo.cells.recurrence import Recurrence
from rnnzoo.cells.step_cell import LinearCell
from rnnzoo_export.graph.lookup_marker import mark_lookup
from rnnzoo_export.graph.marker_call import call_marker
from rnnzoo_export.graph.marker_spec import (
    Activation,
    LinearSpec,
    MarkerSpec,
    Operator,
    ScanSpec,
    Spec,
)

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Mask, States, Tensor, TracedFunction

#: The last output, the sequence of outputs and the states, as Keras asks a loop for.
LoopAnswer: TypeAlias = "tuple[Tensor, Tensor, list[Tensor]]"

_PATCHING = threading.RLock()


@dataclasses.dataclass
class Marked:
    """What was met while tracing.

    Attributes:
        loops: The recurrent layers that keep Keras's loop.
        steps: The steps of layers that become a ``Scan``, by the key in their markers: each maps ``projected`` and
            states ``(batch, size)`` to ``output`` and ``next_0``, ...
    """

    loops: list[Layer] = dataclasses.field(default_factory=list)
    steps: dict[str, TracedFunction] = dataclasses.field(default_factory=dict)


@contextlib.contextmanager
def mark_layers(closed: Collection[int] = ()) -> Iterator[Marked]:
    """Makes recurrent layers and tables that this thread traces into marker nodes.

    Args:
        closed: The ``id`` of each table that refuses what it does not know.

    Yields:
        What was met.
    """
    with _PATCHING, contextlib.ExitStack() as stack:
        seams = _Seams(closed)
        for kind in (layers.RNN, layers.LSTM, layers.GRU, Recurrence):
            _replace(stack, kind, "inner_loop", seams.inner_loop)
        _replace(stack, layers.Bidirectional, "call", seams.call)
        _replace(stack, Recurrence, "solve", seams.solve)
        _replace(stack, tf.lookup.StaticHashTable, "lookup", seams.lookup)
        yield seams.marked


def _replace(stack: contextlib.ExitStack, kind: type[Layer], name: str, method: Callable[..., Any]) -> None:
    """Puts ``method(layer, original, ...)`` in the place of a method until the stack is closed."""
    original, own = getattr(kind, name), name in vars(kind)

    def replacement(layer: Layer, *args: Any, **kwargs: Any) -> Any:
        return method(layer, functools.partial(original, layer), *args, **kwargs)

    # Keras looks at a method's arguments to see what it takes.
    functools.update_wrapper(replacement, original)
    setattr(kind, name, replacement)
    if own:
        stack.callback(setattr, kind, name, original)
    else:
        stack.callback(delattr, kind, name)


class _Seams:
    """What stands in for the methods of layers while a thread traces; other threads get the methods themselves."""

    def __init__(self, closed: Collection[int]) -> None:
        self.marked = Marked()
        self._closed = closed
        self._thread = threading.get_ident()

    def _active(self, training: bool | None = False) -> bool:
        return self._mine and tf.inside_function() and not training

    @property
    def _mine(self) -> bool:
        return threading.get_ident() == self._thread

    def inner_loop(
        self,
        layer: Layer,
        original: Callable[..., Any],
        sequences: Tensor,
        initial_state: States,
        mask: Mask,
        training: bool | None = False,
    ) -> LoopAnswer:
        if self._active(training) and isinstance(layer, Recurrence):
            if isinstance(layer.cell, LinearCell):  # its recurrence is marked where it is solved
                return original(sequences, initial_state, mask, training)
            return _mark_steps(layer, layer.cell, self.marked, sequences, initial_state, mask)
        spec = layer_spec(layer) if self._active(training) else None
        if spec is not None and _overflows(spec):
            return _mark_steps(layer, _KerasStep(layer.cell), self.marked, sequences, initial_state, mask)
        if spec is not None:
            return _mark_layer(layer, spec, sequences, initial_state, mask)
        if self._mine and not any(layer is known for known in self.marked.loops):
            self.marked.loops.append(layer)
        return original(sequences, initial_state, mask, training)

    def call(
        self,
        layer: Layer,
        original: Callable[..., Any],
        sequences: Tensor,
        initial_state: States | None = None,
        mask: Mask = None,
        training: bool | None = None,
    ) -> Any:
        spec = bidirectional_spec(layer) if self._active(training) else None
        if spec is None:
            return original(sequences, initial_state=initial_state, mask=mask, training=training)
        return _mark_bidirectional(layer, spec, sequences, initial_state, mask)

    def solve(
        self, layer: Layer, original: Callable[..., Any], a: Tensor, b: Tensor, initial: Tensor
    ) -> Tensor:
        if not self._active():
            return original(a, b, initial)
        (states,) = _emit(LinearSpec(layer.name), [a, b, initial], [b.shape])
        return states

    def lookup(
        self,
        table: tf.lookup.StaticHashTable,
        original: Callable[..., Tensor],
        keys: Tensor,
        name: str | None = None,
    ) -> Tensor:
        looks_up = table.key_dtype.is_integer or table.key_dtype == tf.string
        if not (self._active() and looks_up and table.value_dtype.is_integer):
            return original(keys, name)
        return mark_lookup(table, keys, takes_any=id(table) not in self._closed)


def layer_spec(layer: Layer) -> MarkerSpec | None:
    """Describes a recurrent layer; ``None`` if ONNX has no operator for it.

    Only the exact classes count, for a subclass may compute something else.
    """
    if type(layer) not in (layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN):
        return None
    cell = layer.cell
    operator: Operator
    functions: tuple[Callable[..., Tensor], ...]
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
        activations=tuple(found for found in activations if found is not None),
        use_bias=bool(cell.use_bias),
        reset_after=bool(getattr(cell, "reset_after", False)),
        direction="reverse" if layer.go_backwards else "forward",
        return_sequences=bool(layer.return_sequences),
        zero_output=bool(layer.zero_output_for_mask),
    )


def bidirectional_spec(layer: Layer) -> MarkerSpec | None:
    """Describes a bidirectional layer as one operator; ``None`` if it takes two, or ONNX has none."""
    forward, backward = layer_spec(layer.forward_layer), layer_spec(layer.backward_layer)
    if (
        forward is None
        or backward is None
        or (forward.direction, backward.direction) != ("forward", "reverse")
        or _overflows(forward)
        or _overflows(backward)
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


def _activation(function: Callable[..., Tensor]) -> Activation | None:
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


def _overflows(spec: MarkerSpec) -> bool:
    """Whether onnxruntime's LSTM or GRU answers infinity where Keras does not.

    Inside its recurrent operators it computes softplus as log(exp(x) + 1), infinite from x = 89 on; its operator
    ``Softplus`` is exact everywhere.
    """
    return spec.operator != "RNN" and any(name == "Softplus" for name, _, _ in spec.activations)


class _KerasStep:
    """A cell of Keras in the words of a ``StepCell``: what one step does, in a graph of its own."""

    def __init__(self, cell: Layer) -> None:
        self._cell = cell
        self.output_size = cell.units

    def project(self, sequences: Tensor) -> Tensor:
        """Leaves the product with the input to the step."""
        return sequences

    def step(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Returns the output and the states after one step."""
        output, after = self._cell(inputs, states, training=False)
        return output, _as_list(after)


def _mark_layer(
    layer: Layer, spec: MarkerSpec, sequences: Tensor, initial_state: States, mask: Mask
) -> LoopAnswer:
    mask, states = mask_of_sequences(mask), _as_list(initial_state)
    emitted = _emit_operator(spec, sequences, mask, states, _weights(layer.cell))
    output, *states = _as_type(layer.compute_dtype, emitted)
    # Keras asks for the last output, the sequence and the states, and keeps one of the first two.
    return output, output, states


def _mark_steps(
    layer: Layer,
    cell: Layer | _KerasStep,
    marked: Marked,
    sequences: Tensor,
    initial_state: States,
    mask: Mask,
) -> Any:
    """Marks a layer whose step is kept, to be converted on its own: one of rnnzoo, or one of ``_KerasStep``."""
    mask, states = mask_of_sequences(mask), _as_list(initial_state)
    projected = cell.project(sequences)
    spec = ScanSpec(
        layer=layer.name,
        step=f"{layer.name}/{len(marked.steps)}",
        units=cell.output_size,
        num_states=len(states),
        go_backwards=bool(layer.go_backwards),
        return_sequences=bool(layer.return_sequences),
        zero_output=bool(layer.zero_output_for_mask),
        masked=mask is not None,
    )
    marked.steps[spec.step] = _step_function(cell, projected.shape[-1], [state.shape[-1] for state in states])
    leading = [sequences.shape[0], sequences.shape[1]] if spec.return_sequences else [sequences.shape[0]]
    emitted = _emit(
        spec,
        [projected, *([] if mask is None else [tf.cast(mask, tf.bool)]), *states],
        [[*leading, spec.units], *(state.shape for state in states)],
    )
    output, *states = _as_type(layer.compute_dtype, emitted)
    return output, output, states


def _step_function(cell: Layer | _KerasStep, size: int, widths: Sequence[int]) -> TracedFunction:
    names = [f"state_{number}" for number in range(len(widths))]

    def step(projected: Tensor, *states: Tensor) -> dict[str, Tensor]:
        output, after = cell.step(projected, list(states))
        made = {f"next_{number}": tf.identity(state) for number, state in enumerate(after)}
        return {"output": tf.identity(output), **made}

    return tf.function(
        step,
        input_signature=[
            tf.TensorSpec((None, width), tf.float32, name=name)
            for width, name in zip([size, *widths], ["projected", *names], strict=True)
        ],
        autograph=False,
    )


def _mark_bidirectional(
    layer: Layer, spec: MarkerSpec, sequences: Tensor, initial_state: States, mask: Mask
) -> Any:
    forward, backward = layer.forward_layer, layer.backward_layer
    mask = mask_of_sequences(mask)
    if initial_state is None:
        rows = ops.shape(sequences)[0]
        initial_state = [*forward.get_initial_state(rows), *backward.get_initial_state(rows)]
    weights = _weights(forward.cell) + _weights(backward.cell)
    output, *states = _emit_operator(spec, sequences, mask, list(initial_state), weights)
    (output,) = _as_type(layer.compute_dtype, [output])
    states = _as_type(forward.compute_dtype, states)
    merged = _merge(output, layer.merge_mode)
    if not layer.return_state:
        return merged
    return (*merged, *states) if layer.merge_mode is None else (merged, *states)


def _merge(output: Tensor, mode: str | None) -> Tensor | tuple[Tensor, Tensor]:
    if mode == "concat":  # the marker has joined them
        return output
    forward, backward = output[..., 0, :], output[..., 1, :]
    if mode is None:
        return forward, backward
    if mode == "mul":
        return forward * backward
    return forward + backward if mode == "sum" else (forward + backward) / 2


def _emit_operator(
    spec: MarkerSpec, x: Tensor, mask: Mask, states: Sequence[Tensor], weights: Sequence[Tensor]
) -> list[Tensor]:
    """Adds the marker of an operator to the graph and returns its outputs."""
    given = not all(_is_zero(state) for state in states)
    spec = dataclasses.replace(spec, masked=mask is not None, initial_states=given, num_states=len(states))
    inputs = [tf.cast(x, tf.float32)]
    if mask is not None:
        inputs.append(tf.cast(mask, tf.bool))
    if given:
        inputs += states
    shapes = [_output_shape(spec, x.shape), *[[x.shape[0], spec.units]] * len(states)]
    return _emit(spec, [*inputs, *weights], shapes)


def _emit(spec: Spec, inputs: Sequence[Tensor], shapes: Sequence[Sequence[int | None]]) -> list[Tensor]:
    """Adds a marker to the graph and returns its outputs, float32 of these shapes."""
    tensors = [x if x.dtype == tf.bool else tf.cast(x, tf.float32) for x in inputs]
    outputs = call_marker(spec, tensors, [tf.float32] * len(shapes))
    return [tf.ensure_shape(output, shape) for output, shape in zip(outputs, shapes, strict=True)]


def _as_type(dtype: str, outputs: Sequence[Tensor]) -> list[Tensor]:
    """Gives outputs the type that a layer answers in, whatever that of its input is."""
    return [tf.cast(output, dtype) for output in outputs]


def _as_list(states: States) -> list[Tensor]:
    return list(states) if isinstance(states, list | tuple) else [states]


def _output_shape(spec: MarkerSpec, shape: Sequence[int | None]) -> list[int | None]:
    leading = [shape[0], shape[1]] if spec.return_sequences else [shape[0]]
    if spec.num_directions == 1:
        return [*leading, spec.units]
    return [*leading, 2 * spec.units] if spec.concatenate else [*leading, 2, spec.units]


def _weights(cell: Layer) -> list[Tensor]:
    weights = [cell.kernel, cell.recurrent_kernel, *([cell.bias] if cell.use_bias else [])]
    return [tf.cast(ops.convert_to_tensor(weight), tf.float32) for weight in weights]


def _is_zero(tensor: Tensor) -> bool:
    """Whether a tensor of the graph is plainly all zeros."""
    if not tf.is_symbolic_tensor(tensor):
        return False
    operation = tensor.op
    while operation.type in ("Identity", "Cast"):
        operation = operation.inputs[0].op
    source = operation.inputs[1] if operation.type == "Fill" else operation.outputs[0]
    value = tf.get_static_value(source)
    return value is not None and bool((value == 0).all())
