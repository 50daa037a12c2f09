"""Checks of input arrays against the signature: every name, axis, size and value, before a runtime sees them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo.preprocessing.numeric_rows import wrong_number
from rnnzoo_export.signature import Signature, TensorSpec


@dataclass(frozen=True)
class Limits:
    """What inputs may be at most.

    Attributes:
        max_rows: The most rows; ``None`` is any number.
        max_steps: The most steps along any axis of free size but the first; ``None`` is any number.
    """

    max_rows: int | None = None
    max_steps: int | None = None


def check_inputs(
    signature: Signature, inputs: Mapping[str, Any], limits: Limits | None = None
) -> dict[str, np.ndarray]:
    """Checks names, types, shapes and values of all inputs.

    Args:
        signature: What the model takes.
        inputs: Arrays by input name. Integers are cast to the model's type where every value fits.
        limits: The most rows and steps; by default any number.

    Returns:
        Contiguous arrays of the model's types, in the model's order.

    Raises:
        RequestError: With status 400 if they do not fit the signature, 413 if they exceed ``limits``.
    """
    limits = limits or Limits()
    check_mapping(signature.inputs, inputs)
    check_names("input", inputs, [spec.name for spec in signature.inputs], all_of_them=True)
    arrays = {spec.name: _array(spec, inputs[spec.name], limits) for spec in signature.inputs}
    _check_common_axes(signature, arrays)
    _check_least_steps(signature, arrays)
    return arrays


def check_mapping(specs: Sequence[TensorSpec], inputs: Any) -> None:
    """Raises ``RequestError`` for inputs that are not given by name."""
    if not isinstance(inputs, Mapping):
        names = ", ".join(f'"{spec.name}": ...' for spec in specs)
        raise RequestError(
            f"inputs: received {type(inputs).__name__}; expected arrays by input name. Write {{{names}}}."
        )


def as_named(signature: Signature, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arrays of a preprocessing as a signature has them.

    A model's only input may have any name. One number a row, ``(batch,)``, is also ``(batch, 1)``, as Keras has it.

    Example:
        >>> signature = Signature((TensorSpec("tokens", "int32", (None, None), ("batch", "time")),), ())
        >>> as_named(signature, {"ids": [[1, 2]]})
        {'tokens': [[1, 2]]}
        >>> signature = Signature((TensorSpec("shop", "int32", (None, 1), ("batch", "features")),), ())
        >>> as_named(signature, {"shop": np.array([3, 4])})["shop"].tolist()
        [[3], [4]]
    """
    if len(signature.inputs) == len(inputs) == 1:
        inputs = {signature.inputs[0].name: next(iter(inputs.values()))}
    specs = {spec.name: spec for spec in signature.inputs}
    return {name: _of_rank(specs[name], array) if name in specs else array for name, array in inputs.items()}


def _of_rank(spec: TensorSpec, array: Any) -> Any:
    """Returns one number a row with as many axes as the signature says."""
    if not isinstance(array, np.ndarray) or array.shape[1:] not in ((), (1,)) or not array.ndim:
        return array
    single = {1: array.reshape(-1), 2: array.reshape(-1, 1)}
    return single[len(spec.shape)] if spec.shape[1:] in ((), (1,)) else array


def check_names(
    kind: str, received: Collection[str], known: Sequence[str], *, all_of_them: bool = False
) -> None:
    """Checks that names are known, and if ``all_of_them`` is true that none is missing."""
    if len(received) == len(known) and all(map(received.__contains__, known)):
        return
    expected = ", ".join(known)
    for name in received:
        if name not in known:
            raise RequestError(f"{kind}s: received unknown name {shorten(name)}; expected {expected}.")
    missing = [name for name in known if name not in received]
    if missing and all_of_them:
        raise RequestError(f"{kind}s: {', '.join(missing)} missing; expected {expected}. Send every {kind}.")


def check_shape(spec: TensorSpec, shape: Sequence[int], limits: Limits) -> None:
    """Checks rank, fixed sizes and limits; no axis may be empty."""
    if len(shape) != len(spec.shape):
        raise RequestError(
            f"{spec.name}: received rank {len(shape)}, shape {shorten(list(shape))}; "
            f"expected rank {len(spec.shape)}, shape {describe(spec)}."
        )
    for size, fixed in zip(shape, spec.shape, strict=True):
        if size < 1 or fixed not in (None, size):
            _refuse_sizes(spec, shape)
    _check_limits(spec, shape, limits)


def _refuse_sizes(spec: TensorSpec, shape: Sequence[int]) -> None:
    for size, fixed, axis in zip(shape, spec.shape, spec.axes, strict=True):
        if size < 1:
            raise RequestError(
                f"{spec.name}: received shape {shorten(list(shape))}, whose axis {axis!r} is empty; expected "
                f"{describe(spec)} with at least one element. Leave the request out if there is nothing to ask."
            )
        if fixed is not None and size != fixed:
            raise RequestError(
                f"{spec.name}: received shape {shorten(list(shape))}; expected {describe(spec)}: "
                f"the size of axis {axis!r} is {fixed}."
            )


def describe(spec: TensorSpec) -> str:
    """Returns a shape in words, such as ``(batch, time, 8)``."""
    words = [
        str(size) if size is not None else (axis or "any")
        for size, axis in zip(spec.shape, spec.axes, strict=True)
    ]
    return f"({', '.join(words)})"


def is_finite(array: np.ndarray) -> bool:
    """Whether every number is finite.

    The sum of squares is infinite or NaN if any number is, and much faster to find; where it is, the numbers
    themselves decide.
    """
    return math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def shorten(value: object, width: int = 60) -> str:
    """Returns the start of ``repr(value)``: requests may hold megabytes, messages should not."""
    if isinstance(value, str | list) and len(value) > width:
        value = value[:width]
    text = repr(value)
    return text if len(text) <= width else text[:width] + "..."


def _check_limits(spec: TensorSpec, shape: Sequence[int], limits: Limits) -> None:
    if not shape:
        return
    if limits.max_rows is not None and shape[0] > limits.max_rows:
        raise RequestError(
            f"{spec.name}: received {shape[0]} rows; expected at most {limits.max_rows}. "
            "Send them in several requests.",
            status=413,
        )
    if limits.max_steps is None or max(shape) <= limits.max_steps:
        return
    free = [size for size, fixed in zip(shape[1:], spec.shape[1:], strict=True) if fixed is None]
    if max(free, default=0) > limits.max_steps:
        raise RequestError(
            f"{spec.name}: received {max(free)} steps; expected at most {limits.max_steps}. Cut the rows.",
            status=413,
        )


def _array(spec: TensorSpec, value: Any, limits: Limits) -> np.ndarray:
    if isinstance(value, list | tuple) and spec.kind in "fiu":
        # NumPy makes numbers of truth values that stand beside numbers.
        problem = wrong_number(value, _axes(spec))
        if problem is not None:
            raise RequestError(f"{spec.name}: {problem}")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(f"{spec.name}: rows of unequal length; expected one array. Pad them.") from error
    check_shape(spec, array.shape, limits)
    array = np.ascontiguousarray(cast(spec, array))
    _check_values(spec, array)
    return array


def cast(spec: TensorSpec, array: np.ndarray) -> np.ndarray:
    """Returns an array in the type of a signature; integers where every value fits.

    Raises:
        RequestError: If it is of another kind, or an integer does not fit.
    """
    wanted = np.dtype(spec.dtype)
    if array.dtype == wanted:
        return array
    kinds = {"f": "iuf", "i": "iu", "u": "iu"}.get(wanted.kind, "")
    if array.dtype.kind not in kinds:
        raise RequestError(
            f"{spec.name}: received {array.dtype.name} values; expected {wanted.name}. Convert them first."
        )
    if wanted.kind in "iu":
        _check_bounds(spec, array, wanted)
    # A float beyond the smaller type becomes infinite, which the check of values reports.
    with np.errstate(over="ignore"):
        return array.astype(wanted)


def _check_bounds(spec: TensorSpec, array: np.ndarray, dtype: np.dtype) -> None:
    bounds = np.iinfo(dtype)
    if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
        wrong = (array < bounds.min) | (array > bounds.max)
        raise RequestError(
            f"{spec.name}: received a value beyond {dtype.name} at {_first(spec, wrong)}; expected {bounds.min} to "
            f"{bounds.max}. Correct it."
        )


def _check_values(spec: TensorSpec, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not is_finite(array):
        raise RequestError(
            f"{spec.name}: received a value that is not finite in {array.dtype.name}, at "
            f"{_first(spec, ~np.isfinite(array))}; expected finite numbers. Fill or drop missing values first."
        )
    known = spec.categories
    if known is not None and array.dtype.kind in "iuf" and not (array.min() >= 0 and array.max() < known):
        raise RequestError(
            f"{spec.name}: received ids from {array.min()} to {array.max()}, the first wrong one at "
            f"{_first(spec, (array < 0) | (array >= known))}; expected 0 to {known - 1}. "
            "Make them with the vocabulary that the model was trained with."
        )


def place_in(spec: TensorSpec, place: Sequence[int]) -> str:
    """Returns a place of a tensor in words, such as ``batch 0, time 3``."""
    return ", ".join(f"{axis} {number}" for axis, number in zip(_axes(spec), place, strict=True))


def _first(spec: TensorSpec, wrong: np.ndarray) -> str:
    return place_in(spec, [int(number) for number in np.argwhere(wrong)[0]])


def _axes(spec: TensorSpec) -> list[str]:
    return [axis or f"axis {number}" for number, axis in enumerate(spec.axes)]


def _check_least_steps(signature: Signature, arrays: Mapping[str, np.ndarray]) -> None:
    for spec in signature.inputs:
        if spec.shape[1:2] == (None,) and arrays[spec.name].shape[1] < signature.least_steps:
            raise RequestError(
                f"{spec.name}: received {arrays[spec.name].shape[1]} steps; expected at least "
                f"{signature.least_steps}, of which the model makes its first answer. Send longer rows."
            )


def _has_steps(signature: Signature, name: str) -> bool:
    """Whether an input is one value for each step; a category of this name is not."""
    (spec,) = (spec for spec in signature.inputs if spec.name == name)
    return spec.kind == "b" or spec.shape[1:2] == (None,)


def _check_common_axes(signature: Signature, arrays: Mapping[str, np.ndarray]) -> None:
    if len(arrays) == 1:
        return
    rows = {name: array.shape[0] for name, array in arrays.items() if array.ndim}
    if len(set(rows.values())) > 1:
        raise RequestError(f"inputs: received rows {rows}; expected equal numbers. Send one row per example.")
    tokens, characters = arrays.get("tokens"), arrays.get("characters")
    if tokens is not None and characters is not None:
        # The words may be those of an input that has another name.
        words = [array.shape for name, array in arrays.items() if array.ndim == 2 and name != "mask"]
        if characters.shape[:2] not in words:
            raise RequestError(
                f"characters: received shape {characters.shape}; expected {tokens.shape} and an axis of characters, "
                "one word per token."
            )
    mask, features = arrays.get("mask"), arrays.get("features")
    if mask is not None and features is not None and _has_steps(signature, "mask"):
        steps = [array.shape[:2] for name, array in arrays.items() if array.ndim > 2 or name == "features"]
        if mask.shape not in steps:
            raise RequestError(
                f"mask: received shape {mask.shape}; expected {features.shape[:2]}, one value per step of features."
            )
