"""Truth of ``rnnzoo_export.serving.tensor_json``: lists are read as the shape says, with the elements of the type."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.tensor_json import read_json, write_json
from rnnzoo_export.signature import TensorSpec

TEXT = TensorSpec("sky", "string", (None, None), ("batch", "time"))
LOAD = TensorSpec("load", "float64", (None, None), ("batch", "time"))


@pytest.mark.parametrize("data", [["a", "", "\0", "\u65e5"], [["a", ""], ["\0", "\u65e5"]]])
def test_texts_are_read_flat_and_nested(data: list[Any]) -> None:
    found = read_json(TEXT, data, "BYTES", [2, 2])
    assert (found.dtype, found.tolist()) == (np.dtype(object), [["a", ""], ["\0", "\u65e5"]])
    assert orjson.loads(orjson.dumps(write_json(found))) == ["a", "", "\0", "\u65e5"]


@pytest.mark.parametrize("wrong", [1, 1.5, True, None, ["a"], {}])
def test_what_is_no_text_is_refused_with_its_place(wrong: Any) -> None:
    with pytest.raises(RequestError) as caught:
        read_json(TEXT, ["a", "b", "c", wrong], "BYTES", [2, 2])
    assert str(caught.value) == f"sky: received {wrong!r} at batch 1, time 1; expected BYTES values."


def test_null_is_a_missing_number_where_there_may_be_some() -> None:
    found = read_json(LOAD, [1, None, 2.5, None], "FP64", [2, 2], missing=True)
    np.testing.assert_array_equal(found, [[1.0, np.nan], [2.5, np.nan]])
    for kind, missing in (("FP64", False), ("INT64", True), ("BOOL", True)):
        with pytest.raises(RequestError, match=f"received None at batch 0, time 1; expected {kind} values"):
            read_json(LOAD, [True if kind == "BOOL" else 1, None], kind, [1, 2], missing=missing)


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RequestError) as caught:
        read_json(LOAD, [1, 300], "INT8", [1, 2])
    assert str(caught.value) == "load: received 300 at batch 0, time 1, which does not fit INT8."


def test_data_must_fill_the_shape() -> None:
    for data in (["a"], ["a"] * 5, [["a"], ["b"]], "ab", None, [["a", "b"]]):
        with pytest.raises(RequestError, match=r"sky: received data that does not fill the shape \[2, 2\]"):
            read_json(TEXT, data, "BYTES", [2, 2])
