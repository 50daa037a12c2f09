"""Truth of ``rnnzoo_tuning.dimensions``: what they draw, how they are narrowed, and how files have them."""

from __future__ import annotations

import json
from typing import Any

import keras_tuner
import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, RnnzooError
from rnnzoo_tuning import Choice, Integer, Real
from rnnzoo_tuning.dimensions import dimension_from, dimension_to_dict

ALL = [
    Choice((1,)),
    Choice(((64,), (64, 64))),
    Choice((None, {"token_dropout": 0.1})),
    Choice(("constant", "cosine")),
    Integer(1, 4),
    Integer(8, 64, step=8),
    Real(0.0, 0.5),
    Real(0.0, 0.5, step=0.1),
    Real(1e-4, 1e-2, log=True),
]


@pytest.mark.parametrize("dimension", ALL, ids=repr)
def test_what_is_drawn_is_in_it_and_comes_back_from_json(dimension: Any) -> None:
    assert dimension_from("x", dimension_to_dict(dimension)) == dimension
    kept = dimension_from("x", json.loads(json.dumps(dimension_to_dict(dimension))))
    parameters = keras_tuner.HyperParameters()
    dimension.draw(parameters, "x")
    for seed in range(5):
        (drawn_as,) = parameters.space
        parameters.values["x"] = drawn_as.random_sample(seed)
        value = dimension.draw(parameters, "x")
        dimension.narrowed("x", value if not isinstance(value, tuple) else [value])
        assert json.dumps(kept.draw(parameters, "x")) == json.dumps(value)


@pytest.mark.parametrize(
    ("dimension", "given", "expected"),
    [
        (Choice((1, 2, 3)), (1, 3), Choice((1, 3))),
        (Choice((1, 2, 3)), 2, Choice((2,))),
        (Choice(((64,), (64, 64))), [(64,)], Choice(((64,),))),
        (Integer(1, 9), (2, 4), Integer(2, 4)),
        (Integer(1, 9, step=2), [3, 7], Integer(3, 7, step=2)),
        (Integer(1, 9), 4, Integer(4, 4)),
        (Real(1e-4, 1e-1, log=True), (1e-3, 1e-2), Real(1e-3, 1e-2, log=True)),
        (Real(0, 1), 0.5, Choice((0.5,))),
    ],
)
def test_a_part_of_it_is_what_is_asked_for(dimension: Any, given: Any, expected: Any) -> None:
    assert dimension.narrowed("x", given) == expected


FIX = ". To vary over other values, build the space with them, or fix x to one."


@pytest.mark.parametrize(
    ("dimension", "given", "message"),
    [
        (Choice((1, 2)), 3, "x: received 3; expected some of 1, 2" + FIX),
        (Choice(("a", "b")), ["a", "c"], 'x: received \'c\'; expected some of "a", "b"' + FIX),
        (Integer(1, 4), (0, 4), "x: received 0; expected a whole number from 1 to 4" + FIX),
        (
            Integer(1, 9, step=2),
            4,
            "x: received 4; expected a whole number from 1 to 9 in steps of 2" + FIX,
        ),
        (Integer(1, 4), 1.5, "x: received 1.5; expected a whole number from 1 to 4" + FIX),
        (Integer(1, 4), True, "x: received True; expected a whole number from 1 to 4" + FIX),
        (Real(0, 1), (0.5, 2), "x: received 2; expected numbers from 0 to 1" + FIX),
        (Real(0, 1), "0.5", "x: received '0.5'; expected numbers from 0 to 1" + FIX),
        (
            Real(0, 1),
            (0.1, 0.2, 0.3),
            "x: received (0.1, 0.2, 0.3); expected two numbers, the lowest and the highest" + FIX,
        ),
    ],
)
def test_what_was_not_possible_is_refused(dimension: Any, given: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        dimension.narrowed("x", given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([32, 64], Choice((32, 64))),
        ([[32], [64, 64]], Choice(([32], [64, 64]))),
        ({"low": 1, "high": 3}, Integer(1, 3)),
        ({"low": 1, "high": 3, "log": True}, Real(1, 3, log=True)),
        ({"low": 0.0, "high": 0.5, "step": 0.1}, Real(0.0, 0.5, step=0.1)),
        ({"values": ["a"]}, Choice(("a",))),
    ],
)
def test_a_file_may_say_less(value: Any, expected: Any) -> None:
    assert dimension_from("x", value) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            3,
            "x of a space: received 3; expected a list of values, or low and high. Write x: [3] for one value.",
        ),
        ([], "Choice: received no values; expected at least one."),
        ({"kind": "chioce", "values": [1]}, "unknown kind of x: received 'chioce'; did you mean 'choice'?"),
        ({"low": 1, "hihg": 3}, "unknown field of Real: received 'hihg'; did you mean 'high'?"),
        ({"low": 3, "high": 1}, "high: received 1; expected an integer of at least 3."),
        ({"low": 1}, "Real: received no high; expected it. Pass high=..."),
    ],
)
def test_wrong_words_in_a_file_are_named(value: Any, message: str) -> None:
    with pytest.raises(RnnzooError) as error:
        dimension_from("x", value)
    assert str(error.value).startswith(message)


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Choice: received a value that JSON does not have"):
        Choice((np.float32(1),))
