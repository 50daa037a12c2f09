"""How a Keras model wants its inputs: one tensor, a list or a dictionary; and what it calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras

# What Keras calls an input that the user gave no name, with a number that depends on what was built before.
_AUTOMATIC = re.compile(r"(keras_tensor|input_layer)(_\d+)?")


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


def input_names(structure: Any, arguments: Sequence[str] = ()) -> list[str]:
    """Returns the names of a model's inputs, in the order of ``keras.tree.flatten``.

    The keys of a dictionary count more than the names of its tensors; those of nested ones are joined. An input that
    has no name but the numbered one of Keras is ``input``, or ``input_1``, ``input_2`` where there are several.

    Args:
        structure: Descriptions of tensors: one, or a list or dictionary of them.
        arguments: The names of the model's arguments, where ``structure`` is a tuple with one entry for each.

    Example:
        >>> input_names([keras.Input((None, 3)), keras.Input((2,), name="age")])
        ['input', 'age']
        >>> input_names({"series": keras.Input((None, 3)), "static": {"age": keras.Input((2,))}})
        ['series', 'static_age']
    """
    found: list[str | None] = []
    for path, place in keras.tree.flatten_with_path(structure):
        argument, inner = ((arguments[path[0]],), path[1:]) if arguments else ((), path)
        own = getattr(place, "name", None)
        named = own and not _AUTOMATIC.fullmatch(own) and joined_keys(inner) is None
        found.append(own if named else joined_keys((*argument, *inner)))
    return _numbered(found)


def joined_keys(path: Sequence[Any]) -> str | None:
    """Returns the keys of a place in nested dictionaries and lists as one name; ``None`` where it has none.

    Example:
        >>> joined_keys(("static", "age")), joined_keys(("pair", 0)), joined_keys((1,))
        ('static_age', 'pair_0', None)
    """
    named = any(isinstance(key, str) for key in path)
    return ("_".join(map(str, path)) or None) if named else None


def _numbered(names: Sequence[str | None]) -> list[str]:
    """Names those without a name ``input``, and numbers them where there are several or the name is taken."""
    missing, taken, number = names.count(None), set(names), 0
    if missing == 1 and "input" not in taken:
        return [name or "input" for name in names]
    found = []
    for name in names:
        if name is None:
            number += 1
            while f"input_{number}" in taken:
                number += 1
        found.append(name or f"input_{number}")
    return found
