"""The messages of a stream: pieces that come through a WebSocket, and what is answered to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rnnzoo.errors import RequestError
from rnnzoo_export.inference.validation import shorten
from rnnzoo_export.serving.parameters import check_keys
from rnnzoo_export.serving.protocol import parse_id, parse_json

_KEYS = ("input", "inputs", "end", "id")


@dataclass(frozen=True)
class StreamMessage:
    """A message of a client.

    Attributes:
        raw: A piece of the raw row: as JSON, or bytes of numbers; ``None`` where there is none.
        tensors: A piece as tensors of the protocol; ``None`` where there are none.
        end: Whether it is the last.
        id: The client's own name of the message, sent back.
    """

    raw: Any = None
    tensors: Any = None
    end: bool = False
    id: str | None = None


def read_message(content: str | bytes) -> StreamMessage:
    """Reads a message: bytes are numbers of a raw piece, text is JSON.

    Raises:
        RequestError: If it holds something else.
    """
    if isinstance(content, bytes):
        if not content:
            raise RequestError("piece: received no bytes; expected at least one step. Leave the message out.")
        return StreamMessage(raw=content)
    message = parse_json(content.encode())
    check_keys("message", message, _KEYS)
    end = message.get("end", False)
    if not isinstance(end, bool):
        raise RequestError(
            f"end: received {shorten(end)}; expected true or false. Leave it out, or send that."
        )
    raw, tensors = message.get("input"), message.get("inputs")
    if raw is not None and tensors is not None:
        raise RequestError('message: received "input" and "inputs"; expected one of them. Send two messages.')
    if raw is None and tensors is None and not end:
        raise RequestError(
            'message: received no piece; expected "input", a piece of the raw row, or "inputs", its tensors. Send one, '
            'or {"end": true}.'
        )
    return StreamMessage(raw, tensors, end, parse_id(message))
