"""Words together with their places in the row that they are of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: What ``str.split`` leaves, found with its place: both take white space for what ``str.isspace`` does.
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class PlacedWord:
    """A word and its place.

    Attributes:
        word: The word as it is written.
        start: Its first character in the text, from 0; for a list of words its number.
        end: The character after its last; for a list of words the number after its own.
    """

    word: str
    start: int
    end: int


def place_words(row: str | Sequence[str]) -> list[PlacedWord]:
    """Returns the words of a text that is split at white space, or of a list, in order.

    Example:
        >>> [(found.word, found.start, found.end) for found in place_words("to  Rome")]
        [('to', 0, 2), ('Rome', 4, 8)]
        >>> [(found.word, found.start, found.end) for found in place_words(["to", "Rome"])]
        [('to', 0, 1), ('Rome', 1, 2)]
    """
    if isinstance(row, str):
        return [PlacedWord(match[0], *match.span()) for match in _WORD.finditer(row)]
    return [PlacedWord(str(word), number, number + 1) for number, word in enumerate(row)]
