"""Truth of ``rnnzoo_export.serving.number_lists``: what it reads is what the parser of all requests reads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import Limits
from rnnzoo_export.serving import protocol
from rnnzoo_export.serving.datatypes import datatype
from rnnzoo_export.serving.number_lists import read_number_lists
from rnnzoo_export.signature import Signature, TensorSpec

AXES = ("batch", "time")
TYPES = ("float32", "float16", "int32", "int8", "uint8", "uint64", "bool")


def signature(*dtypes: str) -> Signature:
    return Signature(
        tuple(TensorSpec(f"x{number}", dtype, (None, None), AXES) for number, dtype in enumerate(dtypes)),
        (TensorSpec("y", "float32", (None,), ("batch",)),),
    )


def tensor(spec: TensorSpec, shape: list[Any], data: list[Any], **changes: Any) -> dict[str, Any]:
    return {"name": spec.name, "shape": shape, "datatype": datatype(spec), "data": data, **changes}


def found(body: bytes, model: Signature) -> Any:
    """What is read, or what is said of a request."""
    try:
        request = protocol.parse_infer(body, None, model, Limits(max_rows=4, max_steps=8))
    except RequestError as error:
        return error.status, str(error)
    arrays = {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in request.inputs.items()}
    return arrays, request.outputs, request.id


NUMBERS = st.one_of(
    st.integers(-300, 300),
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([True, False, None, "1", [1], [], {"a": 1}, 1e39]),
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, Signature]:
    """Requests of which most are right, and the others wrong in one place or two."""
    model = signature(*draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2)))
    tensors = []
    for spec in model.inputs:
        rows, steps = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        few = st.integers(0, 100) if spec.kind in "iu" else st.floats(-9, 9, width=32) | st.integers(-9, 9)
        data: list[Any] = draw(st.lists(few, min_size=rows * steps, max_size=rows * steps))
        if spec.kind == "b":
            data = [value > 0 for value in data]
        if draw(st.integers(0, 3)) == 0:
            data[draw(st.integers(0, len(data) - 1))] = draw(NUMBERS)
        shape: list[Any] = [rows, steps]
        if draw(st.integers(0, 5)) == 0:
            shape = draw(st.lists(st.sampled_from([0, 1, 2, 9, -1, True, 1.0, None]), max_size=3))
        elif draw(st.integers(0, 5)) == 0:
            data = np.array(data, object).reshape(rows, steps).tolist()
        changes: dict[str, Any] = draw(
            st.sampled_from(
                [{}, {}, {}, {"name": "x9"}, {"datatype": "FP64"}, {"note": 1}, {"parameters": {}}]
            )
        )
        tensors.append(tensor(spec, shape, data, **changes))
    if draw(st.integers(0, 5)) == 0:
        tensors = tensors[::-1] + tensors[: draw(st.integers(0, 1))]
    message: dict[str, Any] = {"inputs": tensors}
    message |= draw(
        st.sampled_from([{}, {}, {"id": "a:b"}, {"id": "["}, {"outputs": [{"name": "y"}]}, {"more": 1}])
    )
    body = json.dumps(message, separators=draw(st.sampled_from([(",", ":"), (" , ", " : ")])))
    return body.encode()[: None if draw(st.integers(0, 9)) else -2], model


@settings(max_examples=400)
@given(requests())
def test_what_it_reads_or_leaves_is_what_the_parser_of_all_requests_says(
    asked: tuple[bytes, Signature],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast = found(*asked)
        patch.setattr(protocol, "read_number_lists", lambda *_: None)
        assert fast == found(*asked)


@pytest.mark.parametrize("dtype", TYPES)
def test_it_reads_the_requests_it_is_for(dtype: str) -> None:
    model = signature(dtype, "float32")
    body = json.dumps({"inputs": [tensor(spec, [2, 2], [0, 1, 2, 3]) for spec in model.inputs]}).encode()
    read = read_number_lists(body, model)
    if dtype == "bool":
        assert read is None
        return
    assert read is not None
    assert [array.dtype.name for array in read.values()] == [dtype, "float32"]
    assert all(array.tolist() == [[0, 1], [2, 3]] for array in read.values())


def test_keys_that_stand_twice_and_lists_in_lists_are_left_to_the_other() -> None:
    model = signature("float32")
    (spec,) = model.inputs
    good = json.dumps({"inputs": [tensor(spec, [1, 2], [1.5, 2.5])]})
    assert read_number_lists(good.encode(), model) is not None
    for wrong in (
        good.replace('"name"', '"shape": [2, 1], "name"'),
        good.replace("[1.5, 2.5]", "[[1.5], 2.5]"),
        good.replace("[1.5, 2.5]", "[1.5, 2.5], 3"),
        good[:-1] + ', "inputs": []}',
        "\ufeff" + good,
    ):
        assert read_number_lists(wrong.encode(), model) is None
