"""Tensors as bytes, behind the JSON of a message: numbers in little-endian order, texts each behind its length.

Reference: Triton's "binary data extension".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import place_in, shorten
from rnnzoo_export.serving.datatypes import DTYPES, TEXT
from rnnzoo_export.signature import TensorSpec

_LENGTH = struct.Struct("<I")


class Tail:
    """The raw tensors behind the JSON part, taken one after the other.

    Args:
        content: All of them.
    """

    def __init__(self, content: memoryview) -> None:
        self._content, self._place = content, 0

    def take(self, name: str, size: int) -> memoryview:
        """Returns the next bytes, those of a tensor.

        Raises:
            RequestError: If there are not so many.
        """
        end = self._place + size
        if end > len(self._content):
            raise RequestError(
                f"{name}: received {len(self._content) - self._place} bytes of raw data; expected {size}."
            )
        part = self._content[self._place : end]
        self._place = end
        return part

    def expect_end(self) -> None:
        """Raises ``RequestError`` if there are more."""
        left = len(self._content) - self._place
        if left:
            raise RequestError(f"body: received {left} bytes more than the inputs' binary_data_size say.")


def read_bytes(spec: TensorSpec, size: Any, kind: str, shape: Sequence[int], tail: Tail) -> np.ndarray:
    """Reads a tensor.

    Args:
        spec: What it is for.
        size: How many bytes it is said to have.
        kind: The type of its elements in the protocol, a key of ``DTYPES``.
        shape: Its sizes.
        tail: Where its bytes are taken from.

    Raises:
        RequestError: If there are more bytes, or fewer, than it needs, or some mean nothing.

    Example:
        >>> text = TensorSpec("text", "string", (None,), ("batch",))
        >>> content = write_bytes(np.array(["a", "hi"], object))
        >>> list(content)
        [1, 0, 0, 0, 97, 2, 0, 0, 0, 104, 105]
        >>> read_bytes(text, len(content), "BYTES", [2], Tail(memoryview(content))).tolist()
        ['a', 'hi']
    """
    if kind == TEXT:
        return _read_texts(spec, size, shape, tail)
    dtype = DTYPES[kind]
    expected = math.prod(shape) * dtype.itemsize
    if type(size) is not int or size != expected:
        raise RequestError(
            f"{spec.name}: received binary_data_size {shorten(size)}; expected {expected} for shape "
            f"{shorten(list(shape))} of {kind}."
        )
    content = tail.take(spec.name, size)
    if kind == "BOOL":
        flags = np.frombuffer(content, np.uint8)
        if flags.max() > 1:
            raise RequestError(f"{spec.name}: received bytes other than 0 and 1; expected BOOL values.")
        return flags.astype(bool).reshape(shape)
    return np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype).reshape(shape)


def write_bytes(array: np.ndarray) -> bytes:
    """Returns a tensor as bytes; texts as UTF-8."""
    if array.dtype.kind != "O":
        return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    parts = []
    for text in array.ravel():
        content = text.encode("utf-8")
        parts += [_LENGTH.pack(len(content)), content]
    return b"".join(parts)


def _read_texts(spec: TensorSpec, size: Any, shape: Sequence[int], tail: Tail) -> np.ndarray:
    count = math.prod(shape)
    least = count * _LENGTH.size
    if type(size) is not int or size < least:
        raise RequestError(
            f"{spec.name}: received binary_data_size {shorten(size)}; expected {least} at least for shape "
            f"{shorten(list(shape))} of {TEXT}: each text has {_LENGTH.size} bytes before it that hold its length."
        )
    content, place, texts = tail.take(spec.name, size), 0, []
    for number in range(count):
        if size - place < _LENGTH.size:
            raise _refused(spec, number, shape, "bytes that end before its length")
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size
        if length > size - place:
            raise _refused(spec, number, shape, f"the length {length}, and {size - place} bytes after it")
        try:
            texts.append(str(content[place : place + length], "utf-8"))
        except UnicodeDecodeError as error:
            raise _refused(
                spec, number, shape, f"a byte that is no UTF-8 at place {error.start} of a text"
            ) from error
        place += length
    if place != size:
        raise RequestError(
            f"{spec.name}: received {size - place} bytes more than its {count} texts and their lengths; expected none. "
            "Correct binary_data_size."
        )
    return np.array(texts, object).reshape(shape)


def _refused(spec: TensorSpec, number: int, shape: Sequence[int], received: str) -> RequestError:
    place = place_in(spec, [int(found) for found in np.unravel_index(number, tuple(shape))])
    return RequestError(
        f"{spec.name}: received {received} at {place}; expected {TEXT}: for each text its length in {_LENGTH.size} "
        "little-endian bytes, then so many bytes of UTF-8."
    )
