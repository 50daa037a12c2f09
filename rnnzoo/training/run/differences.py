"""What differs between the settings that were kept and those that were received."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


def differences(saved: Mapping[str, Any], received: Mapping[str, Any]) -> str:
    """Names every setting that differs, with the old and the new value; empty where none does.

    Both are compared as JSON has them: a tuple is a list there. What an older release did not keep is as nothing.

    Args:
        saved: What was kept, by name.
        received: What is wanted now, by name; names that only ``saved`` has are left alone.

    Example:
        >>> differences({"seed": 1, "rates": {"low": 1, "high": 2}}, {"seed": 2, "rates": {"low": 1, "high": 3}})
        'seed differs: it was 1, now 2; rates differs: high was 2, now 3'
    """
    found = []
    for key, value in json.loads(json.dumps(received)).items():
        if key not in saved and not value and value is not False and value != 0:
            continue
        inner = list(_inner(saved.get(key, _ABSENT), value))
        if inner:
            found.append(f"{key} differs: {', '.join(inner)}")
    return "; ".join(found)


def _inner(saved: Any, received: Any) -> Iterator[str]:
    if isinstance(saved, Mapping) and isinstance(received, Mapping):
        for key in dict.fromkeys([*saved, *received]):
            yield from _change(str(key), saved.get(key, _ABSENT), received.get(key, _ABSENT))
    else:
        yield from _change("it", saved, received)


def _change(name: str, saved: Any, received: Any) -> Iterator[str]:
    if saved != received:
        yield f"{name} was {_shown(saved)}, now {_shown(received)}"


def _shown(value: Any) -> str:
    return "absent" if value is _ABSENT else repr(value)
