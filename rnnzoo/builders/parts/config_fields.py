"""Making a config from a mapping of its fields, as JSON and the command line have it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from rnnzoo.builders.parts.foreign_words import nearest_word
from rnnzoo.errors import ArgumentError, UnknownNameError

Config = TypeVar("Config")


def field_names(config: Any) -> list[str]:
    """Returns the names of the fields of a dataclass or of one of its objects."""
    return [field.name for field in dataclasses.fields(config)]


def article(word: str) -> str:
    """Returns the article that stands before a word."""
    return "an" if word[0] in "AEIOUaeiou" else "a"


def from_mapping(config: type[Config], value: object, name: str) -> Config:
    """Makes a config from a mapping of its fields.

    Args:
        config: The class, a dataclass.
        value: The mapping.
        name: The argument that it was passed as.

    Raises:
        ArgumentError: If ``value`` is no mapping.
        UnknownNameError: If it names a field that there is not; the nearest one is suggested.
    """
    known = field_names(config)
    if not isinstance(value, Mapping):
        wanted = f"{article(config.__name__)} {config.__name__}"
        raise ArgumentError(
            f"{name}: received {value!r}; expected {wanted} or a mapping of its fields, such as {{{known[0]!r}: ...}}."
        )
    for key in value:
        if key not in known:
            raise UnknownNameError(f"field of {name}", key, known, near=nearest_word(key, known))
    return config(**value)
