"""`--report DIR`: the report of a search, written anew while it runs or later."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.cli.full_help import search_option
from rnnzoo.cli.output import print_json, shell_path, stdout


def _write(context: typer.Context, directory: Path | None) -> None:
    """Writes the report and ends the command; starts no TensorFlow."""
    if directory is None:
        return
    from rnnzoo_tuning.search_files import write_report

    report = write_report(directory, context.params.get("storage"))
    if "--json" in (context.find_root().obj or ()):  # it comes after options that are eager
        print_json({"directory": str(directory), "report": str(report)})
    else:
        stdout.print(f"search {shell_path(report)}")
    raise typer.Exit


#: The option; it ends the command.
SearchReport = Annotated[
    Path | None,
    search_option(
        "Write the report of the search in DIR anew; it may run.",
        "--report",
        metavar="DIR",
        callback=_write,
        is_eager=True,
        show_default=False,
    ),
]
