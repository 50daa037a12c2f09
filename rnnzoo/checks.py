"""Argument checks: each returns the value, or raises an error that says how to fix it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rnnzoo.errors import ArgumentError, UnknownNameError


def integer(name: str, value: object, *, minimum: int, maximum: int | None = None, fix: str = "") -> int:
    """Checks that ``value`` is a whole number within the bounds (a bool is not a number here)."""
    expected = f"an integer of at least {minimum}" + (
        f" and at most {maximum}" if maximum is not None else ""
    )
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ArgumentError(_message(name, value, expected, fix))
    if int(value) < minimum or (maximum is not None and int(value) > maximum):
        raise ArgumentError(_message(name, value, expected, fix))
    return int(value)


def seed(value: object) -> int:
    """Checks the seed of random numbers, which is one of 32 bits wherever it goes."""
    return integer("seed", value, minimum=0, maximum=2**32 - 1)


def number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
    fix: str = "",
) -> float:
    """Checks that ``value`` is a finite number within the bounds (``above`` and ``below`` exclude them)."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (
            ("above", above),
            ("at least", minimum),
            ("at most", maximum),
            ("below", below),
        )
        if bound is not None
    ]
    expected = " ".join(["a finite number", " and ".join(bounds)]).strip()
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ArgumentError(_message(name, value, expected, fix))
    result = float(value)
    inside = (
        (above is None or result > above)
        and (minimum is None or result >= minimum)
        and (maximum is None or result <= maximum)
        and (below is None or result < below)
    )
    if not inside:
        raise ArgumentError(_message(name, value, expected, fix))
    return result


def flag(name: str, value: object) -> bool:
    """Checks that ``value`` is ``True`` or ``False``."""
    if not isinstance(value, bool):
        raise ArgumentError(_message(name, value, "True or False", ""))
    return value


def choice(name: str, value: object, known: Collection[str]) -> str:
    """Checks that ``value`` is one of the names in ``known``; a near miss is suggested."""
    if not isinstance(value, str) or value not in known:
        raise UnknownNameError(name, value, known)
    return value


def widths(name: str, value: object) -> tuple[int, ...]:
    """Checks layer widths: a positive integer, or a non-empty sequence of them (width and depth at once)."""
    fix = f"Pass e.g. {name}=(64, 64) for two layers of 64 units."
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return (integer(name, value, minimum=1, fix=fix),)
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ArgumentError(_message(name, value, "a positive integer or a sequence of them", fix))
    return tuple(integer(f"{name}[{i}]", width, minimum=1, fix=fix) for i, width in enumerate(value))


def mapping(name: str, value: object, *, fix: str) -> dict[str, Any]:
    """Checks that ``value`` is a mapping, and returns a copy."""
    if not isinstance(value, Mapping):
        raise ArgumentError(_message(name, value, "a mapping", fix))
    return dict(value)


def fields(
    values: Mapping[str, Any], rules: Mapping[str, Callable[[Any], Any]], *, optional: Collection[str] = ()
) -> dict[str, Any]:
    """Checks the fields of a config, and returns them as they are kept.

    Args:
        values: The fields by name.
        rules: What each field must be; returns it as it is kept.
        optional: Fields that may be ``None``.

    Example:
        >>> fields({"seed": 3, "loss": None}, {"seed": seed, "loss": str}, optional=("loss",))
        {'seed': 3, 'loss': None}
    """
    return {
        name: None if values[name] is None and name in optional else check(values[name])
        for name, check in rules.items()
    }


def _message(name: str, value: object, expected: str, fix: str) -> str:
    return f"{name}: received {value!r}; expected {expected}." + (f" {fix}" if fix else "")
