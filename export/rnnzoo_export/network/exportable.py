"""A Keras model as the exporters see it: named tensors in, named tensors out, no cuDNN, float32 arithmetic."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from rnnzoo.errors import ExportError, RnnzooError, UnsupportedLayerError
from rnnzoo.keras_models.model_layers import all_layers, check_names, recurrent_layers
from rnnzoo_export.network.export_config import InputSignature
from rnnzoo_export.network.input_facts import InputFacts, read_facts
from rnnzoo_export.network.input_names import InputNames, chosen_names
from rnnzoo_export.network.jumps import has_jumps
from rnnzoo_export.network.keras_functions import traced_otherwise
from rnnzoo_export.network.model_call import read_call
from rnnzoo_export.network.model_specs import HALF, input_specs, output_specs, traced_specs
from rnnzoo_export.network.proof_batches import BatchMaker
from rnnzoo_export.network.step_search import INNER, find_steps, nearby_steps
from rnnzoo_export.network.tables import read_tables
from rnnzoo_export.network.traced_model import TracedModel
from rnnzoo_export.signature import Signature, TensorSpec, describe_arrays

if TYPE_CHECKING:
    from rnnzoo.tensors import Tensor

_MAX_BYTES = 2**31 - 2**20  # what one protobuf file can hold
# Larger answers are computed anew for each file.
_REMEMBERED_BYTES = 2**22

Answers = dict[str, np.ndarray]


class Exportable:
    """Any Keras model that can be exported.

    Args:
        model: A functional, sequential or subclassed model that has been built.
        input_signature: What a subclassed model takes, which it does not say itself: one tensor description
            (``keras.Input``, ``keras.InputSpec`` or ``tf.TensorSpec``), a list of them, a dictionary of them for a
            model that is called with a dictionary, or a tuple with one entry for each argument of the call. ``None``
            sizes are free.
        input_names: Other names for the inputs: all in order, or new ones by the old.

    Attributes:
        signature: The inputs and outputs.
        facts: What the inputs mean, by name.

    Raises:
        ArgumentError: If the model's inputs are not known, or a name in it cannot stand in a graph.
        UnsupportedLayerError: If a layer cannot be exported exactly; the message says what to do.
        ExportError: If a weight is not finite, or the model is too large.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        input_signature: InputSignature | None = None,
        input_names: InputNames | None = None,
    ) -> None:
        self.model = model
        self._call = read_call(model, input_signature)
        inputs = input_specs(self._call, chosen_names(model, self._call.names, input_names))
        check_names(model)
        _refuse_layers(model)
        _refuse_weights(model)
        outputs = output_specs(model, self._call, inputs)
        self.signature = Signature(inputs, outputs)
        self._output_names = [spec.name for spec in outputs]
        self._answer: Callable[..., dict[str, Tensor]] = self._run
        self._truth = self._trace()
        tables = read_tables(model, self._truth.graph.captures)
        self.facts: dict[str, InputFacts] = {
            name: read_facts(tensor, tables) for name, tensor in self._truth.inputs.items()
        }
        _refuse_texts(inputs, self.facts)
        known = (dataclasses.replace(spec, categories=self.facts[spec.name].categories) for spec in inputs)
        self.signature = Signature(tuple(known), traced_specs(outputs, self._truth.outputs))
        self._eager, self._compared = False, False
        self._known: dict[bytes, Answers] = {}
        self._nearby: dict[int, int] = {}

    @property
    def own_names(self) -> list[str]:
        """What the model itself calls its inputs."""
        return self._call.names

    @property
    def tensor_specs(self) -> list[tf.TensorSpec]:
        """The inputs as TensorFlow describes them."""
        return [tf.TensorSpec(spec.shape, spec.dtype, name=spec.name) for spec in self.signature.inputs]

    def __call__(self, *tensors: Tensor) -> dict[str, Tensor]:
        """Runs the model as it answers after training; outputs by name."""
        return self._run(*tensors)

    def within(self, *tensors: Tensor) -> dict[str, Tensor]:
        """Does the same in another graph, without tracing the model again."""
        return self._truth.within(*tensors)

    def takes_only(self, handles: Collection[int]) -> bool:
        """Whether the traced graph takes nothing from outside but resources of these ``id``s, and constants."""
        outside = (outer for outer, _ in self._truth.graph.captures if outer.dtype == tf.resource)
        return all(id(outer) in handles for outer in outside)

    def _run(self, *tensors: Tensor) -> dict[str, Tensor]:
        outputs = self.model(*self._call.arranged(tensors), training=False)
        return dict(zip(self._output_names, keras.tree.flatten(outputs), strict=True))

    def predict(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs the model on arrays by name.

        Raises:
            ExportError: If the model cannot answer them.
        """
        if self._eager:
            return self.predict_eagerly(inputs)
        try:
            with self._answering(inputs):
                return self._truth(inputs)
        except ExportError:
            # Eagerly TensorFlow says more clearly what is wrong, but makes up an answer where a window finds too
            # few steps.
            if self._truth.has_windows:
                raise
        return self.predict_eagerly(inputs)

    def predict_eagerly(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Does the same step by step in Python, which takes long."""
        with self._answering(inputs), self.portable():
            outputs = self._answer(
                *(tf.convert_to_tensor(inputs[spec.name]) for spec in self.signature.inputs)
            )
            return {name: np.asarray(output) for name, output in outputs.items()}

    def truth(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Does the same as ``predict``, once for equal inputs: all files of a bundle are proved on the same."""
        key = _digest(inputs)
        if key not in self._known:
            answers = self.predict(inputs)
            if sum(array.nbytes for array in answers.values()) > _REMEMBERED_BYTES:
                return answers
            self._known[key] = answers
        return self._known[key]

    def trusts_graph(
        self, inputs: Mapping[str, np.ndarray], same: Callable[[Answers, Answers], bool]
    ) -> bool:
        """Whether the graph answers as the model does step by step, which is found out once.

        If not, ``predict`` and ``truth`` run eagerly from now on.

        Args:
            inputs: What to compare on.
            same: Whether two answers are equal but for rounding.
        """
        if not self._compared:
            self._compared = True
            if not same(self.truth(inputs), self.predict_eagerly(inputs)):
                self._eager = True
                self._known.clear()
        return not self._eager

    @property
    def seen_masks(self) -> dict[str, set[str]]:
        """The shapes of mask that each masked recurrent layer has met in what ``predict`` answered."""
        return self._truth.seen

    @functools.cached_property
    def has_jumps(self) -> bool:
        """Whether neighbouring numbers may be answered by others that are no neighbours."""
        return has_jumps(self._truth)

    @functools.cached_property
    def least_steps(self) -> int | None:
        """The fewest steps that the model takes; ``None`` where no time axis is free.

        Raises:
            ExportError: If there is no such number.
        """
        return self.steps[0]

    @functools.cached_property
    def steps(self) -> tuple[int | None, int]:
        """The fewest steps and the size of the free axes after time, with which the model answers."""
        shapes = [spec.shape for spec in self.signature.inputs]
        free_time = any(shape[1:2] == (None,) for shape in shapes)
        free_inner = any(None in shape[2:] for shape in shapes)
        if not (free_time or free_inner):
            return None, INNER[0]
        sizes = INNER if free_inner else INNER[:1]
        least, inner = find_steps(self._surely_answers, f"model {self.model.name!r}", sizes)
        return least if free_time else None, inner

    def nearby_steps(self, wanted: int) -> int:
        """Returns the number of steps next to ``wanted`` that the model takes."""
        least, inner = self.steps
        if least is None:
            return wanted
        if wanted not in self._nearby:
            self._nearby[wanted] = nearby_steps(self.answers, wanted, least, inner)
        return self._nearby[wanted]

    def is_too_short(self, inputs: Mapping[str, np.ndarray]) -> bool:
        """Whether a batch has fewer steps than the model takes."""
        free = [spec.name for spec in self.signature.inputs if spec.shape[1:2] == (None,)]
        return any(inputs[name].shape[1] < (self.least_steps or 0) for name in free)

    def answers(self, steps: int, inner: int, *, eagerly: bool = False) -> bool:
        """Whether the model gives a row of so many steps an answer that holds a finite number.

        Raises:
            ExportError: If it cannot answer at all.
        """
        predict = self.predict_eagerly if eagerly else self.predict
        outputs = predict(self.batches(inner).batch("full", 1, steps).arrays).values()
        return all(np.isfinite(output.astype(np.float64)).any() for output in outputs)

    def _surely_answers(self, steps: int, inner: int) -> bool:
        """Does the same; a graph may answer what TensorFlow refuses step by step."""
        return self.answers(steps, inner) and self.answers(steps, inner, eagerly=True)

    def batches(self, inner: int | None = None) -> BatchMaker:
        """Returns what makes batches that the model takes."""
        return BatchMaker(self.signature, self.facts, self.steps[1] if inner is None else inner)

    def _trace(self) -> TracedModel:
        with self.portable(), self.tracing():
            return TracedModel(self._run, self.tensor_specs, recurrent_layers(self.model))

    @contextlib.contextmanager
    def _answering(self, inputs: Mapping[str, np.ndarray]) -> Iterator[None]:
        try:
            # A GPU may round the terms of its products to TF32, ten bits, which no bound of a proof allows.
            with tf.device("/CPU:0"):
                yield
        except RnnzooError:
            raise
        except Exception as error:  # TensorFlow and layers raise whatever comes
            raise ExportError(
                f"model {self.model.name!r}: cannot answer {describe_arrays(inputs)}: {cause(error)} Pass inputs that "
                "it takes."
            ) from error

    @contextlib.contextmanager
    def tracing(self) -> Iterator[None]:
        """Turns whatever a model raises while TensorFlow traces it into an ``ExportError``."""
        try:
            yield
        except RnnzooError:
            raise
        except Exception as error:  # a layer may raise anything
            raise ExportError(
                f"model {self.model.name!r}: cannot be traced: {cause(error)} "
                "Correct the layer it names; a graph needs operations of keras.ops."
            ) from error

    @contextlib.contextmanager
    def portable(self) -> Iterator[None]:
        """Keeps recurrent layers off cuDNN, whose operators no other machine can load, and all layers in float32.

        Layers of mixed precision keep their weights in float32; onnxruntime's recurrent operators compute in nothing
        else on a CPU.
        """
        with _in_float32(self.model), self._without_cudnn(), traced_otherwise():
            yield

    @contextlib.contextmanager
    def _without_cudnn(self) -> Iterator[None]:
        recurrent = [layer for layer in all_layers(self.model) if isinstance(layer, layers.LSTM | layers.GRU)]
        chosen = [layer.use_cudnn for layer in recurrent]
        for layer in recurrent:
            layer.use_cudnn = False
        try:
            yield
        finally:
            for layer, choice in zip(recurrent, chosen, strict=True):
                layer.use_cudnn = choice


def _digest(inputs: Mapping[str, np.ndarray]) -> bytes:
    """Returns what equal arrays by name have in common and others do not."""
    found = hashlib.blake2b()
    for name in sorted(inputs):
        array = np.ascontiguousarray(inputs[name])
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.digest()


def cause(error: Exception) -> str:
    """Returns what an error of Keras or TensorFlow says, in one line, without colours and lists of calls."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    text = re.sub(r"(?m)^Detected at node .*\n(?:\s*File .*\n|\s*\n)*", "", text)
    return " ".join(text.split())[:400]


@contextlib.contextmanager
def _in_float32(model: keras.Model) -> Iterator[None]:
    mixed = [layer for layer in all_layers(model) if layer.compute_dtype in HALF]
    policies = [layer.dtype_policy for layer in mixed]
    try:
        for layer in mixed:
            layer.dtype_policy = keras.DTypePolicy("float32")
        yield
    finally:
        for layer, policy in zip(mixed, policies, strict=True):
            layer.dtype_policy = policy


def _refuse_layers(model: keras.Model) -> None:
    for layer in all_layers(model):
        if layer.variable_dtype in HALF:
            raise UnsupportedLayerError(
                f"layer {layer.name!r}: keeps its weights in {layer.variable_dtype}; expected float32. Build the model "
                f"with the dtype policy 'mixed_{layer.variable_dtype}' or 'float32' and give it these weights "
                "(set_weights)."
            )
        if isinstance(layer, layers.RNN) and layer.stateful:
            raise UnsupportedLayerError(
                f"layer {layer.name!r}: keeps its state between calls, which an exported file cannot. "
                "Export a copy of the model built with stateful=False."
            )


def _refuse_texts(inputs: Iterable[TensorSpec], facts: Mapping[str, InputFacts]) -> None:
    for spec in inputs:
        if spec.kind == "O" and not facts[spec.name].keys:
            raise UnsupportedLayerError(
                f"input {spec.name!r}: takes texts, for which a network exported alone has no operators but those of "
                "StringLookup; expected numbers, or words that are looked up. Export the model behind its "
                "TextVectorization, and give the bundle a preprocessing."
            )


def _refuse_weights(model: keras.Model) -> None:
    size = 0
    for variable in model.weights:
        value = np.asarray(variable.value)
        size += value.nbytes
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ExportError(
                f"weight {variable.path!r}: holds NaN or infinity; expected finite weights. "
                "Train the model again with a lower learning rate or gradient clipping."
            )
    if size > _MAX_BYTES:
        raise ExportError(
            f"model {model.name!r}: its weights take {size / 2**30:.1f} GiB; expected less than 2 GiB, the limit of "
            "one ONNX file. Reduce the vocabulary or the widths."
        )
