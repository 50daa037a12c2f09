"""Raw rows of several parts, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import RowError, listed, nearest

_SHOWN = 40


@dataclass(frozen=True)
class JoinedRow:
    """An encoded row: what each part made of its entry.

    Attributes:
        entries: What the parts made, in their order.
        leading: The place of the part whose steps are those of the row.
    """

    entries: tuple[Any, ...]
    leading: int

    def __len__(self) -> int:
        return len(self.entries[self.leading])


def longest(row: Any) -> int:
    """Returns the most steps that any part of an encoded row has.

    Example:
        >>> longest([0.5, 0.1]), longest(JoinedRow(([1], [1, 2, 3]), leading=0))
        (2, 3)
    """
    return max(map(len, row.entries)) if isinstance(row, JoinedRow) else len(row)


def read_entries(row: Any, number: int, parts: Sequence[str]) -> Mapping[str, Any]:
    """Returns a raw row, checked: it has an entry for each part, and no other.

    Args:
        row: The row.
        number: Its number.
        parts: The names of the parts.

    Raises:
        RowError: If it has not.

    Example:
        >>> read_entries({"txt": "good"}, 3, ["text", "shop"])
        Traceback (most recent call last):
        ...
        rnnzoo.errors.RowError: row 3: received the unknown entry 'txt'; did you mean 'text'? expected text, shop.
        Correct it, or leave it out.
    """
    expected = listed(parts)
    if not isinstance(row, Mapping):
        raise RowError(number, f"received {type(row).__name__}; expected a mapping of {expected}.")
    for name in row:
        if name not in parts:
            near = nearest(str(name), parts)
            hint = f"did you mean {near!r}? " if near else ""
            shown = repr(name) if len(repr(name)) <= _SHOWN else f"{repr(name)[:_SHOWN]}..."
            raise RowError(
                number,
                f"received the unknown entry {shown}; {hint}expected {expected}. Correct it, or leave it out.",
            )
    for name in parts:
        if name not in row:
            raise RowError(number, f"received no {name!r}; expected {expected}. Add it.")
    return row
