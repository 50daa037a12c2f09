"""Truth of ``rnnzoo.preprocessing.numeric_rows``: one rule for raw rows of every kind.

Nothing empty, no truth values or texts for numbers, nothing out of range.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessed_rows import KINDS
from rnnzoo.errors import DataError, EmptyRowError, RequestError, RowError
from rnnzoo.preprocessing import (
    IrregularPreprocessing,
)
from rnnzoo.preprocessing.numeric_rows import read_numbers, wrong_number
from rnnzoo_export import OnnxPredictor
from rnnzoo_export.inference.validation import Limits, check_inputs
from rnnzoo_export.signature import Signature, TensorSpec
from serving_client import Server

EMPTY: dict[str, list[Any]] = {
    "text": ["", " \t", "?!"],
    "tokens": [[], "", " "],
    "characters": [[], ""],
    "character_text": [""],
    "words": ["", " "],
    "pairs": ["", "\n"],
    "dna": ["", " "],
    "kmers": ["", "AC"],
    "features": [[], [[], []]],
    "frames": [[]],
    "irregular": [
        {"times": [], "values": []},
        {"times": [0, 1], "values": [[None, None], [None, float("nan")]]},
    ],
    "log_mel": [[], [0.1, 0.2], [0.1] * 199],
}
BIG = 10**400
WRONG: list[tuple[str, Any, str]] = [
    ("text", True, "received bool; expected a text."),
    ("text", None, "received NoneType; expected a text."),
    ("text", ["a"], "received list; expected a text."),
    ("tokens", ["a", True], "received True as word 1; expected a list of words"),
    ("tokens", ["a", ""], "received '' as word 1; expected a list of words, none of them empty"),
    ("tokens", [1.5], "received 1.5 as word 0"),
    ("characters", ["a", 7], "received 7 as word 1"),
    ("character_text", 3, "received int; expected a text."),
    ("words", False, "received bool; expected a text."),
    ("pairs", 3.5, "received float; expected a text."),
    ("dna", True, "received bool; expected a DNA sequence"),
    ("dna", "AC-T", "received the letter '-' at position 3"),
    (
        "features",
        [[1.0, 2.0], [True, 4.0]],
        "received True at step 1, feature 0; expected a number. Pass 1 and 0 for",
    ),
    (
        "features",
        [[1.0, "2.0"]],
        "received '2.0' at step 0, feature 1; expected a number. Pass it without quotes.",
    ),
    ("features", [[1.0, {}]], "received {} at step 0, feature 1; expected a number. Pass numbers only."),
    ("features", [[1.0, None]], "received nan at step 0, feature 1; expected finite numbers."),
    ("features", [[1.0, BIG]], "received list that is no table of numbers"),
    ("features", np.array([[True, False]]), "received True at step 0, feature 0; expected a number."),
    ("features", np.array([["1", "2"]]), "received '1' at step 0, feature 0; expected a number."),
    ("features", [np.ones(2), np.array([True, True])], "received True at step 1, feature 0"),
    ("features", [[1.0, 1e39]], "the number at step 0, feature 1 is beyond float32 once it is scaled"),
    ("features", [[1.0, -1e308]], "the number at step 0, feature 1 is beyond float32 once it is scaled"),
    ("features", [[1.0, [True]]], "received True at place (0, 1, 0)"),
    (
        "frames",
        [[[[1.0], [True]]]],
        "received True at frame 0, row 0, column 1, channel 0; expected a number.",
    ),
    ("frames", [[[["0"], [1.0]]]], "received '0' at frame 0, row 0, column 0, channel 0"),
    ("frames", [[[[1e300], [1.0]]]], "the number at frame 0, row 0, column 0, channel 0 is beyond float32"),
    (
        "irregular",
        {"times": [0, True], "values": [[1.0, 2.0]] * 2},
        "times: received True at step 1; expected",
    ),
    (
        "irregular",
        {"times": [0], "values": [[True, 2.0]]},
        "values: received True at step 0, feature 0; expected",
    ),
    (
        "irregular",
        {"times": [0], "values": [["1", 2.0]]},
        "values: received '1' at step 0, feature 0; expected",
    ),
    (
        "irregular",
        {"times": ["0"], "values": [[1.0, 2.0]]},
        "times: received '0' at step 0; expected a number.",
    ),
    (
        "irregular",
        {"times": [0], "values": [[1.0, 1e39]]},
        "the number at step 0, feature 1 is beyond float32",
    ),
    (
        "irregular",
        {"times": [0, 1e300], "values": [[1.0, 2.0]] * 2},
        "the number at step 1, feature 0 is beyond",
    ),
    (
        "window",
        {"heat": [1, True], "wind": [0, 0], "sky": ["clear"] * 2},
        "'heat' has the value True at step 1",
    ),
    (
        "window",
        {"heat": [1, 2], "wind": ["0", 0], "sky": ["clear"] * 2},
        "'wind' has the value '0' at step 0",
    ),
    ("window", {"heat": [1, 2], "wind": ["", 0], "sky": ["clear"] * 2}, "'wind' has the value '' at step 0"),
    ("window", {"heat": [1, BIG], "wind": [0, 0], "sky": ["clear"] * 2}, "step 1; expected a finite number"),
    (
        "window",
        {"heat": [1, 1e39], "wind": [0, 0], "sky": ["clear"] * 2},
        "the number at step 1, 'heat' is beyond",
    ),
    ("window", {"heat": [1], "wind": [0], "sky": ["clear"]}, "received 1 steps; expected 2 or more."),
    ("window", {"heat": [], "wind": [], "sky": []}, "received 0 steps; expected 2 or more."),
    ("log_mel", [0.1] * 299 + [True], "received True at sample 299; expected a number."),
    ("log_mel", [0.1] * 299 + ["0.1"], "received '0.1' at sample 299; expected a number."),
    ("log_mel", [0.1] * 299 + [50.0], "received 50.0 at sample 299; expected floats from -1 to 1 (2 at most"),
    ("log_mel", [-2.5] + [0.1] * 299, "received -2.5 at sample 0; expected floats from -1 to 1"),
    ("log_mel", [7] * 300, "received int64 up to 7; expected floats from -1 to 1"),
    ("log_mel", [1e200] * 300, "received 1e+200 at sample 0; expected floats from -1 to 1"),
    ("log_mel", [0.1] * 299 + [None], "received nan at sample 299; expected finite numbers."),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_holds_to_the_rule_is_taken(kind: str) -> None:
    preprocessing, good = KINDS[kind]
    for encoded in preprocessing.encode([good, good]):
        assert len(encoded) > 0
        assert encoded.dtype.kind == "i" or np.isfinite(encoded).all()


@pytest.mark.parametrize(
    ("kind", "row"), [(kind, row) for kind, rows in EMPTY.items() for row in rows], ids=repr
)
def test_a_row_that_holds_nothing_is_refused_by_its_number(kind: str, row: Any) -> None:
    preprocessing, good = KINDS[kind]
    with pytest.raises(EmptyRowError, match=r"^row 1: received .*; expected "):
        preprocessing.encode([good, row])


@pytest.mark.parametrize(
    ("kind", "row", "message"), WRONG, ids=[f"{kind}: {said}" for kind, _, said in WRONG]
)
def test_a_row_that_breaks_the_rule_is_refused_by_its_number_and_place(
    kind: str, row: Any, message: str
) -> None:
    preprocessing, good = KINDS[kind]
    with pytest.raises(DataError) as caught:
        preprocessing.encode([good, row])
    assert str(caught.value).startswith("row 1: ")
    assert message in str(caught.value)


@given(
    st.lists(
        st.lists(st.floats(-1e30, 1e30) | st.integers(-(2**60), 2**60), min_size=3, max_size=3), min_size=1
    ),
    st.sampled_from(
        [list, tuple, np.array, lambda rows: np.array(rows, object), lambda rows: [*map(np.array, rows)]]
    ),
)
def test_numbers_are_read_as_numpy_reads_them(rows: list[list[float]], given_as: Any) -> None:
    found = read_numbers(given_as(rows), 0, ("step", "feature"), otherwise="that is no table.")
    np.testing.assert_array_equal(found, np.asarray(rows, np.float64))
    assert found.dtype == np.float64


@pytest.mark.parametrize("value", [np.float32(1.5), np.int8(3), Decimal("1.5"), None])
def test_numbers_of_other_types_are_numbers(value: Any) -> None:
    assert wrong_number([[1.0, value]], ("step", "feature")) is None


@pytest.mark.parametrize(
    "value", [np.bool_(True), "1", b"1", 1j, np.datetime64("2020-01-01"), [[]], object()]
)
def test_nothing_else_is_a_number(value: Any) -> None:
    with pytest.raises(RowError, match=r"^row 0: received "):
        read_numbers([[1.0, value]], 0, ("step", "feature"), otherwise="that is no table.")


TOKENS = Signature(
    inputs=(TensorSpec("tokens", "int32", (None, None), ("batch", "time"), categories=5),),
    outputs=(TensorSpec("logits", "float32", (None, 2), ("batch", "classes")),),
)
SERIES = Signature(
    inputs=(TensorSpec("features", "float32", (None, None, 2), ("batch", "time", "features")),),
    outputs=TOKENS.outputs,
)


@pytest.mark.parametrize(
    ("signature", "value", "message"),
    [
        (
            TOKENS,
            [[1, 2], [3, 5]],
            "received ids from 1 to 5, the first wrong one at batch 1, time 1; expected 0 to 4.",
        ),
        (TOKENS, [[1, -1]], "the first wrong one at batch 0, time 1; expected 0 to 4."),
        (
            TOKENS,
            [[1, 2**40]],
            "received a value beyond int32 at batch 0, time 1; expected -2147483648 to 2147483647.",
        ),
        (TOKENS, [[1, True]], "received True at batch 0, time 1; expected a number."),
        (SERIES, [[[1.0, True]]], "received True at batch 0, time 0, features 1; expected a number."),
        (SERIES, [[[1.0, "1"]]], "received '1' at batch 0, time 0, features 1; expected a number."),
        (SERIES, np.array([[[True, True]]]), "received bool values; expected float32."),
        (
            SERIES,
            [[[1.0, np.nan]]],
            "not finite in float32, at batch 0, time 0, features 1; expected finite numbers.",
        ),
        (
            SERIES,
            [[[1.0, 2.0], [1e39, 2.0]]],
            "not finite in float32, at batch 0, time 1, features 0; expected",
        ),
    ],
)
def test_tensors_hold_to_the_same_rule(signature: Signature, value: Any, message: str) -> None:
    (spec,) = signature.inputs
    with pytest.raises(RequestError) as caught:
        check_inputs(signature, {spec.name: value})
    assert caught.value.status == 400
    assert message in str(caught.value)


@pytest.mark.parametrize("preprocessing", [KINDS["text"][0], None])
def test_a_row_of_padding_alone_is_refused_where_it_is_known_what_padding_is(preprocessing: Any) -> None:
    bundle = SimpleNamespace(preprocessing=preprocessing)
    predictor: Any = SimpleNamespace(signature=TOKENS, limits=Limits(), bundle=bundle)
    rows = np.array([[1, 0], [0, 2], [0, 0]], np.int32)
    assert OnnxPredictor.check(predictor, {"tokens": rows[:2]})["tokens"].shape == (2, 2)
    if preprocessing is None:
        assert OnnxPredictor.check(predictor, {"tokens": rows})["tokens"].shape == (3, 2)
        return
    message = "^tokens: row 2 is padding alone; expected at least one step. Leave the row out.$"
    with pytest.raises(RequestError, match=message):
        OnnxPredictor.check(predictor, {"tokens": rows})


def test_the_predictor_and_the_server_say_the_same(digits_bundle: Path, server: Server) -> None:
    good = [[0.5] * 8] * 8
    wrong = {
        "boolean": [[0.5] * 8] * 7 + [[0.5] * 7 + [True]],
        "text": [["0.5"] * 8] * 8,
        "empty": [],
        "too large": [[1e300] * 8] * 8,
        "missing": [[None] * 8] * 8,
    }
    predictor = OnnxPredictor(digits_bundle)
    with httpx.Client(timeout=30) as client:
        for row in wrong.values():
            with pytest.raises(RowError) as caught:
                predictor.predict([good, good, row])
            response = client.post(f"{server.model}/predict", json={"inputs": [good, good, row]})
            assert response.status_code == 400
            assert response.json() == {"error": str(caught.value)}
            assert caught.value.row == 2
        doubled = b'{"inputs": [[[1, 2]]], "inputs": [[[1, 2]]]}'
        response = client.post(
            f"{server.model}/predict", content=doubled, headers={"Content-Type": "application/json"}
        )
        assert (response.status_code, response.json()) == (
            400,
            {
                "error": "body: received the key 'inputs' twice in one object; expected each key once. Leave one out."
            },
        )
        assert client.post(f"{server.model}/predict", json={"inputs": [good]}).status_code == 200


def test_a_feature_without_a_value_in_any_training_row_is_told() -> None:
    row = {"times": [0, 1], "values": [[1.0, None, None], [2.0, None, None]]}
    with pytest.warns(
        UserWarning, match=r"no training row has a value of feature 1, 2 \(counted from 0\).* Leave it"
    ):
        IrregularPreprocessing.fit([row, row])
    IrregularPreprocessing.fit([{"times": [0, 1], "values": [[1.0], [None]]}])


def test_a_mask_and_characters_may_belong_to_inputs_of_other_names() -> None:
    shapes = {
        "past": (2, 5, 3),
        "mask": (2, 5),
        "features": (2, 4, 1),
        "words": (2, 3),
        "characters": (2, 3, 6),
    }
    arrays = {name: np.ones(shape, np.float32) for name, shape in {**shapes, "tokens": (2, 7)}.items()}
    signature = Signature(
        tuple(
            TensorSpec(name, "float32", (None,) * array.ndim, (None,) * array.ndim)
            for name, array in arrays.items()
        ),
        (),
    )
    assert set(check_inputs(signature, arrays)) == set(arrays)
    for name, shape, message in (
        ("mask", (2, 6), "mask: received shape (2, 6); expected (2, 4), one value per step of features."),
        (
            "characters",
            (2, 5, 6),
            "characters: received shape (2, 5, 6); expected (2, 7) and an axis of characters, one word per token.",
        ),
    ):
        with pytest.raises(RequestError) as caught:
            check_inputs(signature, {**arrays, name: np.ones(shape, np.float32)})
        assert str(caught.value) == message
