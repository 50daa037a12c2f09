"""A server whose answers a test writes, byte by byte, on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def http(body: bytes, status: int = 200, *, headers: str = "") -> bytes:
    """An answer as its bytes."""
    return f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@dataclass
class Scripted:
    """A running server, and the heads of the requests that came."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def scripted(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serves from a thread: the script is called with the head of each request, and writes what it likes."""
    served, up, loop = Scripted(), threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                served.requests.append(head)
                lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
                await reader.readexactly(int(lines.get(b"content-length", b"0")))
                await script(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
        served.port = server.sockets[0].getsockname()[1]
        up.set()
        await done.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    up.wait(10)
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


async def good(head: bytes, writer: asyncio.StreamWriter) -> None:
    """Answers each request with 200."""
    writer.write(http(b"{}"))
