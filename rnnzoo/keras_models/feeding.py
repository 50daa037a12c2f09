"""Handing named inputs to a model, whatever it calls its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_inputs import input_structure


def feed(model: keras.Model, inputs: Mapping[str, Any], *, structure: Any = None) -> Any:
    """Arranges inputs by name as ``model`` takes them.

    A model of rnnzoo is fed by name. A model of one input may call it what it likes. A subclassed model gets a
    single tensor or the dictionary.

    Args:
        model: A Keras model.
        inputs: The model inputs by name.
        structure: What ``input_structure`` says of the model, where it was asked before.

    Returns:
        The inputs in the structure that the model was built with: a tensor, a list or a dictionary.

    Raises:
        ArgumentError: If the names do not match.
    """
    if structure is None:
        structure = input_structure(model)
    if structure is None:
        return next(iter(inputs.values())) if len(inputs) == 1 else dict(inputs)
    tensors = keras.tree.flatten(structure)
    if len(tensors) == len(inputs) == 1:
        return keras.tree.map_structure(lambda _: next(iter(inputs.values())), structure)
    names = [tensor.name for tensor in tensors]
    if set(names) != set(inputs):
        raise ArgumentError(
            f"model {model.name!r}: takes the inputs {names}; the data have {list(inputs)}. "
            "Name the model's inputs like the data's, or build it with **splits.model_arguments."
        )
    return keras.tree.map_structure(lambda tensor: inputs[tensor.name], structure)
