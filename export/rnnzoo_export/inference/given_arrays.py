"""Checks of the arrays that a caller gives to compare files on, before a runtime sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError, RequestError
from rnnzoo_export.inference.validation import check_inputs
from rnnzoo_export.signature import Signature


def check_given(signature: Signature, inputs: Mapping[str, Any], what: str) -> dict[str, np.ndarray]:
    """Returns given arrays in the types of a signature.

    Args:
        signature: What the model takes.
        inputs: Arrays by the names of its inputs, and no others.
        what: What messages call them.

    Raises:
        ArgumentError: If there is no row, or a name, type, shape or value is not one that the model takes.

    Example:
        >>> from rnnzoo_export.signature import TensorSpec
        >>> signature = Signature((TensorSpec("tokens", "int32", (None, None), ("batch", "time")),), ())
        >>> check_given(signature, {"tokens": [[1, 2]]}, "inputs")["tokens"].dtype
        dtype('int32')
    """
    arrays = {}
    for spec in signature.inputs:
        try:
            array = np.asarray(inputs[spec.name])
        except (ValueError, TypeError) as error:
            raise ArgumentError(
                f"{what}: {spec.name} has rows of unequal length; expected one array. Pad them."
            ) from error
        if not array.size:
            raise ArgumentError(
                f"{what}: {spec.name} holds no numbers, its shape is {array.shape}; expected a row or more, of a step "
                "or more. Leave it out, or give rows."
            )
        # Masks come as truth values and as numbers.
        as_number = array.dtype.kind == "b" and spec.kind in "fiu"
        as_truth = array.dtype.kind in "iuf" and spec.dtype == "bool" and np.isin(array, (0, 1)).all()
        arrays[spec.name] = array.astype(spec.dtype) if as_number or as_truth else array
    try:
        return check_inputs(signature, arrays)
    except RequestError as error:
        raise ArgumentError(f"{what}: {str(error).removeprefix('inputs: ')}") from error
