"""The rule for raw numbers: finite, within float32, and neither truth values nor texts that look like numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from numbers import Real
from typing import Any

import numpy as np

from rnnzoo.errors import DataError, RowError


def read_numbers(values: Any, row: int, axes: Sequence[str], *, otherwise: str, part: str = "") -> np.ndarray:
    """Turns nested lists or an array into float64; ``None`` becomes ``NaN``.

    Args:
        values: Lists in lists, or an array.
        row: The number of the row that they belong to.
        axes: What the axes are called, for messages; ``("step", "feature")``.
        otherwise: What is said of something that is no array at all, after its type.
        part: Which part of the row they are, for messages; such as ``"times: "``.

    Raises:
        RowError: If one is a truth value, a text or anything else that is no number, or the lists make no array; the
            message says where.

    Example:
        >>> read_numbers([[0.5, 1], [None, True]], 3, ("step", "feature"), otherwise="that is no table.")
        Traceback (most recent call last):
        ...
        rnnzoo.errors.RowError: row 3: received True at step 1, feature 1; expected a number. Pass 1 and 0 for truth
        values.
    """
    try:
        found = _plain(values)
        if found is None:
            problem = wrong_number(values, axes)
            if problem is not None:
                raise RowError(row, part + problem)
            found = np.asarray(values, np.float64)
    except DataError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RowError(row, f"{part}received {type(values).__name__} {otherwise}") from error
    return found


def _plain(values: Any) -> np.ndarray | None:
    """Returns lists of floats and integers as an array, the fastest way; ``None`` if they need a closer look."""
    if not isinstance(values, list) or not values:
        return None
    level, shape = values, [len(values)]
    while type(level[0]) is list:
        if set(map(type, level)) != {list} or len(set(map(len, level))) != 1 or not level[0]:
            return None
        shape.append(len(level[0]))
        level = list(chain.from_iterable(level))
    if not set(map(type, level)) <= {float, int}:
        return None
    return np.array(level, np.float64).reshape(shape)


def wrong_number(values: Any, axes: Sequence[str]) -> str | None:
    """Returns what is wrong with the first element that is no number; ``None`` if all are numbers or ``None``.

    Example:
        >>> wrong_number([[0.5, True]], ("step", "feature"))
        'received True at step 0, feature 1; expected a number. Pass 1 and 0 for truth values.'
    """
    if not isinstance(values, list | tuple):
        array = np.asarray(values)
        if array.ndim == 0 or array.dtype.kind in "iuf":
            return None  # that a single value is no array is told by its shape
        values = array.tolist() if array.dtype.kind in "ObUS" else list(array)
    for place, value in _leaves(values, ()):
        if value is not None and not is_number_type(type(value)):
            return f"received {_shown(value)} at {_at(place, axes)}; expected a number. {_fix(value)}"
    return None


def is_number_type(kind: type) -> bool:
    """Whether values of a type are numbers; truth values are not, though Python can add them."""
    return kind is float or kind is int or (issubclass(kind, Real | Decimal) and not issubclass(kind, bool))


def to_float32(
    values: np.ndarray, row: int | str, axes: Sequence[str], *, columns: Sequence[str] = ()
) -> np.ndarray:
    """Returns finite numbers as float32, the type that models read.

    Args:
        values: The numbers, float64.
        row: The number of the row that they belong to, or what else they belong to.
        axes: What the axes are called, for messages.
        columns: Names along the last axis, where it has some.

    Raises:
        DataError: If one is beyond float32; the message says where.

    Example:
        >>> to_float32(np.array([[1.0, 1e39]]), 3, ("step", "feature"))
        Traceback (most recent call last):
        ...
        rnnzoo.errors.RowError: row 3: the number at step 0, feature 1 is beyond float32 once it is scaled; expected
        numbers like those of the training rows. Correct it, or check its unit.
    """
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    if np.isfinite(found).all():
        return found
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
    at = f"{_at(place[:-1], axes)}, {columns[place[-1]]!r}" if columns else _at(place, axes)
    problem = (
        f"the number at {at} is beyond float32 once it is scaled; expected numbers like those of the training rows. "
        "Correct it, or check its unit."
    )
    raise RowError(row, problem) if isinstance(row, int) else DataError(f"{row}: {problem}")


def _leaves(values: Any, place: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yields the elements of lists and arrays in each other with their places; arrays of numbers are passed over."""
    for number, value in enumerate(values):
        if isinstance(value, list | tuple):
            yield from _leaves(value, (*place, number))
        elif isinstance(value, np.ndarray) and value.ndim:
            if value.dtype.kind not in "iuf":
                yield from _leaves(value, (*place, number))
        else:
            yield (*place, number), value


def _at(place: Sequence[int], axes: Sequence[str]) -> str:
    """Returns a place in words."""
    if len(place) > len(axes):
        return f"place {tuple(place)}"
    return ", ".join(f"{axis} {number}" for axis, number in zip(axes, place, strict=False))


def _shown(value: Any, width: int = 60) -> str:
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= width else text[:width] + "..."


def _fix(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "Pass 1 and 0 for truth values."
    return "Pass it without quotes." if _is_written_number(value) else "Pass numbers only."


def _is_written_number(value: Any) -> bool:
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False
