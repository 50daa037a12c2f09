"""The types of tensors as the Open Inference Protocol names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnzoo_export.signature import TensorSpec

#: What texts are called.
TEXT = "BYTES"
#: The types by their names in the protocol; texts are UTF-8, and objects of NumPy.
DATATYPES = {
    "BOOL": "bool",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    TEXT: "object",
}
#: The same types as NumPy has them.
DTYPES = {name: np.dtype(dtype) for name, dtype in DATATYPES.items()}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def datatype(spec: TensorSpec) -> str:
    """Returns the protocol's name of a tensor's type, such as ``"FP32"``."""
    return TEXT if spec.kind == "O" else _NAMES[np.dtype(spec.dtype)]


def datatype_of(array: np.ndarray) -> str:
    """Returns the protocol's name of an array's type.

    Example:
        >>> datatype_of(np.zeros(3)), datatype_of(np.array(["yes"], object))
        ('FP64', 'BYTES')
    """
    return _NAMES[array.dtype.newbyteorder("=")]


def describe_tensors(specs: Sequence[TensorSpec]) -> list[dict[str, Any]]:
    """Returns the metadata of tensors; sizes that are free are -1."""
    return [
        {
            "name": spec.name,
            "datatype": datatype(spec),
            "shape": [-1 if size is None else size for size in spec.shape],
        }
        for spec in specs
    ]
