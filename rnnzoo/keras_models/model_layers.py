"""The layers of a Keras model, and other methods for them for a while."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from rnnzoo.errors import ArgumentError

#: What TensorFlow allows within a scope; the outermost one, the model's, cannot begin with "_" or "-".
_NAME = re.compile(r"[A-Za-z0-9_.>-]+")


def all_layers(model: keras.Model) -> list[Any]:
    """Returns all layers, those inside models, wrappers and attributes too."""
    # Keras lists the layers inside models, wrappers and attributes through this method only.
    return list(model._flatten_layers(include_self=False))


def recurrent_layers(model: keras.Model) -> list[Any]:
    """Returns the recurrent layers, each direction of a bidirectional one by itself."""
    return [layer for layer in all_layers(model) if isinstance(layer, keras.layers.RNN)]


def check_names(model: keras.Model) -> None:
    """Checks that a graph can hold the names of a model and its layers.

    TensorFlow would refuse them halfway, and Keras would then prefix the weights of all later models.

    Raises:
        ArgumentError: If it cannot.
    """
    for layer in (model, *all_layers(model)):
        if not _NAME.fullmatch(layer.name) or (layer is model and layer.name[0] in "_-"):
            if layer is model and getattr(model, "inputs", None):
                inputs = "inputs[0]" if isinstance(model, keras.Sequential) else "input"
                fix = (
                    "Give it another name; it keeps its weights: "
                    f"model = keras.Model(model.{inputs}, model.outputs[0], name='renamed')"
                )
            else:
                fix = "Build the model with another name; set_weights gives it these weights."
            raise ArgumentError(
                f"{'model' if layer is model else 'layer'} {layer.name!r}: received a name that no graph can hold; "
                f"expected letters, digits, '.', '_', '-' and '>', a letter or a digit first. {fix}"
            )


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
