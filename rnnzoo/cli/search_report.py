"""`--report DIR`: the report of a search, written anew while it runs or later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.full_help import SEARCH
from rnnzoo.cli.output import shell_path, stdout


def _write(context: typer.Context, directory: Path | None) -> None:
    """Writes the report and ends the command; starts no TensorFlow."""
    if directory is None:
        return
    from rnnzoo_tuning.search_files import write_report

    stdout.print(f"search {shell_path(write_report(directory, context.params.get('storage')))}")
    raise typer.Exit


#: The option; it ends the command.
SearchReport = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Write the report of the search in DIR anew; it may run.",
        rich_help_panel=SEARCH,
        hidden=True,
        callback=_write,
        is_eager=True,
        show_default=False,
    ),
]
