"""The names of a model's inputs in its files, where its data have names of their own."""

from __future__ import annotations

from collections.abc import Collection

import keras


def names_for_inputs(model: keras.Model, data: Collection[str]) -> list[str] | None:
    """Returns the names for a model's inputs, if they are not to be the model's own.

    A model of one input may call it anything; in its files the input has the name that the data have. Several inputs
    can only be told apart by their names, so these must agree.

    Args:
        model: A Keras model.
        data: The names of the arrays that it will be given.

    Returns:
        The names, or ``None`` where the model's own count.

    Example:
        >>> model = keras.Sequential([keras.Input((None, 3), name="anything"), keras.layers.GRU(2)])
        >>> names_for_inputs(model, ["features"])
        ['features']
    """
    inputs = getattr(model, "inputs", None) or []
    return list(data) if len(inputs) == len(data) == 1 else None
