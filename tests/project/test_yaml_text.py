"""Truth of ``rnnzoo.yaml_text``: YAML 1.2, written so that it is read as the same."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rnnzoo.errors import DataError
from rnnzoo.yaml_text import read_yaml, write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("010", 10),
        ("no", "no"),
        ("On", "On"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("1e400", math.inf),
        ("0x1F", 31),
        ("true", True),
        ("~", None),
        ("", None),
        ("[1, a]", [1, "a"]),
    ],
)
def test_words_are_what_the_standard_says(text: str, value: Any) -> None:
    read = read_yaml(f"key: {text}", of="x")["key"]
    assert (type(read), read) == (type(value), value)


def test_what_is_written_is_read_as_the_same() -> None:
    words = ["no", "12:30", "2024-01-31", "010", "1.", "1e3", "true", "~", "", "=", "<<", "a: #", "Ü", "a\nb"]
    values = {
        "texts": words,
        "numbers": [0, -3, 1e-05, 1e22, 0.1, math.inf],
        "others": [None, True, {"a": {}}, []],
    }
    values |= {word: word for word in words}
    assert read_yaml(write_yaml(values), of="x") == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", 'f.yaml: line 3: found duplicate key "a"'),
        ("a: b: c", "f.yaml: line 1: mapping values are not allowed here"),
        ("a: [1", "f.yaml: line 1: expected ',' or ']'"),
        ("a: !!python/name:os.system", "f.yaml: line 1: could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_yaml(text, of="f.yaml")
    assert str(caught.value).startswith(message)
