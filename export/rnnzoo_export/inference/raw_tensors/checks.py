"""Checks of the tensors of raw rows: names, types, sizes; what they hold is the preprocessing's to check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.inference.validation import Limits, cast, check_mapping, check_names, check_shape, shorten
from rnnzoo_export.signature import TensorSpec


def check_tensors(
    tensors: RawTensors, inputs: Mapping[str, Any], limits: Limits | None = None
) -> dict[str, np.ndarray]:
    """Checks tensors of raw rows.

    Args:
        tensors: What rows are as tensors.
        inputs: Arrays by input name. Numbers are cast to the input's type where every value fits.
        limits: The most rows and steps; by default any number.

    Returns:
        Arrays of the inputs' types; NaN and infinity may be among numbers.

    Raises:
        RequestError: With status 400 if they do not fit the inputs, 413 if they exceed ``limits``.

    Example:
        >>> from rnnzoo_export.inference.raw_tensors.text_tensors import TextTensors
        >>> check_tensors(TextTensors(), {"text": ["a", "b"]})["text"].dtype
        dtype('O')
    """
    limits = limits or Limits()
    check_mapping(tensors.inputs, inputs)
    check_names("input", inputs, [spec.name for spec in tensors.inputs], all_of_them=True)
    arrays = {
        spec.name: _checked(spec, inputs[spec.name], limits_of(tensors, spec.name, limits))
        for spec in tensors.inputs
    }
    _check_common_axes(tensors, arrays)
    return arrays


def limits_of(tensors: RawTensors, name: str, limits: Limits) -> Limits:
    """Returns the limits of one input."""
    return Limits(limits.max_rows) if name in tensors.uncounted else limits


def _checked(spec: TensorSpec, value: Any, limits: Limits) -> np.ndarray:
    try:
        array = np.asarray(value, object) if spec.kind == "O" else np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(f"{spec.name}: rows of unequal length; expected one array. Pad them.") from error
    check_shape(spec, array.shape, limits)
    if spec.kind != "O":
        return cast(spec, array)
    wrong = next((element for element in array.ravel() if not isinstance(element, str)), None)
    if wrong is not None:
        raise RequestError(f"{spec.name}: received {shorten(wrong)}; expected texts. Convert it first.")
    return array


def _check_common_axes(tensors: RawTensors, arrays: Mapping[str, np.ndarray]) -> None:
    """Raises ``RequestError`` where inputs differ along an axis of one name."""
    found: dict[str, tuple[str, int]] = {}
    for spec in tensors.inputs:
        for axis, size in zip(spec.axes, arrays[spec.name].shape, strict=True):
            first, expected = found.setdefault(str(axis), (spec.name, size))
            if size != expected:
                raise RequestError(
                    f"{spec.name}: received {size} along the axis {axis!r}; expected {expected}, as in {first}. Send "
                    "as many in all inputs."
                )
