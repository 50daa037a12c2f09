"""The body of a request, read within limits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.clock import Clock, TimeLimit
from rnnzoo_export.serving.compression import decompress, read_encoding

if TYPE_CHECKING:  # what reads settings alone needs no web framework
    from starlette.requests import Request

# Where a request's scope says that its body has been read.
_READ = "rnnzoo.body_read"
_TYPES = ("application/json", "application/octet-stream")


@dataclass(frozen=True)
class BodyLimits:
    """What a body may be.

    Attributes:
        max_bytes: The most bytes; they are counted while they arrive, whatever ``Content-Length`` says, and once more
            while they are decompressed.
        timeout: Seconds within which all of it must have arrived.
        rate: Bytes a second that must arrive.
        grace: Seconds that a body may be behind that at most: nobody gains time by sending much at first.
    """

    max_bytes: int
    timeout: float
    rate: int
    grace: float = 5.0


def header(request: Request, name: bytes) -> str | None:
    """Returns a header, which is written in small letters here; the first of several."""
    for key, value in request.scope["headers"]:
        if key == name:
            found: str = value.decode("latin-1")
            return found
    return None


def read_body(
    request: Request, limits: BodyLimits, hold: Callable[[int], None], clock: Clock | None = None
) -> Coroutine[Any, Any, bytes]:
    """Reads a body, of which no more than ``limits.max_bytes`` are ever held.

    Args:
        request: The request.
        limits: What it may be.
        hold: Called with the size of each part before it is kept; it may refuse it.
        clock: What keeps the time.

    Returns:
        The body, decompressed.

    Raises:
        RequestError: With status 413 if it is too large, 415 if it is encoded otherwise or of another type, 408 if it
            is too slow, 400 if it cannot be decompressed.
    """
    encoding = read_encoding(header(request, b"content-encoding"))
    _check_headers(request, limits.max_bytes)
    body = _receive(request, limits, hold, clock or Clock())
    return body if encoding is None else _unpacked(body, encoding, limits, hold)


async def _unpacked(
    body: Awaitable[bytes], encoding: str, limits: BodyLimits, hold: Callable[[int], None]
) -> bytes:
    return await decompress(await body, encoding, limits.max_bytes, hold)


async def _receive(request: Request, limits: BodyLimits, hold: Callable[[int], None], clock: Clock) -> bytes:
    """Returns the bytes of a body as they arrive."""
    parts, size = [], 0
    began = time.monotonic()
    ends, next_by = began + limits.timeout, began + limits.grace
    try:
        with TimeLimit(clock, min(ends, next_by)) as limit:
            more = True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise _gone()
                part, more = message.get("body", b""), message.get("more_body", False)
                size += len(part)
                if size > limits.max_bytes:
                    raise _too_large(limits.max_bytes)
                hold(len(part))
                parts.append(part)
                if more:
                    next_by = min(next_by + len(part) / limits.rate, time.monotonic() + limits.grace)
                    limit.move(min(ends, next_by))
    except TimeoutError as error:
        raise _too_slow(limits, size, timed_out=ends <= next_by) from error
    request.scope[_READ] = True
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _gone() -> Exception:
    from starlette.requests import ClientDisconnect

    return ClientDisconnect()


def has_unread_body(request: Request) -> bool:
    """Whether some of a body may still arrive: its connection can then serve no further request."""
    headers = request.headers
    sent = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return sent and not request.scope.get(_READ, False)


def _check_headers(request: Request, max_bytes: int) -> None:
    media = header(request, b"content-type")
    if media is not None and media.partition(";")[0].strip().lower() not in _TYPES:
        # Web pages can send forms and plain text to any host without asking, but not these types.
        raise RequestError(
            "Content-Type: expected application/json. Add the header 'Content-Type: application/json'.",
            status=415,
        )
    given = header(request, b"content-length")
    length = "0" if given is None else given
    if not (length.isascii() and length.isdigit()):
        raise RequestError("Content-Length: expected a number.")
    if len(length) > 18 or int(length) > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        f"body: larger than {max_bytes} bytes; expected at most that. Send several requests.", status=413
    )


def _too_slow(limits: BodyLimits, size: int, *, timed_out: bool) -> RequestError:
    if timed_out:
        return RequestError(
            f"body: not complete within {limits.timeout:g} s; send it faster, or in several requests.",
            status=408,
        )
    return RequestError(
        f"body: received {size} bytes, too slowly; expected at least {limits.rate} a second, with pauses of "
        f"{limits.grace:g} s at most. Send it faster.",
        status=408,
    )
