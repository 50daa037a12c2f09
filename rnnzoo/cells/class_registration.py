"""Making a user's class known to Keras, which can load a saved layer only then."""

from __future__ import annotations

from typing import Any, TypeVar

import keras

Class = TypeVar("Class", bound=type)


def register_class(kind: Class) -> Class:
    """Registers a class with Keras under its package's name, unless its author has registered it.

    Args:
        kind: The class, such as a subclass of ``StepCell``.

    Returns:
        The same class.
    """
    known: Any = keras.saving.get_registered_object(keras.saving.get_registered_name(kind))
    if known is not kind:
        keras.saving.register_keras_serializable(kind.__module__.partition(".")[0])(kind)
    return kind
