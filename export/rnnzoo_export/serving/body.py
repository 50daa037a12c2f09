"""The body of a request, read within limits."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from rnnzoo.errors import RequestError

_TYPES = ("application/json", "application/octet-stream")


async def read_body(request: Request, *, max_bytes: int, timeout: float) -> bytes:
    """Reads a body, of which no more than ``max_bytes`` are ever held.

    Args:
        request: The request.
        max_bytes: The most bytes; they are counted while they arrive, whatever ``Content-Length`` says.
        timeout: Seconds within which all of it must have arrived.

    Returns:
        The body.

    Raises:
        RequestError: With status 413 if it is too large, 415 if it is encoded or of another type, 408 if it
            is too slow.
    """
    _check_headers(request, max_bytes)
    try:
        return await asyncio.wait_for(_collect(request, max_bytes), timeout)
    except TimeoutError as error:
        raise RequestError(f"body: not complete within {timeout:g} s; send it faster.", status=408) from error


def _check_headers(request: Request, max_bytes: int) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RequestError("Content-Encoding: expected none; send the body uncompressed.", status=415)
    media = request.headers.get("content-type", _TYPES[0]).partition(";")[0].strip().lower()
    if media not in _TYPES:
        # Web pages can send forms and plain text to any host without asking, but not these types.
        raise RequestError(
            "Content-Type: expected application/json. Add the header 'Content-Type: application/json'.",
            status=415,
        )
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RequestError("Content-Length: expected a number.")
    if len(length) > 18 or int(length) > max_bytes:
        raise _too_large(max_bytes)


async def _collect(request: Request, max_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        f"body: larger than {max_bytes} bytes; expected at most that. Send several requests.", status=413
    )
