"""A network of one step, whose states are inputs and outputs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from rnnzoo.cells.masks import mask_of_sequences
from rnnzoo.errors import ArgumentError, UnsupportedLayerError
from rnnzoo.keras_models.model_layers import all_layers, methods_replaced
from rnnzoo_export.network.exportable import Exportable
from rnnzoo_export.network.traced_model import TracedModel
from rnnzoo_export.signature import Signature, State, TensorSpec

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Mask, States, Tensor

# In these the output of a step is the first state after it.
_STATE_NAMES: dict[type, tuple[str, ...]] = {
    layers.LSTMCell: ("h", "c"),
    layers.GRUCell: ("h",),
    layers.SimpleRNNCell: ("h",),
}
_OUTPUT_IS_STATE = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)


_WHOLE_SEQUENCE = (
    layers.Bidirectional,
    layers.MultiHeadAttention,
    layers.GroupQueryAttention,
    layers.Attention,
    layers.AdditiveAttention,
    layers.GlobalAveragePooling1D,
    layers.GlobalMaxPooling1D,
    layers.AveragePooling1D,
    layers.MaxPooling1D,
    layers.Conv1DTranspose,
    layers.Conv2D,
    layers.Conv3D,
    layers.ConvLSTM1D,
    layers.ConvLSTM2D,
    layers.ConvLSTM3D,
    layers.Flatten,
    layers.Permute,
    layers.RepeatVector,
    layers.UpSampling1D,
    layers.ZeroPadding1D,
    layers.Cropping1D,
    layers.GroupNormalization,
)


class StreamingExportable(Exportable):
    """A model as the exporters see it, with its states as further inputs and outputs.

    Args:
        network: The model without them, which is not traced again.

    Attributes:
        whole: The signature without states.
        states: The states, in the order of the inputs.

    Raises:
        ArgumentError: If the model has no state or a fixed number of steps.
        UnsupportedLayerError: If it cannot answer step by step.
    """

    def __init__(self, network: Exportable) -> None:
        vars(self).update(vars(network))
        self._known, self._nearby = {}, {}
        self._compared = False
        model = self.model
        self.whole = self.signature
        _refuse_fixed_time(model, self.whole)
        _refuse_layers(model)
        if self.least_steps != 1:
            raise UnsupportedLayerError(
                f"model {model.name!r}: takes no fewer than {self.least_steps} steps, so that it cannot answer step by "
                "step; expected operations that leave the number of steps alone. Export whole sequences with "
                "export_onnx."
            )
        self.states = self._find_states()
        given = tuple(_spec(state.input, state.shape) for state in self.states)
        made = tuple(_spec(state.output, state.shape) for state in self.states)
        self.signature = Signature(self.whole.inputs + given, self.whole.outputs + made)
        self._whole_truth, self._answer = self._truth, self
        with self.portable(), self.tracing():
            self._truth = TracedModel(self, self.tensor_specs)

    def __call__(self, *tensors: Tensor) -> dict[str, Tensor]:
        """Runs one piece; outputs and new states by name."""
        own = len(self.whole.inputs)
        given = {state.input: tensor for state, tensor in zip(self.states, tensors[own:], strict=True)}
        tape = _Tape(given, taken=self._own_names)
        with tape.attach(self.model):
            outputs = super().__call__(*tensors[:own])
        return outputs | {state.output: tape.made[state.input] for state in self.states}

    def predict_whole(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs the model itself over whole sequences."""
        with self._answering(inputs):
            return self._whole_truth(inputs)

    @property
    def _own_names(self) -> list[str]:
        return [spec.name for spec in (*self.whole.inputs, *self.whole.outputs)]

    def _find_states(self) -> tuple[State, ...]:
        """Runs the model once and notes which states it carries."""
        tape = _Tape(None, taken=self._own_names)
        inputs = self.batches().batch("full", 1, 1).arrays
        with self.portable(), self.tracing(), tape.attach(self.model):
            super().__call__(*(tf.convert_to_tensor(inputs[spec.name]) for spec in self.signature.inputs))
        _refuse_starts(tape.starts, inputs)
        if not tape.made:
            raise ArgumentError(
                f"model {self.model.name!r}: has no recurrent layer and no causal convolution, so that nothing is "
                "carried from piece to piece; expected one at least. Use export_onnx."
            )
        return tuple(
            State(name, f"{name}_out", tuple(int(size) for size in tensor.shape[1:]))
            for name, tensor in tape.made.items()
        )


def _refuse_starts(starts: Mapping[str, list[np.ndarray]], inputs: Mapping[str, np.ndarray]) -> None:
    """Raises ``UnsupportedLayerError`` for a layer that does not start from zeros: ``starts`` has its states."""
    for layer, states in starts.items():
        names = [name for name in inputs for state in states if np.array_equal(state, inputs[name])]
        if len(names) == len(states):
            raise UnsupportedLayerError(
                f"layer {layer!r}: starts from the model's own inputs {names}, so that the model is a stream already; "
                "expected a model without states among its inputs. Export it with export_onnx, and give the states "
                "that it answers with the next piece."
            )
        raise UnsupportedLayerError(
            f"layer {layer!r}: starts from a state that the model computes, which a stream would compute anew for "
            "every piece; expected zeros. Export whole sequences with export_onnx."
        )


def _spec(name: str, shape: tuple[int, ...]) -> TensorSpec:
    return TensorSpec(name, "float32", (None, *shape), ("batch", *[None] * (len(shape) - 1), "features"))


class _Tape:
    """Gives each layer its states and takes them back.

    Args:
        given: The states by name; ``None`` to start from zeros, which is how the names are found.
        taken: The names that no state may have: those of the model's own inputs and outputs.

    Attributes:
        made: The new states by name.
        starts: The first states of layers that do not start from zeros, by layer.
    """

    def __init__(self, given: Mapping[str, Tensor] | None, *, taken: Collection[str]) -> None:
        self._given, self._taken = given, frozenset(taken)
        self.made: dict[str, Tensor] = {}
        self.starts: dict[str, list[np.ndarray]] = {}

    @contextlib.contextmanager
    def attach(self, model: keras.Model) -> Iterator[None]:
        """Makes the layers of a model read and write here.

        The methods are replaced on the layers themselves, for models are shared between nobody while they are
        exported.
        """
        found = ((layer, *self._replacement(layer)) for layer in all_layers(model))
        with methods_replaced((layer, name, method) for layer, name, method in found if method is not None):
            yield

    def _replacement(self, layer: Layer) -> tuple[str, Callable[..., Any] | None]:
        if isinstance(layer, layers.RNN):
            return "inner_loop", functools.partial(self._recurrent, layer)
        if isinstance(layer, layers.Conv1D) and _context(layer):
            return "call", functools.partial(self._convolution, layer)
        return "call", getattr(layer, "call_streaming", None)

    def carry(self, name: str, start: Tensor) -> tuple[str, Tensor]:
        """Returns the full name of a state and its value: what was given, or ``start`` where nothing was."""
        # A layer that is called twice has a state for each call; an input may have a state's name.
        while name in self.made or not self._taken.isdisjoint((name, f"{name}_out")):
            name += "_again"
        self.made[name] = start
        return name, start if self._given is None else tf.cast(self._given[name], start.dtype)

    def _recurrent(
        self,
        layer: Layer,
        sequences: Tensor,
        initial_state: States,
        mask: Mask,
        training: bool | None = False,
    ) -> tuple[Tensor, Tensor, States]:
        flat = keras.tree.flatten(initial_state)
        if self._given is None and not _starts_from_zeros(layer, flat, sequences):
            self.starts[layer.name] = [np.asarray(state) for state in flat]
        names = _state_names(layer.cell) or [f"state_{i}" for i in range(len(flat))]
        carried = [self.carry(f"{layer.name}_{name}", value) for name, value in zip(names, flat, strict=True)]
        states = keras.tree.pack_sequence_as(initial_state, [value for _, value in carried])
        mask = mask_of_sequences(mask)
        run = type(layer).inner_loop.__get__(layer)
        last, sequence, states = run(sequences, states, mask, training)
        for (name, _), value in zip(carried, keras.tree.flatten(states), strict=True):
            self.made[name] = tf.cast(value, "float32")
        if mask is not None and not layer.zero_output_for_mask:
            last, sequence = self._hold(layer, last, sequence, mask, carried[0][1])
        return last, sequence, states

    def _hold(
        self, layer: Layer, last: Tensor, sequence: Tensor, mask: Tensor, first_state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Lets masked steps at a piece's beginning repeat the output before it, as Keras does inside a sequence."""
        name = None
        before = first_state
        if not (isinstance(layer.cell, _OUTPUT_IS_STATE) or getattr(layer.cell, "output_is_state", False)):
            name, before = self.carry(
                f"{layer.name}_output", tf.zeros_like(last if last.shape.rank == 2 else last[:, 0])
            )
        seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1) > 0
        if layer.return_sequences:
            sequence = tf.where(seen[:, :, None], sequence, before[:, None, :])
            last = sequence[:, -1]
        else:
            last = tf.where(seen[:, -1:], last, before)
        if name is not None:
            self.made[name] = tf.cast(last, "float32")
        return last, sequence if layer.return_sequences else last

    def _convolution(self, layer: Layer, inputs: Tensor) -> Tensor:
        steps = _context(layer)
        name, before = self.carry(
            f"{layer.name}_context", tf.zeros((tf.shape(inputs)[0], steps, inputs.shape[-1]), inputs.dtype)
        )
        inputs = tf.concat([before, inputs], axis=1)
        self.made[name] = tf.cast(inputs[:, -steps:], "float32")
        layer.padding = "valid"
        try:
            return type(layer).call(layer, inputs)
        finally:
            layer.padding = "causal"


def _state_names(cell: Layer) -> tuple[str, ...] | None:
    return _STATE_NAMES.get(type(cell)) or getattr(cell, "state_names", None)


def _context(layer: Layer) -> int:
    """Returns how many steps before the present one a causal convolution reads."""
    if layer.padding != "causal":
        return 0
    return int((layer.kernel_size[0] - 1) * layer.dilation_rate[0])


def _refuse_fixed_time(model: keras.Model, signature: Signature) -> None:
    sequences = [spec for spec in signature.inputs if len(spec.shape) > 1 and "time" in spec.axes]
    fixed = [spec for spec in sequences if spec.shape[1] is not None]
    if fixed and any(layer.name == "linear_map" for layer in model.layers):
        raise ArgumentError(
            f"model {model.name!r}: received a linear map of {fixed[0].shape[1]} steps; expected sequences of any "
            "length, which come piece by piece. Build the model with linear=False, and train it."
        )
    if fixed or not sequences:
        found = f"{fixed[0].name!r} {fixed[0].shape}" if fixed else "none with a time axis"
        raise ArgumentError(
            f"model {model.name!r}: received the input {found}; expected sequences of any length. "
            "Build the model with keras.Input((None, features)) and give it these weights (set_weights)."
        )


def _refuse_layers(model: keras.Model) -> None:
    for layer in all_layers(model):
        reason = _looks_ahead(layer)
        if reason:
            raise UnsupportedLayerError(
                f"layer {layer.name!r}: {reason}, so that the model cannot answer piece by piece. Build a model that "
                "reads forwards only, or export whole sequences with export_onnx."
            )


def _looks_ahead(layer: Layer) -> str | None:
    """Says in which way a layer needs steps that are yet to come; ``None`` if it does not, as far as is known.

    A layer of one's own says it in an attribute ``looks_ahead``, which is empty where it does not.
    """
    own = getattr(layer, "looks_ahead", None)
    if isinstance(own, str):
        return own or None
    if isinstance(layer, layers.Conv2D) and _one_step_high(layer):
        return None  # it reads what belongs to one step, such as the characters of a word
    if isinstance(layer, _WHOLE_SEQUENCE):
        return f"{type(layer).__name__} needs the whole sequence"
    if isinstance(layer, layers.RNN) and layer.go_backwards:
        return "reads backwards"
    if isinstance(layer, layers.Conv1D | layers.SeparableConv1D | layers.DepthwiseConv1D):
        if layer.strides[0] != 1:
            return f"skips steps (strides={layer.strides[0]})"
        if layer.data_format != "channels_last":
            return f"has its time axis last (data_format={layer.data_format!r})"
        if layer.kernel_size[0] > 1 and layer.padding != "causal":
            return f"reads steps ahead (padding={layer.padding!r}, expected 'causal')"
    return None


def _one_step_high(layer: Layer) -> bool:
    return (
        layer.kernel_size[0] == layer.strides[0] == layer.dilation_rate[0] == 1
        and layer.data_format == "channels_last"
    )


def _starts_from_zeros(layer: Layer, states: list[Tensor], sequences: Tensor) -> bool:
    own = keras.tree.flatten(layer.get_initial_state(ops.shape(sequences)[0]))
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(states, own, strict=True))
