"""Running the application: one process, one port, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from rnnzoo.errors import ArgumentError, RunError
from rnnzoo_export.bundle import Bundle, load_bundle
from rnnzoo_export.serving.app import create_app
from rnnzoo_export.serving.predictor import OnnxPredictor
from rnnzoo_export.serving.settings import Settings


def serve(bundle: Bundle | str | os.PathLike[str], *, settings: Settings | None = None) -> None:
    """Serves a bundle until SIGTERM or Ctrl-C, then answers what is under way and returns.

    Args:
        bundle: A loaded bundle, or the path of one.
        settings: Address and limits.

    Raises:
        BundleError: If the bundle is damaged.
        ArgumentError: If the address cannot be listened on.
        RunError: If the server fails to start.
    """
    settings = settings or Settings()
    port = _free_port(settings)  # before anything slow
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    predictor = OnnxPredictor(loaded, threads=settings.threads)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("_granian").setLevel(logging.ERROR)
    app = create_app(predictor, settings=settings)
    asyncio.run(_run(app, settings, port, loaded))


async def _run(app: object, settings: Settings, port: int, bundle: Bundle) -> None:
    server = Server(
        app,
        address=settings.host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.header_timeout * 1000)),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    announcing = loop.create_task(_announce(settings, port, bundle))
    await server.serve()
    announcing.cancel()
    if server.interrupt_children:
        raise RunError("serve: the server ended by itself; see the messages above. Start it again.")


async def _announce(settings: Settings, port: int, bundle: Bundle) -> None:
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
    lines = [f"serving {bundle.name} at http://{address}:{port}/  (stop with Ctrl-C)"]
    if not settings.local:
        lines.append(
            f"warning: {settings.host} can be reached by other machines, without password or encryption; "
            "put a gateway before it."
        )
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


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
