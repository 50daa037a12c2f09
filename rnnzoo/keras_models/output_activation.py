"""Does a model end in logits, or in the probabilities that a softmax or sigmoid makes of them?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from rnnzoo.errors import ArgumentError

#: Functions and operations whose answers are probabilities, by their names in lower case.
_PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid", "hardsigmoid")
#: Layers and operations that change the shape or the type of an answer, but not its numbers.
_SAME_NUMBERS = (
    *("Reshape", "Flatten", "Permute", "Identity", "Squeeze", "ExpandDims", "Transpose"),
    *("Cast", "GetItem", "Dropout", "InputLayer"),
)
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Ending:
    """The last operation of a model that makes numbers.

    Attributes:
        activation: ``"softmax"`` or ``"sigmoid"``; ``None`` where it is neither; where its class does not tell,
            ``"unknown"``.
        operation: The layer or operation; ``None`` for a subclassed model.
        path: The code that finds a layer from the model, such as ``"model.get_layer('head')"``.
        last: Whether nothing follows it in the model itself.
    """

    activation: str | None
    operation: Any = None
    path: str = ""
    last: bool = False


def find_ending(model: keras.Model) -> Ending:
    """Returns what a model's first output is made by.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax", name="head")])
        >>> find_ending(model).activation
        'softmax'
    """
    return _ending(model, "model")


def check_logits(
    model: keras.Model, activation: str, reader: str, outputs: Callable[[], Iterable[np.ndarray]]
) -> None:
    """Checks that a model ends in logits where these are expected.

    Args:
        model: A Keras model.
        activation: What makes probabilities of the logits: ``"softmax"`` or ``"sigmoid"``; nothing is checked for
            ``"linear"``.
        reader: What expects them, such as ``"task 'classification'"``.
        outputs: Runs the model on some batches; called where its layers do not tell what it ends in.

    Raises:
        ArgumentError: If its last layer makes probabilities.

    Warns:
        UserWarning: If its layers do not tell, and its answers look like probabilities.
    """
    if activation == "linear":
        return
    ending = find_ending(model)
    if ending.activation == "unknown":
        if _are_probabilities([np.asarray(output) for output in outputs()], activation):
            warnings.warn(_suspicion(model, activation, reader), stacklevel=4)
        return
    if ending.activation is not None:
        raise ArgumentError(
            f"model {model.name!r}: its output layer {ending.operation.name!r} ends in {ending.activation}; expected "
            f"logits, the numbers before it, for {reader} applies {activation} itself, and would do so a second time. "
            f"{_fix(model, ending)}"
        )


def _ending(model: Any, path: str) -> Ending:
    if not getattr(model, "outputs", None):
        return Ending("unknown")
    tensor, last = model.outputs[0], True
    while True:
        operation = tensor._keras_history.operation
        found = f"{path}.get_layer({operation.name!r})"
        if isinstance(operation, layers.TimeDistributed):
            operation, found = operation.layer, f"{found}.layer"
        if isinstance(operation, keras.Model):
            inner = _ending(operation, found)
            return Ending(inner.activation, inner.operation, inner.path)
        if not _keeps_numbers(operation):
            return Ending(_activation(operation), operation, found, last)
        inputs = keras.tree.flatten(operation.input) if type(operation).__name__ != "InputLayer" else []
        if len(inputs) != 1:
            return Ending(None, operation, found)
        tensor, last = inputs[0], False


def _keeps_numbers(operation: Any) -> bool:
    if isinstance(operation, layers.Activation):
        return operation.activation is keras.activations.linear
    return type(operation).__name__ in _SAME_NUMBERS


def _activation(operation: Any) -> str | None:
    """Returns the softmax or sigmoid that an operation is or ends in, ``None`` for neither, or ``"unknown"``."""
    kind = type(operation)
    if not kind.__module__.startswith(("keras.", "rnnzoo.")):
        return "unknown"
    if kind.__name__.lower() in _PROBABILITIES:
        return _plain(kind.__name__)
    if kind.__module__.startswith("rnnzoo.") or isinstance(operation, layers.RNN):
        return None
    if not hasattr(operation, "activation"):
        return "unknown"
    function = operation.activation
    name = getattr(function, "__name__", type(function).__name__)
    return _plain(name) if name.lower() in _PROBABILITIES else None


def _plain(name: str) -> str:
    return "softmax" if name.lower() == "softmax" else "sigmoid"


def _fix(model: keras.Model, ending: Ending) -> str:
    """Returns what to do about a last layer, for a model to be built and for one that is trained."""
    operation = ending.operation
    if hasattr(operation, "activation"):
        units = getattr(operation, "units", None)
        made = type(operation).__name__
        build = f"{made}({units}, activation=None, name={operation.name!r})" if units else "activation=None"
        if isinstance(operation, layers.Activation):
            build = "Dense(...) as the last layer, without an Activation behind it"
        return (
            f"Build it with {build}. Of a trained model, whose weights stay: "
            f"{ending.path}.activation = keras.activations.linear"
        )
    if ending.last:
        if isinstance(model, keras.Sequential):
            return "Leave it out; of a trained model, whose weights stay: model.pop()"
        place = [known is operation for known in model.operations].index(True)
        return (
            "Leave it out; of a trained model, whose weights stay: "
            f"model = keras.Model(model.input, model.operations[{place}].input, name={model.name!r})"
        )
    return "Build the model without it; set_weights gives the new one the weights of a trained one."


def _are_probabilities(outputs: Sequence[np.ndarray], activation: str) -> bool:
    """Whether all numbers lie within [0, 1] and, behind a softmax, those of each row sum to 1."""
    for output in outputs:
        if not output.size or output.min() < 0 or output.max() > 1:
            return False
        if activation == "softmax" and np.abs(output.sum(axis=-1) - 1).max() > _SUM_TOLERANCE:
            return False
    return bool(outputs)


def _suspicion(model: keras.Model, activation: str, reader: str) -> str:
    rows = " and sum to 1" if activation == "softmax" else ""
    return (
        f"model {model.name!r}: its answers lie within 0 and 1{rows}, as behind a {activation}; {reader} expects "
        f"logits, the numbers before it, and applies {activation} itself. Leave the last activation out "
        "(activation=None) if there is one."
    )
