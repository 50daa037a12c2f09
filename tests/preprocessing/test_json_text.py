"""Truth of ``rnnzoo.preprocessing.json_text``."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnzoo.errors import DataError
from rnnzoo.preprocessing.json_text import check_unique_keys, parse_json_text

TWICE = [
    '{"a": 1, "a": 1}',
    '{"a": {"b": 1, "b": 2}}',
    '{"a": [{"b": 1}, {"b": 1, "b": 2}]}',
    '{"a": [[1, {"b": 1, "b": 2}]]}',
    '{"b": 1, "\\u0062": 2}',
    '{"b": ["x"], "b": ["a:b"]}',
    '{"c": "a:b\\u003a", "b": [], "b": {}}',
]
ONCE = [
    '{"a": 1, "b": {"a": 2}}',
    '{"a": [{"a": 1}, {"a": 2}]}',
    '{"a": ["b: c", "\\u003a", {"d": ":"}]}',
    '{"a:": ":", "b": "\\"a\\": 1, \\"a\\": 2"}',
    "{}",
]


@pytest.mark.parametrize("text", TWICE)
def test_a_key_that_stands_twice_is_named(text: str) -> None:
    message = "received the key '[ab]' twice in one object; expected each key once. Leave one out."
    with pytest.raises(DataError, match=message):
        check_unique_keys(orjson.loads(text), text.encode())
    with pytest.raises(DataError, match=message):
        parse_json_text(text)


@pytest.mark.parametrize("text", ONCE)
def test_keys_that_stand_once_are_taken(text: str) -> None:
    check_unique_keys(orjson.loads(text), text.encode())
    assert parse_json_text(text) == orjson.loads(text)


class Pairs(list[Any]):
    """An object that may have a key twice."""


JSON_VALUES = st.recursive(
    st.integers(0, 9) | st.text(':\\"ab', max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(":ab"), inner), max_size=3).map(Pairs)
    ),
    max_leaves=8,
)


def written(value: Any) -> str:
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{written(inner)}" for key, inner in value) + "}"
    return "[" + ",".join(map(written, value)) + "]" if isinstance(value, list) else json.dumps(value)


def has_twice(value: Any) -> bool:
    if isinstance(value, Pairs):
        return len({key for key, _ in value}) < len(value) or any(has_twice(inner) for _, inner in value)
    return isinstance(value, list) and any(map(has_twice, value))


@given(JSON_VALUES)
def test_keys_that_stand_twice_are_found_wherever_they_are(value: Any) -> None:
    text = '{"inputs":' + written(value) + "}"
    try:
        check_unique_keys(orjson.loads(text), text.encode())
        found = False
    except DataError:
        found = True
    assert found == has_twice(value)


def test_json_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(
        DataError, match="received JSON that is nested too deeply; expected plain lists and objects"
    ):
        parse_json_text("[" * 100_000)
