"""A request for a text that a language model writes on."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rnnzoo import checks
from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.parameters import check_keys, checked_number

#: Tokens that are written where a request does not say how many.
TOKENS = 100
#: How many texts may end what is written, and the most characters of one.
MOST_STOPS, LONGEST_STOP = 16, 200
_DRAWING = ("temperature", "top_k", "top_p")
PARAMETERS = ("max_tokens", *_DRAWING, "stop", "seed", "stream")


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """What is written on, and how.

    Attributes:
        prompt: What the text begins with.
        max_tokens: How many words or characters to write at most.
        seed: The same seed writes the same text.
        stops: Texts that end what is written, where one of them comes.
        drawing: How tokens are drawn: those of ``temperature``, ``top_k`` and ``top_p`` that were given.
    """

    prompt: str
    max_tokens: int
    seed: int
    stops: tuple[str, ...] = ()
    drawing: Mapping[str, float] = field(default_factory=dict)


def parse_generate(message: Mapping[str, Any], most: int, *, streamed: bool) -> GenerateRequest:
    """Reads a request.

    Args:
        message: The JSON object. Parameters stand in its ``parameters``, or beside the text.
        most: The most tokens that may be asked for.
        streamed: Whether the answer is given out piece by piece.

    Raises:
        RequestError: If a key is unknown, a parameter out of range, or there is no text.
    """
    given = _given(message)
    _check_stream(given.get("stream"), streamed)
    prompt = message.get("text_input")
    if not isinstance(prompt, str):
        raise RequestError(
            f'text_input: received {shorten(prompt)}; expected a text. Send e.g. {{"text_input": "to be"}}.'
        )
    count = partial(checks.integer, minimum=1)
    rules: dict[str, Callable[[str, Any], Any]] = {
        "temperature": partial(checks.number, minimum=0),
        "top_k": count,
        "top_p": partial(checks.number, above=0, maximum=1),
    }
    seed = given.get("seed")
    return GenerateRequest(
        prompt=prompt,
        max_tokens=checked_number(
            "max_tokens", given.get("max_tokens", min(TOKENS, most)), partial(count, maximum=most)
        ),
        seed=secrets.randbits(32) if seed is None else checked_number("seed", seed, _seed),
        stops=_stops(given.get("stop")),
        drawing={
            name: checked_number(name, given[name], rule) for name, rule in rules.items() if name in given
        },
    )


def _given(message: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters that are set, wherever they stand."""
    check_keys("request", message, ("text_input", "parameters", *PARAMETERS))
    inside = message.get("parameters")
    if inside is None:
        inside = {}
    if not isinstance(inside, dict):
        raise RequestError(f"parameters: received {shorten(inside)}; expected an object.")
    check_keys("parameters", inside, PARAMETERS)
    beside = {name: value for name, value in message.items() if name in PARAMETERS}
    for name in beside:
        if name in inside:
            raise RequestError(
                f"{name}: stands twice, in parameters and beside text_input; expected it once."
            )
    return {name: value for name, value in {**beside, **inside}.items() if value is not None}


def _check_stream(value: Any, streamed: bool) -> None:
    if value is None or value is streamed:
        return
    if not isinstance(value, bool):
        raise RequestError(f"stream: received {shorten(value)}; expected true or false. Leave it out.")
    here, there = ("generate_stream", "generate") if streamed else ("generate", "generate_stream")
    raise RequestError(
        f"stream: received {str(value).lower()} at {here}; expected {str(streamed).lower()}. Ask {there}, or leave it "
        "out."
    )


def _stops(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        raise RequestError(f'stop: received {shorten(value)}; expected a list of texts. Send e.g. ["\\n"].')
    if not isinstance(value, list) or len(value) > MOST_STOPS:
        received = f"{len(value)} texts" if isinstance(value, list) else shorten(value)
        raise RequestError(f"stop: received {received}; expected a list of at most {MOST_STOPS} texts.")
    for number, text in enumerate(value):
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_STOP:
            raise RequestError(
                f"stop[{number}]: received {shorten(text)}; expected a text of 1 to {LONGEST_STOP} characters."
            )
    return tuple(value)


def _seed(_: str, value: Any) -> int:
    return checks.seed(value)
