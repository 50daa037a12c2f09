"""Truth of ``rnnzoo_export.serving.tensor_bytes``: what is written is read again, and no other bytes are."""

from __future__ import annotations

import struct
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.datatypes import DATATYPES, datatype_of
from rnnzoo_export.serving.tensor_bytes import Tail, read_bytes, write_bytes
from rnnzoo_export.signature import TensorSpec

TEXT = TensorSpec("text", "string", (None,), ("batch",))
NUMBERS = {name: dtype for name, dtype in DATATYPES.items() if name != "BYTES"}


def read(
    content: bytes, shape: list[int], *, spec: TensorSpec = TEXT, kind: str = "BYTES", size: Any = None
) -> Any:
    """What is read of bytes that are all of a tensor."""
    tail = Tail(memoryview(content))
    found = read_bytes(spec, len(content) if size is None else size, kind, shape, tail)
    tail.expect_end()
    return found


@hypothesis.given(st.lists(st.text("a\0\u00e9\u65e5\U0001f600"), min_size=1, max_size=6))
def test_texts_are_read_as_they_were_written(texts: list[str]) -> None:
    assert read(write_bytes(np.array(texts, object)), [len(texts)]).tolist() == texts


def test_texts_have_their_shape_again() -> None:
    texts = np.array([["a", "bc"], ["", "\0"], ["\u65e5", "d"]], object)
    assert read(write_bytes(texts), [3, 2]).tolist() == texts.tolist()


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_read_as_they_were_written(kind: str) -> None:
    numbers = np.array([[0, 1, 1], [1, 0, 1]], NUMBERS[kind])
    spec = TensorSpec("x", NUMBERS[kind], (None, 3), ("batch", "time"))
    content = write_bytes(numbers)
    assert len(content) == numbers.nbytes
    found = read(content, [2, 3], spec=spec, kind=kind)
    assert (found.dtype, found.tolist(), datatype_of(found)) == (numbers.dtype, numbers.tolist(), kind)


@hypothesis.given(st.binary(max_size=24), st.integers(1, 5))
def test_other_bytes_are_refused_or_are_what_would_be_written(content: bytes, count: int) -> None:
    try:
        found = read(content, [count])
    except RequestError:
        return
    assert write_bytes(found) == content


@pytest.mark.parametrize(
    ("content", "shape", "message"),
    [
        (struct.pack("<I", 5) + b"abcd", [1], "the length 5, and 4 bytes after it at batch 0"),
        (
            struct.pack("<I", 2**32 - 1) + b"abcd",
            [1],
            "the length 4294967295, and 4 bytes after it at batch 0",
        ),
        (struct.pack("<I", 4) + b"abcd" + b"\0\0", [2], "bytes that end before its length at batch 1"),
        (struct.pack("<I", 2) + b"a\xff", [1], "a byte that is no UTF-8 at place 1 of a text at batch 0"),
        (
            struct.pack("<I", 3) + b"\xed\xa0\x80",
            [1],
            "a byte that is no UTF-8 at place 0 of a text at batch 0",
        ),
        (struct.pack("<I", 1) + b"ab", [1], "1 bytes more than its 1 texts and their lengths"),
        (b"abc", [1], "binary_data_size 3; expected 4 at least for shape [1] of BYTES"),
        (b"abcd", [2**40], "binary_data_size 4; expected 4398046511104 at least"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, shape: list[int], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(content, shape)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("size", [True, -1, 2.0, "8", None, 10**9])
def test_sizes_that_are_none_are_refused(size: Any) -> None:
    content = write_bytes(np.array(["a"], object))
    with pytest.raises(RequestError):
        read_bytes(TEXT, size, "BYTES", [1], Tail(memoryview(content)))


def test_two_texts_of_one_tail_follow_each_other() -> None:
    first, second = (write_bytes(np.array([text], object)) for text in ("one", "two"))
    tail = Tail(memoryview(first + second + b"x"))
    for content, text in ((first, "one"), (second, "two")):
        assert read_bytes(TEXT, len(content), "BYTES", [1], tail).tolist() == [text]
    with pytest.raises(RequestError, match="body: received 1 bytes more"):
        tail.expect_end()
