"""`rnnzoo serve`: a bundle behind HTTP."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.full_help import ServerHelp
from rnnzoo.cli.own_code import Packages, import_packages
from rnnzoo.cli.serve_options import with_settings
from rnnzoo_export.serving.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(with_settings(serve))


def serve(
    bundles: Annotated[
        list[Path],
        typer.Argument(metavar="BUNDLE...", help="Bundles and translators that export has written."),
    ],
    settings: Settings,
    name: Annotated[
        list[str] | None,
        typer.Option(help="What requests call a bundle; repeat it for each, in their order."),
    ] = None,
    packages: Packages = None,
    help_all: ServerHelp = False,
) -> None:
    """Serve bundles: Open Inference Protocol v2 over REST, and a page to try them."""
    ended: list[bool] = []
    atexit.register(lambda: _end() if ended else None)  # after what packages do at the end
    import_packages(packages)
    from rnnzoo_export.serving.server import serve as serve_bundles

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
