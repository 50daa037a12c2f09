"""`--help-data`: the options of the data that `--help` of a command leaves out, so that each fits a screen."""

from __future__ import annotations

from typing import Annotated

import typer


def _show(context: typer.Context, wanted: bool) -> None:
    if not wanted:
        return
    command = context.command  # made anew for each call of the app
    for parameter in command.params:
        parameter.hidden = not getattr(parameter, "hidden", False)  # type: ignore[attr-defined]
    command.add_help_option = False
    typer.echo(context.get_help(), nl=False)
    raise typer.Exit


#: The option; it ends the command.
FullHelp = Annotated[
    bool,
    typer.Option(
        "--help-data",
        help="Show the other options of the data.",
        callback=_show,
        is_eager=True,
        show_default=False,
    ),
]
