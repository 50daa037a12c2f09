"""Running the application: one process, one port, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.applications import Starlette

from rnnzoo.errors import ArgumentError, RunError
from rnnzoo_export.bundle import Bundle, check_model_name
from rnnzoo_export.serving.app import create_app
from rnnzoo_export.serving.connections import cut_connections, most_connections
from rnnzoo_export.serving.models import Models, ServedModel
from rnnzoo_export.serving.niceness import INTERRUPTIONS
from rnnzoo_export.serving.open_model import open_model
from rnnzoo_export.serving.settings import Settings
from rnnzoo_export.serving.tls import check_certificate
from rnnzoo_export.serving.traffic import Traffic

#: A loaded bundle, or the path of one.
BundleOrPath = Bundle | str | os.PathLike[str]

_BACKLOG = 4096
_SWITCH_SECONDS = 0.0005
# After how many new objects, and how many times more of those that stay, garbage is looked for.
_GARBAGE = (20_000, 20, 100)
# Names that the first line shows.
_NAMED = 8


def serve(
    bundles: BundleOrPath | Sequence[BundleOrPath],
    *,
    names: Sequence[str] = (),
    settings: Settings | None = None,
    at_deadline: Callable[[], None] | None = None,
) -> None:
    """Serves a bundle, or several, until SIGTERM or Ctrl-C, then answers what is under way and returns.

    From the signal on it is not ready and takes nothing new. What is not answered shortly before
    ``settings.shutdown_timeout`` is cut; a second signal cuts it at once.

    Args:
        bundles: Loaded bundles, or the paths of such, or directories of ``export_seq2seq_onnx``; one or several.
        names: What requests call them, one for each; by default the names that they bear, or that of the
            directory of a translator. Bundles of one name differ in their version.
        settings: Address and limits.
        at_deadline: Called in a thread of its own if the model is still at work when the timeout is over. A run of
            the model cannot be interrupted, but a command can end its process here.

    Raises:
        BundleError: If a bundle is damaged.
        ArgumentError: If the address cannot be listened on, names and bundles differ in number, or two models have one
            name and version.
        RunError: If the server fails to start.
    """
    settings = settings or Settings()
    port = _free_port(settings)  # before anything slow
    if settings.has_tls:
        check_certificate(settings.tls_cert, settings.tls_key)
    models = _open(bundles, names, settings)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("_granian").setLevel(logging.ERROR)
    app = create_app(models, settings=settings)
    _tune_interpreter()
    with (
        INTERRUPTIONS.few(),
        _watching(settings.shutdown_timeout, at_deadline) as watch,
        asyncio.Runner(loop_factory=_event_loop) as runner,
    ):
        runner.run(_run(app, settings, port, watch))
    if at_deadline is not None and app.state.models.at_work:
        at_deadline()


def _tune_interpreter() -> None:
    """Sets what Python does beside the requests."""
    # What parses a large body is told sooner that the event loop waits.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # What is there now stays, and what comes with a request goes with it: to look for garbage in all of it every few
    # requests would hold up the others.
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


def _event_loop() -> asyncio.AbstractEventLoop:
    """Returns the loop of uvloop, which takes less time for each request but does not know Windows."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


@contextlib.contextmanager
def _watching(timeout: float, at_deadline: Callable[[], None] | None) -> Iterator[Callable[[], None]]:
    """Yields what starts the clock, which is stopped at the end of the context."""
    clock = threading.Timer(timeout, at_deadline or (lambda: None))
    clock.daemon = True
    yield clock.start
    clock.cancel()


def _open(
    bundles: BundleOrPath | Sequence[BundleOrPath], names: Sequence[str], settings: Settings
) -> list[ServedModel]:
    """Loads the bundles."""
    listed = [bundles] if isinstance(bundles, Bundle | str | os.PathLike) else list(bundles)
    if names and len(names) != len(listed):
        raise ArgumentError(
            f"name: received {len(names)} for {len(listed)} bundles; expected one for each, in their order. Give all "
            "of them, or none to use the names that the bundles bear."
        )
    for name in names:
        check_model_name(name)
    given: Sequence[str | None] = names or [None] * len(listed)
    return [open_model(bundle, settings, name=name) for bundle, name in zip(listed, given, strict=True)]


async def _run(app: Starlette, settings: Settings, port: int, start_clock: Callable[[], None]) -> None:
    server = Server(
        app,
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=True,
        backlog=_BACKLOG,
        # What is bounded is requests; a bound on connections would keep health from answering.
        backpressure=most_connections(),
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.header_timeout * 1000)),
        ssl_cert=Path(settings.tls_cert) if settings.has_tls else None,
        ssl_key=Path(settings.tls_key) if settings.has_tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
    )
    loop = asyncio.get_running_loop()
    traffic: Traffic = app.state.traffic
    told = asyncio.Event()

    def stop() -> None:
        if told.is_set():
            traffic.close(0.0)
            return
        start_clock()
        # The end takes a moment too.
        traffic.close(settings.shutdown_timeout - min(1.0, settings.shutdown_timeout / 3))
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    others = [
        loop.create_task(_announce(settings, port, app.state.models)),
        loop.create_task(_stop_when_told(told, server, traffic, port)),
    ]
    await server.serve()
    for task in others:
        task.cancel()
    if server.interrupt_children:
        raise RunError("serve: the server ended by itself; see the messages above. Start it again.")


async def _stop_when_told(told: asyncio.Event, server: Server, traffic: Traffic, port: int) -> None:
    """Lets what is under way finish while readiness is false, then stops the server; cancelled when it has stopped."""
    await told.wait()
    await traffic.finished()
    server.stop()
    # Answers may still be on their way to clients, and heads of requests on their way here.
    while traffic.seconds_left(0.0):
        await asyncio.sleep(min(0.05, traffic.seconds_left(0.0)))
    while True:
        cut_connections(port)
        await asyncio.sleep(0.1)


async def _announce(settings: Settings, port: int, models: Models) -> None:
    """Says where the server is, once it listens."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "localhost") else settings.host
    address = f"[{host}]" if ":" in host else host
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.01)
    url = f"{'https' if settings.has_tls else 'http'}://{address}:{port}/"
    lines = [f"serving {_named(models)} at {url}  (stop with Ctrl-C)", *_warnings(settings)]
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _warnings(settings: Settings) -> list[str]:
    """Returns what is to be said of a server that other machines can reach."""
    lacks = {
        (False, False): "a key or encryption",
        (True, False): "encryption, so that keys can be read on their way",
        (False, True): "a key",
    }
    lack = lacks.get((settings.has_keys, settings.has_tls))
    if settings.local or lack is None:
        return []
    options = ([] if settings.has_keys else ["--api-key-file"]) + (
        [] if settings.has_tls else ["--tls-cert and --tls-key"]
    )
    return [
        f"warning: {settings.host} can be reached by other machines, without {lack}; put a gateway before it, or give "
        f"{', '.join(options)}."
    ]


def _named(models: Models) -> str:
    names = models.names
    shown = names[:_NAMED]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _free_port(settings: Settings) -> int:
    """Returns the port to listen on, or says why it cannot be."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ArgumentError(
                f"port: cannot listen on {settings.host}:{settings.port} ({reason}); expected a free port of this "
                "machine. Choose another with --port, or 0 for any."
            ) from error
        return int(probe.getsockname()[1])
