"""What a server may be asked to do, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo_export.inference.validation import Limits
from rnnzoo_export.serving.body import BodyLimits

#: What ``access_log`` may be.
ACCESS_LOGS = ("off", "json")
_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+", re.ASCII)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The limits of a server; the defaults suit one small machine.

    Attributes:
        host: The address to listen on. The default is reachable from this machine only.
        port: The port to listen on; 0 takes a free one.
        allowed_hosts: Host names that requests may be addressed to. Empty means: this machine's names while
            ``host`` is one of them (which stops web pages that rebind their name to 127.0.0.1), else any.
        threads: Threads of onnxruntime inside one run. One is best for small models: several requests are
            batched instead.
        max_body_bytes: The largest request body, as it is sent and decompressed.
        max_rows: The most rows of one request.
        max_steps: The most time steps of one row.
        max_batch: The most rows of one run of the session; it bounds memory together with ``max_steps``.
        max_queue: The most requests that wait for the model; more are answered 503.
        max_requests: The most requests that are answered at once, from the end of their body until their answer is
            made; more are answered 503. Health is not counted, and neither are connections that ask nothing, or whose
            body still arrives.
        max_bytes: The most bytes of the bodies of all requests together; more are answered 503.
        max_sessions: The most sequences that are open at once, those of streams among them; more are answered 503.
        max_streams: The most WebSockets that are open at once; more are answered 503.
        sequence_idle_timeout: Seconds without a piece after which a sequence is forgotten, and a stream is closed.
        allowed_origins: Web pages that may open a stream beside the server's own, such as ``"https://example.org"``;
            ``"*"`` for any.
        deadline: Seconds from the arrival of a request after which it is answered 504, and what is left of it is
            dropped. A request that is likely to wait longer is answered 503 at once.
        body_timeout: Seconds within which a body must have arrived.
        body_rate: Bytes a second that must arrive of a body; it may be five seconds behind at most.
        header_timeout: Seconds within which the head of a request must have arrived; a connection that asks
            nothing for so long is closed.
        max_new_tokens: The most words or characters that a language model writes on, and the most tokens of a
            translation.
        max_generations: The most texts that a language model writes at once; more are answered 503.
        generation_timeout: Seconds from the arrival of a request within which all of a stream must be written; its
            first piece comes within ``deadline``, as all of any other answer does.
        max_beams: The most beginnings that a translation keeps.
        shutdown_timeout: Seconds from the signal to stop to the end of the server: it is not ready any more, what is
            under way is answered, and what is left when they are over is cut.
        root_path: The path below which a proxy shows the server, such as ``/films``, whether it takes it off or not.
        api_key: A key that requests must carry. Empty means that none is needed.
        api_key_file: A file of keys, one a line, of which requests must carry one.
        metrics_public: Whether ``/metrics`` needs no key.
        tls_cert: A certificate, as PEM with those between it and the root; with it the server speaks HTTPS only.
        tls_key: Its private key, as PEM without a password.
        access_log: ``json`` for a line of JSON for each request, or ``off``.
        access_log_file: The file that the lines of the access log are added to. Empty means stderr.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    threads: int = 1
    max_body_bytes: int = 16 * 1024 * 1024
    max_rows: int = 256
    max_steps: int = 4096
    max_batch: int = 32
    max_queue: int = 2048
    max_requests: int = 2048
    max_bytes: int = 256 * 1024 * 1024
    max_sessions: int = 1024
    max_streams: int = 256
    sequence_idle_timeout: float = 60.0
    allowed_origins: tuple[str, ...] = ()
    deadline: float = 30.0
    body_timeout: float = 30.0
    body_rate: int = 1000
    header_timeout: float = 5.0
    max_new_tokens: int = 2000
    max_generations: int = 128
    generation_timeout: float = 300.0
    max_beams: int = 16
    shutdown_timeout: float = 20.0
    root_path: str = ""
    api_key: str = field(default="", repr=False)
    api_key_file: str = ""
    metrics_public: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    access_log: str = "off"
    access_log_file: str = ""

    def __post_init__(self) -> None:
        for name in (
            "threads",
            "max_body_bytes",
            "max_rows",
            "max_steps",
            "max_batch",
            "max_queue",
            "max_requests",
            "max_bytes",
            "max_sessions",
            "max_streams",
            "body_rate",
            "max_new_tokens",
            "max_generations",
            "max_beams",
        ):
            checks.integer(name, getattr(self, name), minimum=1)
        for name in (
            "sequence_idle_timeout",
            "deadline",
            "body_timeout",
            "header_timeout",
            "generation_timeout",
            "shutdown_timeout",
        ):
            checks.number(name, getattr(self, name), above=0)
        if self.max_bytes < self.max_body_bytes:
            raise ArgumentError(
                f"max_bytes: received {self.max_bytes}, less than max_body_bytes, {self.max_body_bytes}; expected room "
                "for one body at least. Raise it, or lower max_body_bytes."
            )
        if checks.integer("port", self.port, minimum=0) > 65535:
            raise ArgumentError(
                f"port: received {self.port}; expected 0 to 65535. Pass 0 to take a free one, or e.g. 8000."
            )
        if self.access_log not in ACCESS_LOGS:
            raise ArgumentError(
                f"access_log: received {self.access_log!r}; expected {' or '.join(ACCESS_LOGS)}. Correct it."
            )
        if self.root_path and not _ROOT_PATH.fullmatch(self.root_path):
            raise ArgumentError(
                f"root_path: received {self.root_path!r}; expected a path such as /films, without a slash at its end. "
                "Correct it."
            )

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return Limits(self.max_rows, self.max_steps)

    @property
    def body_limits(self) -> BodyLimits:
        """What the body of one request may be."""
        return BodyLimits(self.max_body_bytes, self.body_timeout, self.body_rate)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def has_tls(self) -> bool:
        """Whether it speaks HTTPS."""
        return bool(self.tls_cert or self.tls_key)

    @property
    def has_keys(self) -> bool:
        """Whether requests must carry a key."""
        return bool(self.api_key or self.api_key_file)

    @property
    def known_hosts(self) -> frozenset[str] | None:
        """The host names that requests may be addressed to; ``None`` means any."""
        if self.allowed_hosts:
            return frozenset(name.lower() for name in self.allowed_hosts)
        return frozenset((*LOOPBACK, self.host.lower())) if self.local else None
