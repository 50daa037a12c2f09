"""`--help-data`, `--help-search`, `--help-all`: the options that `--help` leaves out, so that each fits a screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

#: The group of the options that `--help-search` shows.
SEARCH = "Search"
#: The group of the options that `--help-all` of `serve` shows.
SERVER = "Server"


def _show(group: str) -> Callable[[typer.Context, bool], None]:
    """Returns what shows the hidden options whose groups begin with a word, and no others."""

    def show(context: typer.Context, wanted: bool) -> None:
        if not wanted:
            return
        command = context.command  # made anew for each call of the app
        for parameter in command.params:
            option: Any = parameter
            panel = getattr(option, "rich_help_panel", None) or ""
            option.hidden = not (getattr(option, "hidden", False) and panel.startswith(group))
        command.add_help_option = False
        typer.echo(context.get_help(), nl=False)
        raise typer.Exit

    return show


def _option(flag: str, text: str, group: str) -> Any:
    return typer.Option(flag, help=text, callback=_show(group), is_eager=True, show_default=False)


def search_option(text: str, *flags: str, **options: Any) -> Any:
    """Returns an option that ``--help-search`` shows, and ``--help`` does not.

    Args:
        text: Its help.
        flags: Its flags; by default that of its name.
        options: Those of ``typer.Option``.
    """
    return typer.Option(*flags, help=text, rich_help_panel=SEARCH, hidden=True, **options)


#: The options; each ends the command.
FullHelp = Annotated[bool, _option("--help-data", "Show the other options of the data.", "Data")]
SearchHelp = Annotated[bool, _option("--help-search", "Show the other options of the search.", SEARCH)]
ServerHelp = Annotated[bool, _option("--help-all", "Show the other options of the server.", SERVER)]
