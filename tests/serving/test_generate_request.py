"""Truth of ``rnnzoo_export.serving.generate_request``: what is asked for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.generate_request import PARAMETERS, GenerateRequest, parse_generate


def parsed(*, streamed: Any = False, **message: Any) -> GenerateRequest:
    return parse_generate({"text_input": "to be", **message}, 500, streamed=streamed)


def test_parameters_stand_inside_or_beside() -> None:
    given: dict[str, Any] = {
        "max_tokens": 7,
        "temperature": 0.5,
        "top_k": 3,
        "top_p": 0.9,
        "stop": ["\n"],
        "seed": 4,
    }
    wanted = GenerateRequest(
        prompt="to be",
        max_tokens=7,
        seed=4,
        stops=("\n",),
        drawing={"temperature": 0.5, "top_k": 3, "top_p": 0.9},
    )
    assert parsed(**given) == parsed(parameters=given) == wanted
    beside: dict[str, Any] = {"seed": 4, "stop": ["\n"]}
    assert parsed(parameters={name: given[name] for name in given if name not in beside}, **beside) == wanted
    assert parsed(parameters={"stream": False}).prompt == parsed(stream=True, streamed=True).prompt == "to be"


def test_what_is_not_given_is_chosen() -> None:
    for nothing in ({}, {"parameters": None}, dict.fromkeys(PARAMETERS)):
        one, other = parsed(**nothing), parsed(**nothing)
        assert (one.max_tokens, one.stops, one.drawing) == (100, (), {})
        assert one.seed != other.seed  # one in four thousand million
    assert parse_generate({"text_input": "a"}, 20, streamed=False).max_tokens == 20


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"text_input": None}, 'text_input: received None; expected a text. Send e.g. {"text_input": "to be"}.'),
    (
        {"text_input": ["to"]},
        'text_input: received [\'to\']; expected a text. Send e.g. {"text_input": "to be"}.',
    ),
    ({"parameters": []}, "parameters: received []; expected an object."),
    (
        {"seed": 1, "parameters": {"seed": 1}},
        "seed: stands twice, in parameters and beside text_input; expected it once.",
    ),
    (
        {"length": 3},
        "request: received the unknown key 'length'; expected text_input, parameters, max_tokens, temperature, top_k, "
        "top_p, stop, seed, stream. Leave it out.",
    ),
    (
        {"parameters": {"beams": 3}},
        "parameters: received the unknown key 'beams'; expected max_tokens, temperature, top_k, top_p, stop, seed, "
        "stream. Leave it out.",
    ),
    ({"max_tokens": 0}, "max_tokens: received 0; expected an integer of at least 1 and at most 500."),
    ({"max_tokens": 501}, "max_tokens: received 501; expected an integer of at least 1 and at most 500."),
    ({"max_tokens": 2.0}, "max_tokens: received 2.0; expected an integer of at least 1 and at most 500."),
    ({"max_tokens": True}, "max_tokens: received True; expected an integer of at least 1 and at most 500."),
    ({"max_tokens": "9" * 90}, f"max_tokens: received '{'9' * 59}...; expected a number."),
    ({"temperature": -0.1}, "temperature: received -0.1; expected a finite number at least 0."),
    ({"temperature": {}}, "temperature: received {}; expected a number."),
    ({"top_k": 0}, "top_k: received 0; expected an integer of at least 1."),
    ({"top_p": 0}, "top_p: received 0; expected a finite number above 0 and at most 1."),
    ({"top_p": 1.1}, "top_p: received 1.1; expected a finite number above 0 and at most 1."),
    ({"seed": -1}, "seed: received -1; expected an integer of at least 0 and at most 4294967295."),
    ({"seed": 2**32}, "seed: received 4294967296; expected an integer of at least 0 and at most 4294967295."),
    ({"stop": "\n"}, "stop: received '\\n'; expected a list of texts. Send e.g. [\"\\n\"]."),
    ({"stop": 3}, "stop: received 3; expected a list of at most 16 texts."),
    ({"stop": ["a"] * 17}, "stop: received 17 texts; expected a list of at most 16 texts."),
    ({"stop": ["a", ""]}, "stop[1]: received ''; expected a text of 1 to 200 characters."),
    ({"stop": ["a" * 201]}, f"stop[0]: received '{'a' * 59}...; expected a text of 1 to 200 characters."),
    ({"stop": [None]}, "stop[0]: received None; expected a text of 1 to 200 characters."),
    (
        {"stream": True},
        "stream: received true at generate; expected false. Ask generate_stream, or leave it out.",
    ),
    ({"stream": 0}, "stream: received 0; expected true or false. Leave it out."),
]


@pytest.mark.parametrize(("message", "told"), WRONG)
def test_wrong_values_are_refused_by_name(message: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(**message)
    assert (str(caught.value), caught.value.status) == (told, 400)


def test_a_stream_is_asked_for_where_it_is_given() -> None:
    with pytest.raises(RequestError) as caught:
        parsed(stream=False, streamed=True)
    assert str(caught.value) == (
        "stream: received false at generate_stream; expected true. Ask generate, or leave it out."
    )
