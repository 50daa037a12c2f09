"""Compressed bodies: those of requests are unpacked within limits, those of answers packed where the client takes them.

The header ``Inference-Header-Content-Length`` of the binary extension counts bytes that are not compressed.

Reference: RFC 9110, sections 8.4 and 12.5.3.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten

# zlib's window bits: a window of 32 kB, in the frame of gzip or in that of zlib, which HTTP calls deflate.
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_OTHER_NAMES = {"x-gzip": "gzip", "": "identity"}
# Bytes that go into the decoder and come out of it at a time.
_PIECE = 64 * 1024
# Answers of fewer bytes go out as they are: packing them would take longer than sending them.
_SMALL = 4096
_LEVEL = 1


def read_encoding(header: str | None) -> str | None:
    """Returns how a body is compressed, ``None`` where it is not.

    Args:
        header: The header ``Content-Encoding``.

    Raises:
        RequestError: With status 415 for anything but gzip or deflate, once.

    Example:
        >>> read_encoding("GZIP"), read_encoding("identity")
        ('gzip', None)
    """
    encoding = (header or "").strip().lower()
    encoding = _OTHER_NAMES.get(encoding, encoding)
    if encoding == "identity":
        return None
    if encoding not in _WINDOWS:
        raise RequestError(
            f"Content-Encoding: received {shorten(encoding)}; expected gzip, deflate or none. Send the body so.",
            status=415,
        )
    return encoding


async def decompress(body: bytes, encoding: str, max_bytes: int, hold: Callable[[int], None]) -> bytes:
    """Returns a body as it was before it was compressed.

    It comes out in pieces, of which no more are made than may be kept. The first is made on the event loop, the others
    beside it.

    Args:
        body: The body.
        encoding: ``"gzip"`` or ``"deflate"``.
        max_bytes: The most bytes that may come out.
        hold: Called with the size of each piece before it is kept; it may refuse it.

    Raises:
        RequestError: With status 413 if it is too large; 400 if it is damaged, cut, or followed by other bytes.
    """
    decoder, parts, size = _Decoder(body, encoding), list[bytes](), 0
    part = decoder.take()
    while True:
        size += len(part)
        if size > max_bytes:
            raise RequestError(
                f"body: larger than {max_bytes} bytes once it is decompressed; expected at most that. Send several "
                "requests.",
                status=413,
            )
        hold(len(part))
        parts.append(part)
        if decoder.ended:
            return b"".join(parts)
        part = await run_in_threadpool(decoder.take)


class _Decoder:
    """Unpacks a body piece by piece."""

    def __init__(self, body: bytes, encoding: str) -> None:
        self._body, self._encoding, self._place = memoryview(body), encoding, 0
        self._decoder = zlib.decompressobj(_WINDOWS[encoding])
        self.ended = False

    def take(self) -> bytes:
        """Returns the next piece."""
        part = b""
        while not part and not self._decoder.eof:
            part = self._decompress()
        if self._decoder.eof:
            left = len(self._decoder.unused_data) + len(self._body) - self._place
            if left:
                raise RequestError(
                    f"body: received {left} bytes behind the end of the {self._encoding} data; expected none. Compress "
                    "the whole body, once."
                )
            self.ended = True
        return part

    def _decompress(self) -> bytes:
        # What the decoder has not looked at yet comes first, then the next bytes of the body.
        given = self._decoder.unconsumed_tail or self._body[self._place : self._place + _PIECE]
        if not self._decoder.unconsumed_tail:
            self._place += len(given)
        try:
            part = self._decoder.decompress(given, _PIECE)
        except zlib.error as error:
            raise RequestError(
                f"body: not valid {self._encoding} data ({error}); expected what Content-Encoding says. "
                "Compress the whole body so, or leave the header out."
            ) from error
        if not given and not part and not self._decoder.eof:
            raise RequestError(
                f"body: the {self._encoding} data end too early; expected all of them. Send the whole body."
            )
        return part


class Compression:
    """ASGI middleware that compresses what is answered, where the client takes that and it is worth the time.

    Answers that are sent in parts go out as they are.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handles one request."""
        if scope["type"] == "http":
            accepted = [value for name, value in scope["headers"] if name == b"accept-encoding"]
            encoding = accepted_encoding(b",".join(accepted).decode("latin-1")) if accepted else None
            if encoding is not None:
                send = _Packed(send, encoding).send
        return self._app(scope, receive, send)


class _Packed:
    """What is sent, of which the head waits until the body is known."""

    def __init__(self, send: Send, encoding: str) -> None:
        self._send, self._encoding = send, encoding
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body", False) and len(message.get("body", b"")) >= _SMALL:
                message = await self._packed(head, message)
            await self._send(head)
        await self._send(message)

    async def _packed(self, head: Message, message: Message) -> Message:
        """Returns the body as it goes out; the head says how."""
        body, headers = message["body"], MutableHeaders(raw=head["headers"])
        if "content-encoding" in headers:
            return message
        if len(body) > _PIECE:
            packed = await run_in_threadpool(_compress, body, self._encoding)
        else:
            packed = _compress(body, self._encoding)
        if len(packed) >= len(body):
            return message
        # Where none is named an answer is as any client reads it, and needs no such word to caches.
        headers.add_vary_header("Accept-Encoding")
        headers["Content-Encoding"], headers["Content-Length"] = self._encoding, str(len(packed))
        return {**message, "body": packed}


def accepted_encoding(header: str) -> str | None:
    """Returns how an answer should be compressed, ``None`` for not at all.

    Args:
        header: The header ``Accept-Encoding``.

    Example:
        >>> accepted_encoding("deflate, gzip"), accepted_encoding("gzip;q=0.5, deflate"), accepted_encoding("br")
        ('gzip', 'deflate', None)
    """
    wanted: dict[str, float] = {}
    for entry in header.lower().split(","):
        name, _, parameter = entry.partition(";")
        wanted[_OTHER_NAMES.get(name.strip(), name.strip())] = _weight(parameter)
    best = max(_WINDOWS, key=lambda name: wanted.get(name, 0.0))
    weight = wanted.get(best, 0.0)
    return best if weight > 0 and weight >= wanted.get("identity", 0.0) else None


def _weight(parameter: str) -> float:
    """Returns the weight in ``q=0.5``; 1 where there is none, 0 where it is none."""
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _compress(body: bytes, encoding: str) -> bytes:
    packer = zlib.compressobj(_LEVEL, wbits=_WINDOWS[encoding])
    return packer.compress(body) + packer.flush()
