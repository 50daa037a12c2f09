"""Tensors as JSON: flat lists, or lists nested as the shape says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import place_in, shorten
from rnnzoo_export.serving.datatypes import DATATYPES, DTYPES
from rnnzoo_export.signature import TensorSpec

_ALLOWED: dict[str, set[type]] = {"f": {int, float}, "b": {bool}, "O": {str}}


def read_json(
    spec: TensorSpec, data: Any, kind: str, shape: Sequence[int], *, missing: bool = False
) -> np.ndarray:
    """Reads a tensor.

    Args:
        spec: What it is for.
        data: Its elements.
        kind: Their type in the protocol, a key of ``DATATYPES``.
        shape: Its sizes.
        missing: Whether ``null`` is NaN among floats; otherwise it is refused.

    Raises:
        RequestError: If elements are of another type, do not fit it, or do not fill the shape.

    Example:
        >>> text = TensorSpec("text", "string", (None,), ("batch",))
        >>> read_json(text, ["a", "b"], "BYTES", [2]).tolist()
        ['a', 'b']
    """
    values = _flatten(spec, data, shape)
    dtype = DTYPES[kind]
    wrong = set(map(type, values)) - _ALLOWED.get(dtype.kind, {int})
    if missing and dtype.kind == "f":
        wrong -= {type(None)}
    if wrong:
        first = next(number for number, value in enumerate(values) if type(value) in wrong)
        raise RequestError(
            f"{spec.name}: received {shorten(values[first])} at {_place(spec, first, shape)}; expected {kind} values."
        )
    try:
        with np.errstate(over="ignore"):
            # Of None NumPy makes NaN.
            array = np.array(values, dtype)
    except OverflowError as error:
        raise _overflow(spec, values, kind, shape) from error
    return array.reshape(shape)


def write_json(array: np.ndarray) -> Any:
    """Returns the elements of a tensor in one list, as orjson takes them."""
    return array.ravel().tolist() if array.dtype.kind == "O" else array.ravel()


def _overflow(spec: TensorSpec, values: Sequence[Any], kind: str, shape: Sequence[int]) -> RequestError:
    """Returns what is said of the first number that its type cannot hold."""
    bounds = np.iinfo(DATATYPES[kind])
    first = next(number for number, value in enumerate(values) if not bounds.min <= value <= bounds.max)
    return RequestError(
        f"{spec.name}: received {shorten(values[first])} at {_place(spec, first, shape)}, which does not fit {kind}."
    )


def _place(spec: TensorSpec, number: int, shape: Sequence[int]) -> str:
    return place_in(spec, [int(place) for place in np.unravel_index(number, tuple(shape))])


def _flatten(spec: TensorSpec, data: Any, shape: Sequence[int]) -> list[Any]:
    """Returns the elements of flat data, or of data nested exactly as the shape says."""
    count = math.prod(shape)
    if isinstance(data, list) and len(data) == count and not (data and isinstance(data[0], list)):
        return data
    level: list[Any] = [data]
    for size in shape:
        if not all(isinstance(part, list) and len(part) == size for part in level):
            raise RequestError(
                f"{spec.name}: received data that does not fill the shape {shorten(list(shape))}; expected "
                f"{count} elements in one list, or lists nested as the shape says."
            )
        level = list(chain.from_iterable(level))
    return level
