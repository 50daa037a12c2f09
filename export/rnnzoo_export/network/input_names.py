"""The names of a model's inputs in its files, where they are not to be the model's own."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import keras

from rnnzoo.errors import ArgumentError, UnknownNameError

#: Names for the inputs: all in order, or new ones by the old.
InputNames: TypeAlias = Sequence[str] | Mapping[str, str]

#: What every file can hold as a name.
PLAIN = "letters, digits and '_', a letter first, and no word of Python's own"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = {*keyword.kwlist, "self"}  # the inputs of a SavedModel are arguments of a Python function
_POSSIBLE = re.compile(r"[^\\\x00-\x1f]+")


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


def chosen_names(model: keras.Model, own: Sequence[str], wanted: InputNames | None) -> list[str]:
    """Returns the names of a model's inputs in its files.

    Args:
        model: The model.
        own: The names that the inputs have.
        wanted: Other ones: all in order, or new ones by the old; ``None`` for none.

    Raises:
        UnknownNameError: If no input has an old name.
        ArgumentError: If there are too few or too many, two are equal, or one cannot stand in a file.
    """
    given = _by_old(model, own, wanted)
    names = [given.get(place, name) for place, name in enumerate(own)]
    for place, name in enumerate(names):
        if place in given and not is_plain(name):
            raise ArgumentError(f"input_names: received {name!r}; expected {PLAIN}. Choose another name.")
        if not _POSSIBLE.fullmatch(name):
            raise ArgumentError(
                f"input {name!r}: received a name that no file can hold; expected {PLAIN}. Pass other names as "
                "input_names, in order."
            )
    if len(set(names)) != len(names):
        raise ArgumentError(
            f"model {model.name!r}: its inputs are called {names}; expected names that are all different. Pass other "
            "names as input_names, in order."
        )
    return names


def _by_old(model: keras.Model, own: Sequence[str], wanted: InputNames | None) -> dict[int, str]:
    """Returns the new names by the places of the inputs that get one."""
    if wanted is None:
        return {}
    if isinstance(wanted, Mapping):
        for name in wanted:
            if name not in own:
                raise UnknownNameError("input in input_names", name, own)
        return {place: wanted[name] for place, name in enumerate(own) if name in wanted}
    if isinstance(wanted, str) or not isinstance(wanted, Sequence) or len(wanted) != len(own):
        raise ArgumentError(
            f"input_names: received {wanted!r}; expected one name for each input of model {model.name!r}, which are "
            f"{list(own)}. Pass a list in this order, or a dictionary of new names by the old."
        )
    return dict(enumerate(wanted))


def is_plain(name: object) -> bool:
    """Whether every file can hold a name."""
    return isinstance(name, str) and bool(_PLAIN.fullmatch(name)) and name not in _TAKEN
