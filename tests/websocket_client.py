"""A WebSocket client that can also do what no decent one does."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from typing import Any

_TEXT, _BYTES, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


class ClosedError(Exception):
    """The other side has ended the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocketClient:
    """One connection.

    Attributes:
        status: That of the answer to the handshake; 101 if it is open.
        body: What was answered instead of opening it.
    """

    def __init__(
        self, port: int, path: str, *, wait: float = 20.0, headers: dict[str, str] | None = None
    ) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=wait)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.connection.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._exactly(1)
        self.headers = answer.decode().lower()
        self.status = int(answer.split()[1])
        length = self.headers.partition("content-length: ")[2].split("\r")[0]
        self.body = b"" if self.status == 101 else self._exactly(int(length))

    def __enter__(self) -> WebSocketClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(
        self, content: str | bytes | dict[str, Any], *, kind: int | None = None, last: bool = True
    ) -> None:
        """Sends one frame."""
        if isinstance(content, dict):
            content = json.dumps(content)
        if kind is None:
            kind = _TEXT if isinstance(content, str) else _BYTES
        data = content.encode() if isinstance(content, str) else content
        size, first = len(data), bytes([kind | (128 if last else 0)])
        if size < 126:
            first += bytes([128 | size])
        elif size < 65536:
            first += bytes([128 | 126]) + struct.pack(">H", size)
        else:
            first += bytes([128 | 127]) + struct.pack(">Q", size)
        self.connection.sendall(first + bytes(4) + data)  # a mask of zeros changes nothing

    def receive(self) -> dict[str, Any]:
        """Returns the next message; raises ``ClosedError`` at the end."""
        while True:
            kind, content = self._frame()
            if kind == _CLOSE:
                code = struct.unpack(">H", content[:2])[0] if content else 1005
                raise ClosedError(code, content[2:].decode())
            if kind == _TEXT:
                return dict(json.loads(content))

    def ask(self, content: str | bytes | dict[str, Any]) -> dict[str, Any]:
        """Sends a message and returns the answer."""
        self.send(content)
        return self.receive()

    def end(self) -> ClosedError:
        """Returns how the other side ends the connection, whatever it says before."""
        try:
            while True:
                self.receive()
        except ClosedError as closed:
            return closed
        except OSError as error:
            return ClosedError(1006, str(error))

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 127
        if size == 126:
            (size,) = struct.unpack(">H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self._exactly(8))
        return first & 15, self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        parts, left = [], count
        while left:
            part = self.connection.recv(min(left, 65536))
            if not part:
                raise ConnectionResetError("the other side is gone")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
