"""The layers of a Keras model, and other methods for them for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras


def all_layers(model: Any) -> list[Any]:
    """Returns all layers, those inside models, wrappers and attributes too."""
    # Keras lists the layers inside models, wrappers and attributes through this method only.
    return list(model._flatten_layers(include_self=False))


def recurrent_layers(model: Any) -> list[Any]:
    """Returns the recurrent layers, each direction of a bidirectional one by itself."""
    return [layer for layer in all_layers(model) if isinstance(layer, keras.layers.RNN)]


@contextlib.contextmanager
def methods_replaced(replacements: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Gives single objects, such as layers, other methods as long as the context lasts; contexts can be nested.

    Args:
        replacements: Objects, the names of their methods, and what is called in their place.
    """
    changed: list[tuple[Any, str, Any]] = []
    try:
        for owner, name, method in replacements:
            changed.append((owner, name, vars(owner).get(name)))
            # Past Keras's own attribute setter, which would take a function for state to save.
            object.__setattr__(owner, name, method)
        yield
    finally:
        for owner, name, before in reversed(changed):
            if before is None:
                object.__delattr__(owner, name)
            else:
                object.__setattr__(owner, name, before)
