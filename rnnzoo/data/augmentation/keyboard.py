"""Which keys are beside each other."""

from __future__ import annotations

import functools
from collections.abc import Mapping

#: The rows of letters of each keyboard, from the top.
LAYOUTS: dict[str, tuple[str, str, str]] = {
    "qwerty": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "qwertz": ("qwertzuiopü", "asdfghjklöä", "yxcvbnm"),
    "azerty": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
}
# How far each row stands to the right of the first one, in keys.
_OFFSETS = (0.0, 0.25, 0.75)


@functools.cache
def neighbours(layout: str) -> Mapping[str, str]:
    """Returns the letters that touch each letter, in the order of the alphabet.

    Args:
        layout: A name in ``LAYOUTS``.

    Example:
        >>> neighbours("qwerty")["s"], neighbours("qwertz")["y"]
        ('adewxz', 'asx')
    """
    places = {
        letter: (row, column + _OFFSETS[row])
        for row, letters in enumerate(LAYOUTS[layout])
        for column, letter in enumerate(letters)
    }
    return {
        letter: "".join(
            sorted(other for other, there in places.items() if other != letter and _touch(here, there))
        )
        for letter, here in places.items()
    }


def _touch(here: tuple[int, float], there: tuple[int, float]) -> bool:
    rows, columns = abs(here[0] - there[0]), abs(here[1] - there[1])
    return columns <= 1 if rows == 0 else rows == 1 and columns < 1
