"""Writes the reference of the command from the command itself: every option of every command, hidden ones too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def escaped(text: str) -> str:
    """Returns the text of a help screen as reStructuredText: what stands between backticks is literal."""
    text = re.sub(r"([\\*_|])", r"\\\1", " ".join(text.replace("\\[", "[").split()))
    literal = re.compile(r"`([^`]+)`")
    return literal.sub(lambda match: f"``{match[1].replace(chr(92), '')}``", text)


def value_of(parameter: Any) -> str:
    """Returns what is written behind an option, such as ``<int>``; nothing behind a switch."""
    if getattr(parameter, "is_flag", False):
        return ""
    if parameter.metavar:
        return f" {parameter.metavar}"
    return f" <{parameter.opts[0].lstrip('-').replace('-', '_')}>"


def sentences(parameter: Any) -> str:
    """Returns the help of an option, and whether it must be given, what it is otherwise, and whether it repeats."""
    parts = [escaped(parameter.help or "")]
    if parameter.required:
        parts.append("Required.")
    elif (
        parameter.show_default
        and parameter.default not in (None, "", [], ())
        and parameter.default is not False
    ):
        parts.append(f"Default: ``{parameter.default}``.")
    if parameter.multiple and "repeatable" not in parts[0]:
        parts.append("May be given several times.")
    if parameter.hidden:
        parts.append("Not shown by ``--help``.")
    return " ".join(part for part in parts if part)


def option_lines(parameter: Any) -> Iterator[str]:
    """Yields one option or argument."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name
        yield f".. option:: {name}"
    else:
        names = [*parameter.opts, *parameter.secondary_opts]
        yield f".. option:: {', '.join(name + value_of(parameter) for name in names)}"
    yield ""
    yield f"   {sentences(parameter)}"
    yield ""


def command_lines(name: str, command: Any) -> Iterator[str]:
    """Yields the section of one command."""
    yield f".. program:: {name}"
    yield ""
    yield escaped(command.help or "")
    yield ""
    panel = None
    for parameter in command.params:
        if parameter.rich_help_panel != panel:
            panel = parameter.rich_help_panel
            yield f".. rubric:: {panel}"
            yield ""
        yield from option_lines(parameter)


class Commands(SphinxDirective):
    """``.. commands::`` writes one section for each command."""

    def run(self) -> list[nodes.Node]:
        """Returns the sections."""
        from typer.main import get_command

        from rnnzoo.cli.app import make_app

        sections: list[nodes.Node] = []
        for name, command in get_command(make_app()).commands.items():  # type: ignore[attr-defined]
            whole = f"rnnzoo {name}"
            section = nodes.section(ids=[whole.replace(" ", "-")], names=[whole])
            section += nodes.title(whole, whole)
            lines = StringList(list(command_lines(whole, command)), source=f"help of {whole}")
            self.state.nested_parse(lines, self.content_offset, section)
            sections.append(section)
        return sections


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
