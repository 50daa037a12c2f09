"""The requests that are most: all tensors as flat lists of numbers, whose numbers never become objects of Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from simdjson import Parser

from rnnzoo_export.serving.datatypes import datatype
from rnnzoo_export.signature import Signature, TensorSpec

# The keys of an input that is a list of numbers.
_KEYS = ("name", "shape", "datatype", "data")
# How the parser gives numbers, by NumPy's kind of their type.
_KINDS = {"f": ("d", np.dtype("float64")), "i": ("i", np.dtype("int64")), "u": ("u", np.dtype("uint64"))}
_BOM = b"\xef\xbb\xbf"


def read_number_lists(body: bytes, signature: Signature) -> dict[str, np.ndarray] | None:
    """Reads a request that holds nothing but all tensors of a signature, each as one list of numbers.

    Args:
        body: The JSON.
        signature: What the model takes.

    Returns:
        The tensors by name, in the types and ranks of the signature; ``None`` for any other request, right or wrong,
        which the parser of all requests can tell more about.

    Example:
        >>> spec = TensorSpec("x", "float32", (None, 2), ("batch", "features"))
        >>> body = b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2.5]}]}'
        >>> read_number_lists(body, Signature((spec,), ()))
        {'x': array([[1. , 2.5]], dtype=float32)}
        >>> read_number_lists(body.replace(b"[1, 2.5]", b"[[1, 2.5]]"), Signature((spec,), ()))
    """
    specs = signature.inputs
    if body.startswith(_BOM):  # which the parser would pass over
        return None
    # A colon more belongs to a key that is not looked at, a bracket more to a list in a list; or they are in a text.
    if body.count(b":") != 1 + len(_KEYS) * len(specs) or body.count(b"[") != 1 + 2 * len(specs):
        return None
    try:
        parsed: Any = Parser().parse(body)
        given = parsed["inputs"]
        if len(given) != len(specs):
            return None
        return {spec.name: _read(spec, tensor) for spec, tensor in zip(specs, given, strict=True)}
    except Exception:  # noqa: BLE001 - no such request; the errors of the parser are of many kinds
        return None


def _read(spec: TensorSpec, tensor: Any) -> np.ndarray:
    """Returns a tensor, or raises whatever there is to say of one that is no list of numbers for this input."""
    kind, wide = _KINDS[spec.kind]
    sizes, dtype = tensor["shape"].as_list(), np.dtype(spec.dtype)
    numbers = np.frombuffer(tensor["data"].as_buffer(of_type=kind), wide)
    if tensor["name"] != spec.name or tensor["datatype"] != datatype(spec):
        raise ValueError(spec.name)
    if len(sizes) != len(spec.shape) or {*map(type, sizes)} != {int} or min(sizes) < 1:
        raise ValueError(sizes)
    with np.errstate(over="ignore"):  # what becomes infinite is refused as such
        array = numbers.astype(dtype)
    if spec.kind != "f" and not np.array_equal(array, numbers):
        raise ValueError(spec.name)
    return array.reshape(sizes)
