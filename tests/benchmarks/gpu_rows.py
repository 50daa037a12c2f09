"""What was looked at on a GPU, in how much time."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One thing that was looked at."""

    part: str
    what: str
    expected: str
    found: str
    holds: bool


class Clock:
    """How much of the allowed time is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def allows(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        return time.monotonic() + seconds < self._end


def eligibility(what: str, expected: bool, found: bool) -> Row:
    words = {True: "cuDNN", False: "no cuDNN"}
    return Row("cuDNN", what, words[expected], words[found], expected == found)


def not_measured(part: str, what: str) -> Row:
    return Row(part, what, "-", "not measured: no time left", False)


def table(rows: list[Row]) -> str:
    lines = ["| part | what | expected | found | holds |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.part} | {row.what} | {row.expected} | {row.found} | {'yes' if row.holds else '**no**'} |"
        for row in rows
    ]
    return "\n".join(lines)
