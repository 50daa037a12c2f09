"""Whom a load test asks: an address, what goes with each request, and one request at leisure."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from rnnzoo.errors import ArgumentError, RunError, one_line
from rnnzoo.files import existing_file

_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)
_EXAMPLE = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Target:
    """A server.

    Attributes:
        host: Its name or number.
        port: Its port.
        path: What stands before each path, without a slash at the end; empty for nothing.
        headers: What goes with each request.
        tls: How the connection is made secret; ``None`` where it is not.
        timeout: Seconds that one request at leisure may take.
    """

    host: str
    port: int
    path: str = ""
    headers: Mapping[str, str] | None = None
    tls: ssl.SSLContext | None = None
    timeout: float = 30.0

    @property
    def address(self) -> str:
        """Host and port, as a URL has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{'http' if self.tls is None else 'https'}://{self.address}{self.path}"

    async def connect(self, factory: Callable[[], _Protocol]) -> _Protocol:
        """Opens a connection.

        Raises:
            OSError: If it cannot be opened.
        """
        loop = asyncio.get_running_loop()
        server_hostname = None if self.tls is None else self.host
        _, protocol = await loop.create_connection(
            factory, self.host, self.port, ssl=self.tls, server_hostname=server_hostname
        )
        return protocol

    def message(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        """Returns a POST request as its bytes."""
        lines = {
            "Host": self.address,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(self.headers or {}),
            **(headers or {}),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {self.path}{path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Asks once and returns the status and the body of the answer.

        Raises:
            RunError: If there is no answer.
        """
        sent = {
            "Content-Type": "application/json",
            **(self.headers or {}),
            **(headers or {}),
        }
        connection = (
            http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
            if self.tls is None
            else http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.tls)
        )
        try:
            connection.request(method, self.path + path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ssl.SSLCertVerificationError as error:
            raise RunError(
                f"{self.url}: its certificate is not trusted ({error.verify_message}); expected one that a known "
                "authority has signed. Pass the authority's certificate with --ca FILE."
            ) from error
        except ssl.SSLError as error:
            raise RunError(
                f"{self.url}: no TLS ({one_line(error)}); expected a server that speaks it. Write http:// if it does "
                "not."
            ) from error
        except TimeoutError as error:
            raise RunError(
                f"{self.url}: no answer within {self.timeout:g} s; expected one. Look at the server's log, or raise "
                "--timeout."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise RunError(self._no_answer(error)) from error
        finally:
            connection.close()

    def _no_answer(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or one_line(error) or type(error).__name__
        if isinstance(error, ConnectionRefusedError):
            return (
                f"{self.url}: nothing listens there ({reason}); expected a server. Start one: rnnzoo serve BUNDLE "
                f"--port {self.port}"
            )
        return f"{self.url}: no answer ({reason}); expected a server that speaks HTTP. Check the address."


def read_target(
    url: str, *, headers: Sequence[str] = (), ca: Path | None = None, timeout: float = 30.0
) -> Target:
    """Reads an address as people write it.

    Args:
        url: Such as ``http://127.0.0.1:8000`` or ``https://models.example/films``.
        headers: What goes with each request, each ``"NAME: VALUE"``.
        ca: A file of certificates to trust in place of those of the system.
        timeout: Seconds that one request at leisure may take.

    Raises:
        ArgumentError: If one of them cannot be read.
        PathNotFoundError: If there is no such file.

    Example:
        >>> read_target("http://localhost:8000/films/").url
        'http://localhost:8000/films'
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ArgumentError(f"URL: received {url!r} ({error}); {_expected()}") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise ArgumentError(f"URL: received {url!r}; {_expected()}")
    if not url.isascii() or any(character.isspace() for character in url):
        raise ArgumentError(f"URL: received {url!r}; expected ASCII without blanks. Write %20 for a blank.")
    tls = _context(ca) if parts.scheme == "https" else None
    if ca is not None and tls is None:
        raise ArgumentError(f"--ca: received {str(ca)!r} with {url}; expected https://. Leave it out.")
    known = dict(_header(line) for line in headers)
    default = 443 if parts.scheme == "https" else 80
    return Target(host, port or default, parts.path.rstrip("/"), known, tls, timeout)


def _expected() -> str:
    return f"expected an address with scheme and host, without query. Write e.g. {_EXAMPLE}."


def _context(ca: Path | None) -> ssl.SSLContext:
    if ca is not None:
        existing_file(ca, "a file of certificates (PEM)")
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise ArgumentError(
            f"--ca: {ca} holds no certificate ({one_line(error)}); expected a PEM file. Pass that of the authority."
        ) from error


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    usable = (
        name and name.replace("-", "").replace("_", "").isalnum() and line.isascii() and line.isprintable()
    )
    if not colon or not value or not usable:
        raise ArgumentError(
            f"--header: received {name[:40]!r}; expected NAME: VALUE in ASCII. Write e.g. "
            "--header 'Authorization: Bearer KEY'."
        )
    return name, value
