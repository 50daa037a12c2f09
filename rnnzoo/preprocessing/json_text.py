"""JSON in which no key stands twice: parsers keep the last value and say nothing of the others."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from rnnzoo.errors import DataError

_CONTAINERS = (dict, list)
_FEW = 50


def parse_json_text(text: str | bytes) -> Any:
    """Parses JSON.

    Raises:
        DataError: If an object has a key twice, which the message names, or lists lie too deep in each other.
        json.JSONDecodeError: If it is not JSON.

    Example:
        >>> parse_json_text('{"a": 1, "a": 2}')
        Traceback (most recent call last):
        rnnzoo.errors.DataError: received the key 'a' twice in one object; expected each key once. Leave one out.
    """
    return _load(text)


def check_unique_keys(parsed: dict[str, Any], body: bytes) -> None:
    """Checks that no key stands twice in an object that another parser has read already.

    Args:
        parsed: What the parser made of it.
        body: The JSON.

    Raises:
        DataError: If an object has a key twice; the message names it.
    """
    # Every key has a colon behind it. If there are no more colons than the parser kept keys, it dropped none; else
    # some stand in texts, or a key stands twice, which the slower parser tells apart.
    colons, found = _count_colons(body), 0
    level: list[Any] = [parsed]
    while level and found < colons:
        objects = [value for value in level if type(value) is dict]
        found += sum(map(len, objects))
        parts = [part for value in objects for part in value.values() if type(part) in _CONTAINERS]
        # Lists that begin with a number or text hold nothing else.
        level = parts + [part for value in level if _holds_containers(value) for part in value]
    if found < colons:
        _load(body, parse_int=_nothing, parse_float=_nothing)


def _count_colons(body: bytes) -> int:
    """Counts colons; a few of them, far apart between numbers, are found much faster than counted."""
    place = -1
    for number in range(_FEW):
        place = body.find(b":", place + 1)
        if place < 0:
            return number
    return _FEW + body.count(b":", place + 1)


def _holds_containers(value: Any) -> bool:
    return type(value) is list and bool(value) and type(value[0]) in _CONTAINERS


def _load(text: str | bytes, **options: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, **options)
    except RecursionError as error:
        raise DataError(
            "received JSON that is nested too deeply; expected plain lists and objects."
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        shown = repr(twice) if len(twice) <= 60 else repr(twice[:60]) + "..."
        raise DataError(
            f"received the key {shown} twice in one object; expected each key once. Leave one out."
        )
    return found


def _nothing(_: str) -> None:
    """Numbers do not matter here, and long ones are slow."""
