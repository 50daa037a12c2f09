"""Handing named inputs to a model, whatever it calls its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_inputs import input_names, input_structure

#: What only some data have beside their windows, and where it comes from.
_COVARIATES = {
    "future": "comes of future= and calendar= of read_series",
    "static": "comes of static= of read_series",
}


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
    names = input_names(structure)
    if set(names) != set(inputs):
        raise ArgumentError(
            f"model {model.name!r}: takes the inputs {names}; the data have {list(inputs)}. "
            + _way_out(set(names), set(inputs))
        )
    return keras.tree.pack_sequence_as(structure, [inputs[name] for name in names])


def _way_out(names: set[str], given: set[str]) -> str:
    """Says how a model and its data come to the same inputs."""
    if names ^ given <= _COVARIATES.keys():
        missing = sorted(names - given)
        if not missing:
            words = " and ".join(f"num_{name}" for name in sorted(given - names))
            return f"Build it with {words}, as create_model(name, **splits.model_arguments) does."
        columns = "; ".join(f"{name!r} {_COVARIATES[name]}" for name in missing)
        return (
            f"Build it with **splits.model_arguments alone, or read the data with what it takes: {columns}."
        )
    return "Name the model's inputs like the data's, or build it with **splits.model_arguments."
