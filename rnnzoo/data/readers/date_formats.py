"""How dates may be written: the formats that a text can be read by."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import datetime

_DIGITS = ("%Y{0}%m{0}%d", "%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d")
_WORDS = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y")
_MONTHS = ("%m/%Y", "%m.%Y", "%m-%Y", "%Y/%m", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M", "%H")
#: The end of a time with its offset from UTC.
ZONE = re.compile(r"(:\d\d(?:\.\d+)?)\s*(?:Z|[+-]\d{2}(?::?\d{2})?)$")
_DATES = (*(form.format(mark) for mark in "/.-" for form in _DIGITS), *_WORDS, *_MONTHS)


def possible_formats(text: str) -> list[str]:
    """Returns the formats of dates that a text can be read by.

    Example:
        >>> possible_formats("05.01.2020 13:00")
        ['%d.%m.%Y %H:%M', '%m.%d.%Y %H:%M']
    """
    return [form for form in _formats(text) if _reads(form, text)]


def _formats(text: str) -> Iterator[str]:
    """Yields the formats with the marks that a text has: each costs Python the making of a pattern."""
    zones = (" %z", "%z") if ZONE.search(text) else ("",)
    bare = ZONE.sub(r"\1", text)
    clocks = [mark + clock + zone for mark in (" ", "T", ", ") for clock in _CLOCKS for zone in zones]
    for date, clock in itertools.product(_DATES, ("", *clocks)):
        form = date + clock
        if all(form.count(mark) == bare.count(mark) for mark in "/.:,") and (
            "%p" in form
        ) == bare.lower().endswith("m"):
            yield form


def _reads(form: str, text: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
