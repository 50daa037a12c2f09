"""Value objects whose wrong keywords are named as those of functions are."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, TypeVar

from rnnzoo.errors import ArgumentError, UnknownNameError

Value = TypeVar("Value")


def checked_fields(kind: type[Value]) -> type[Value]:
    """Lets a dataclass name the nearest field where it is made with one that it does not have.

    Args:
        kind: The dataclass; it stays one, its ``__init__`` alone is wrapped.

    Example:
        >>> @checked_fields
        ... @dataclasses.dataclass
        ... class Point:
        ...     across: float
        ...     upwards: float = 0.0
        >>> Point(acros=1.0)
        Traceback (most recent call last):
        ...
        rnnzoo.errors.UnknownNameError: unknown field of Point: received 'acros'; did you mean 'across'? expected one of
        across, upwards.
        >>> Point()
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: Point: received no across; expected it. Pass across=...
    """
    made = kind.__init__
    fields = [field for field in dataclasses.fields(kind) if field.init]  # type: ignore[arg-type]

    @functools.wraps(made)
    def checked(self: Value, *values: Any, **named: Any) -> None:
        for name in named:
            if name not in {field.name for field in fields}:
                raise UnknownNameError(f"field of {kind.__name__}", name, [field.name for field in fields])
        positional = [field for field in fields if not field.kw_only]
        given = {*named, *(field.name for field in positional[: len(values)])}
        missing = [field.name for field in fields if field.name not in given and _is_required(field)]
        if missing:
            raise ArgumentError(
                f"{kind.__name__}: received no {' and no '.join(missing)}; expected it. Pass "
                f"{', '.join(f'{name}=...' for name in missing)}"
            )
        if len(values) > len(positional):
            raise ArgumentError(
                f"{kind.__name__}: received {values[len(positional)]!r} without a name; expected keywords: "
                f"{', '.join(field.name for field in fields)}. Name it."
            )
        made(self, *values, **named)

    kind.__init__ = checked  # type: ignore[method-assign,assignment]
    return kind


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
