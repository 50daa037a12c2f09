"""Keywords of a call that stand for the fields of value objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from rnnzoo.errors import ArgumentError, UnknownNameError

Value = TypeVar("Value")


class FlatOptions:
    """Turns flat keywords of a function into the value objects that have them as fields.

    Args:
        function: The name of the function, for messages.
        options: The keywords.

    Example:
        >>> from rnnzoo.data.splitting import Fractions
        >>> options = FlatOptions("read_series", {"test_fraction": 0.2})
        >>> options.take(Fractions, None, "fractions")
        Fractions(validation_fraction=0.15, test_fraction=0.2)
        >>> options.refuse_rest()
    """

    def __init__(self, function: str, options: Mapping[str, Any]) -> None:
        self._function, self._rest = function, dict(options)
        self._known: list[str] = []

    def take(self, kind: type[Value], given: Value | None, name: str) -> Value:
        """Returns a value object: the one that was given, or one of the flat keywords that are its fields.

        Args:
            kind: Its class, a dataclass.
            given: The one that was passed as a whole; ``None`` if none was.
            name: The argument that passes it as a whole.

        Raises:
            ArgumentError: If it was given both ways, is of another class, or needs a keyword that is missing.
        """
        fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        self._known += fields
        flat = {key: self._rest.pop(key) for key in fields if key in self._rest}
        if given is not None:
            if not isinstance(given, kind):
                raise ArgumentError(
                    f"{name}: received {given!r}; expected {kind.__name__}({', '.join(fields)}), or its fields as "
                    "keywords."
                )
            if flat:
                word, value = next(iter(flat.items()))
                raise ArgumentError(
                    f"{word}: received {value!r} beside {name}, which says {getattr(given, word)!r}; expected it once. "
                    f"Leave {word} out, or pass dataclasses.replace({name}, {word}={value!r})."
                )
            return given
        missing = [key for key, field in fields.items() if key not in flat and _is_required(field)]
        if missing:
            raise ArgumentError(
                f"{self._function}: received no {' and no '.join(missing)}; expected it. Pass it."
            )
        return kind(**flat)

    def pop(self, *names: str) -> dict[str, Any]:
        """Returns keywords that are no fields, and takes them out."""
        self._known += names
        return {name: self._rest.pop(name) for name in names if name in self._rest}

    def refuse_rest(self, *known: str) -> None:
        """Raises ``UnknownNameError`` if a keyword is left that no value object has.

        Args:
            *known: The arguments that are no fields, to be suggested.
        """
        for key in self._rest:
            raise UnknownNameError(f"argument of {self._function}", key, [*known, *self._known])


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
