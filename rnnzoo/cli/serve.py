"""`rnnzoo serve`: a bundle behind HTTP."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.own_code import Packages, import_packages


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(serve)


def serve(
    bundles: Annotated[
        list[Path],
        typer.Argument(metavar="BUNDLE...", help="Bundles and translators that export has written."),
    ],
    name: Annotated[
        list[str] | None,
        typer.Option(help="What requests call a bundle; repeat it for each, in their order."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65535)] = 8000,
    threads: Annotated[int, typer.Option(help="Threads of one inference.", min=1)] = 1,
    max_requests: Annotated[
        int, typer.Option(help="Requests answered at once; more get 503. Health is not counted.", min=1)
    ] = 2048,
    shutdown_timeout: Annotated[
        float, typer.Option(help="Seconds from SIGTERM or Ctrl-C to the end; what is left is cut.")
    ] = 20.0,
    packages: Packages = None,
) -> None:
    """Serve bundles: Open Inference Protocol v2 over REST, and a page to try them."""
    ended: list[bool] = []
    atexit.register(lambda: _end() if ended else None)  # after what packages do at the end
    import_packages(packages)
    from rnnzoo_export.serving.server import serve as serve_bundles
    from rnnzoo_export.serving.settings import Settings

    settings = Settings(
        host=host, port=port, threads=threads, max_requests=max_requests, shutdown_timeout=shutdown_timeout
    )
    serve_bundles(bundles, names=name or (), settings=settings, at_deadline=_end)
    ended.append(True)


def _end() -> None:
    """Ends the process at once, as was asked; that is no failure.

    A run of the model may go on, which nothing can interrupt. A thread of the web server may as well, and the process
    aborts where one comes back to an interpreter that is being taken down (seen with granian 2.8, one end in twelve on
    a busy machine).
    """
    sys.stderr.flush()
    os._exit(0)
