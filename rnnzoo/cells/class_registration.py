"""Making a user's class known to Keras, which can load a saved layer only then."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import keras

from rnnzoo.errors import ArgumentError

# The classes that tables of rnnzoo hold, by the name that a saved model has for them.
_CLASSES: dict[str, type] = {}


def register_class(what: str, own: type) -> None:
    """Registers a class with Keras under its module and qualified name, unless its author has registered it.

    Args:
        what: What messages call it, such as ``"cell"``.
        own: The class, such as a subclass of ``StepCell``.

    Raises:
        ArgumentError: If another class has this name: a saved model could not tell them apart.
    """
    name = _author_name(own) or f"{own.__module__}>{own.__qualname__}"
    if _CLASSES.get(name, own) is not own:
        path = f"{own.__module__}.{own.__qualname__}"
        raise ArgumentError(
            f"{what}: received the class {path}, but another one is registered with Keras as {name!r}; expected one "
            "class of this name. Rename it, or replace the other with rnnzoo.register(..., replace=True)."
        )
    if keras.saving.get_registered_object(name) is not own:
        keras.saving.register_keras_serializable(own.__module__, own.__qualname__)(own)
    _CLASSES[name] = own


def forget_class(own: type) -> None:
    """Takes back what ``register_class`` did; what the class's author registered with Keras stays."""
    for name in [name for name, known in _CLASSES.items() if known is own]:
        del _CLASSES[name]
        if name == f"{own.__module__}>{own.__qualname__}":
            keras.saving.get_custom_objects().pop(name, None)


def find_class(saved: Mapping[str, Any]) -> type | None:
    """Returns the class of an object in the config of a saved model; ``None`` if it is not registered.

    Args:
        saved: ``module``, ``class_name`` and ``registered_name`` of the object. Models that were saved under the top
            package alone are found by module and class, and so are classes whose author has not registered them.
    """
    found = keras.saving.get_registered_object(saved["registered_name"])
    if isinstance(found, type):
        return found
    same = (saved["module"], saved["class_name"])
    classes = [own for own in _CLASSES.values() if (own.__module__, own.__name__) == same]
    if len(classes) == 1:
        return classes[0]
    # A class without a registration is found in its module, if that is imported already.
    own = getattr(sys.modules.get(saved["module"]), saved["class_name"], None)
    return own if isinstance(own, type) else None


def _author_name(own: type) -> str | None:
    """Returns the name under which the author of a class registered it."""
    name: str = keras.saving.get_registered_name(own)
    return name if name != own.__name__ and keras.saving.get_registered_object(name) is own else None
