"""Truth of ``rnnzoo_export.serving.body``: a body is read within its size, its time and its rate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.body import BodyLimits, read_body


def read(parts: Sequence[bytes], limits: BodyLimits, *, pause: float = 0.0) -> tuple[bytes, list[int]]:
    """Reads a body that comes in parts, with a pause after each; returns it and what was held of it."""
    waiting, held = list(parts), list[int]()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")], "method": "POST"}
    return asyncio.run(read_body(Request(scope, receive), limits, held.append)), held


def refused(parts: Sequence[bytes], limits: BodyLimits, *, pause: float = 0.0) -> tuple[int, str]:
    with pytest.raises(RequestError) as caught:
        read(parts, limits, pause=pause)
    return caught.value.status, str(caught.value)


def test_all_parts_are_joined_and_held() -> None:
    body, held = read([b"ab", b"", b"cde"], BodyLimits(5, 1.0, 1000))
    assert body == b"abcde"
    assert sum(held) == 5


def test_more_bytes_than_allowed_are_not_kept() -> None:
    assert refused([b"abc", b"def"], BodyLimits(5, 1.0, 1000)) == (
        413,
        "body: larger than 5 bytes; expected at most that. Send several requests.",
    )


def test_one_that_drips_is_cut_and_one_that_flows_is_not() -> None:
    drips = BodyLimits(10**6, timeout=10.0, rate=1000, grace=0.2)
    status, message = refused([b"x"] * 100, drips, pause=0.05)
    assert status == 408
    assert message == (
        f"body: received {message.split()[2]} bytes, too slowly; expected at least 1000 a second, with pauses of 0.2 s "
        "at most. Send it faster."
    )
    assert int(message.split()[2]) <= 5
    assert read([b"x" * 100] * 10, drips, pause=0.05)[0] == b"x" * 1000


def test_nobody_gains_time_by_sending_much_at_first() -> None:
    limits = BodyLimits(10**6, timeout=10.0, rate=1000, grace=0.2)
    assert refused([b"x" * 5000, *[b"x"] * 100], limits, pause=0.05)[0] == 408


def test_one_that_never_ends_is_cut_whatever_its_rate() -> None:
    limits = BodyLimits(10**6, timeout=0.3, rate=10, grace=0.1)
    assert refused([b"x" * 100] * 100, limits, pause=0.05) == (
        408,
        "body: not complete within 0.3 s; send it faster, or in several requests.",
    )
