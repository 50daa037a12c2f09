"""How a Keras model wants its inputs: one tensor, a list or a dictionary."""

from __future__ import annotations

from typing import Any

import keras


def input_structure(model: keras.Model) -> Any:
    """Returns a model's symbolic inputs in the structure that it is called with.

    Args:
        model: A Keras model.

    Returns:
        A Keras tensor, or a list or dictionary of them; ``None`` for a subclassed model, which does not say.
    """
    if not getattr(model, "inputs", None):
        return None
    # A sequential model has an `input` only once it was called; it takes one tensor anyway.
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input
