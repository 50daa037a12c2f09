"""`rnnzoo serve`: a bundle behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(serve)


def serve(
    bundle: Annotated[Path, typer.Argument(help="A bundle that export has written.")],
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for a free one.", min=0, max=65535)] = 8000,
    threads: Annotated[int, typer.Option(help="Threads of one inference.", min=1)] = 1,
) -> None:
    """Serve a bundle: Open Inference Protocol v2 over REST, and a page to try it."""
    from rnnzoo_export.serving.server import serve as serve_bundle
    from rnnzoo_export.serving.settings import Settings

    serve_bundle(bundle, settings=Settings(host=host, port=port, threads=threads))
