"""What the clients of a load test saw."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

import numpy as np

_LONGEST_TEXT = 300


class Seen:
    """Answers as they come.

    Attributes:
        began: When the first request was made, by the clock of the event loop.
        last: When the last answer came.
        seconds: How long each answer with status 200 took.
        statuses: How many answers had each status.
        unanswered: How many requests had no answer, by what happened.
        texts: The first answer of each status but 200.
    """

    def __init__(self) -> None:
        self.began = self.last = 0.0
        self.seconds: array[float] = array("d")
        self.statuses: Counter[int] = Counter()
        self.unanswered: Counter[str] = Counter()
        self.texts: dict[int, str] = {}

    def answer(self, status: int, body: bytes, planned: float, now: float) -> None:
        """Takes in an answer to a request that was to be made at ``planned``."""
        self.last = now
        self.statuses[status] += 1
        if status == 200:
            self.seconds.append(now - planned)
        elif status not in self.texts:
            text = " ".join(body[: 4 * _LONGEST_TEXT].decode(errors="replace").split())
            self.texts[status] = text[:_LONGEST_TEXT]

    def no_answer(self, reason: str) -> None:
        """Takes in that a request had no answer."""
        self.unanswered[reason] += 1

    @property
    def requests(self) -> int:
        """How many requests came to an end."""
        return self.statuses.total() + self.unanswered.total()

    @property
    def failed(self) -> int:
        """How many of them were not answered with status 200."""
        return self.requests - self.statuses[200]

    def facts(self) -> dict[str, Any]:
        """Returns answers a second, the times of answers in milliseconds, and what else there was than answers.

        Times are those of answers with status 200, ``None`` where there are none. ``unanswered`` are the requests
        without an answer; ``failed`` counts them too.
        """
        wall = self.last - self.began
        times = 1e3 * np.frombuffer(self.seconds, np.float64) if self.seconds else None
        shares = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}
        return {
            "requests": self.requests,
            "answers": self.statuses[200],
            "answers_per_second": round(self.statuses[200] / wall, 1) if wall > 0 else 0.0,
            **{
                name: None if times is None else round(float(np.percentile(times, share)), 3)
                for name, share in shares.items()
            },
            "failed": self.failed,
            "unanswered": self.unanswered.total(),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "errors": {
                **{f"status {status}": text for status, text in sorted(self.texts.items())},
                **{reason: f"{count} requests" for reason, count in sorted(self.unanswered.items())},
            },
        }

    def add(self, other: Seen) -> None:
        """Takes in what was seen in another round; the time between the rounds does not count."""
        self.last += other.last - other.began
        self.seconds.extend(other.seconds)
        self.statuses.update(other.statuses)
        self.unanswered.update(other.unanswered)
        self.texts = {**other.texts, **self.texts}
