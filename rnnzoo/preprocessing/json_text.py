"""JSON in which no key stands twice, of which parsers keep the last value, and what is said of JSON that is wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
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


def parse_json_at(text: str, where: str, expected: Callable[[], str]) -> Any:
    """Parses JSON, and says where it stands if it cannot.

    Args:
        text: The JSON.
        where: What messages call its place, such as ``"t.jsonl: line 3"``.
        expected: Says what it should be, and how to fix it; called if it is not JSON.

    Raises:
        DataError: If it is not JSON, or an object has a key twice.

    Example:
        >>> parse_json_at('{"a": 1', "t.jsonl: line 3", lambda: "an object")
        Traceback (most recent call last):
        rnnzoo.errors.DataError: t.jsonl: line 3: not valid JSON (Expecting ',' delimiter: line 1 column 8 (char 7)); \
expected an object.
    """
    try:
        return parse_json_text(text)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not valid JSON ({error}); expected {expected()}.") from error


def json_lines_problem(file: Path, text: str) -> str | None:
    r"""Returns what to say of a ``.json`` file that holds JSON lines; ``None`` for one that does not.

    Args:
        file: The file.
        text: Its first lines, at least one of them whole.

    Example:
        >>> json_lines_problem(Path("load.json"), '{"load": 1.5}\n{"load": 1.6}\n')
        'holds JSON lines, an object in each; expected the ending .jsonl. Rename it to load.jsonl.'
    """
    lines = [line for line in text.split("\n") if line.strip()][:2]
    try:
        first = json.loads(lines[0]) if lines else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(first, dict) or len(lines) < 2:
        return None
    place = file.name.lower().rindex(".json")
    renamed = f"{file.name[:place]}.jsonl{file.name[place + len('.json') :]}"
    return f"holds JSON lines, an object in each; expected the ending .jsonl. Rename it to {renamed}."


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
