"""What the README and the pages of ``docs`` claim: code that runs, commands that exist, output that is printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import typer

from rnnzoo.cli.app import make_app

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
#: How far a printed number may be from that of the page: weights and sums differ a little from machine to machine.
RELATIVE, ABSOLUTE = 0.2, 0.06


def blocks(text: str, language: str) -> list[str]:
    """Returns the code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def files(text: str) -> dict[str, str]:
    """Returns the files that a page tells to write, by name: Python blocks with a caption."""
    found = re.findall(
        r"^```\{code-block\} python\n:caption: (\S+)\n\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    )
    return dict(found)


def commands(text: str) -> Iterator[list[str]]:
    """Yields the arguments of each call of ``rnnzoo`` in the shell blocks of a page."""
    shell = "".join(blocks(text, "bash")).replace("\\\n", " ")
    for line in shell.splitlines():
        words = shlex.split(line, comments=True) if "rnnzoo" in line else []
        for place, word in enumerate(words):
            if word == "rnnzoo" or word.endswith("/rnnzoo"):
                rest = words[place + 1 :]
                ends = [rest.index(end) for end in ("&&", "&", "|", ";", ">") if end in rest]
                yield rest[: min(ends, default=len(rest))]
                break


def check_command(arguments: list[str]) -> None:
    """Checks that a command exists and takes these arguments; it is parsed, not run.

    Raises:
        AssertionError: If it does not.
    """
    group: Any = typer.main.get_command(make_app())
    if not arguments or arguments[0].startswith("-"):
        return
    assert arguments[0] in group.commands, f"rnnzoo {shlex.join(arguments)}: there is no such command"
    command = group.commands[arguments[0]]
    if "--help" in arguments:
        return
    if "--report" in arguments:  # it ends the command, which needs nothing else
        assert any("--report" in parameter.opts for parameter in command.params)
        return
    try:
        command.make_context(arguments[0], arguments[1:])
    except Exception as error:  # Typer keeps the classes of its errors to itself.
        if not hasattr(error, "format_message"):
            raise
        raise AssertionError(f"rnnzoo {shlex.join(arguments)}: {error.format_message()}") from error


def missing_lines(expected: str, printed: str) -> list[str]:
    """Returns the lines that a page says are printed, in this order, and that are not.

    Words must be equal, numbers nearly so.
    """
    rest = iter(printed.splitlines())
    missing = []
    for line in filter(str.strip, expected.splitlines()):
        rest_before = list(rest)
        found = next((place for place, other in enumerate(rest_before) if alike(line, other)), None)
        if found is None:
            missing.append(line)
            rest = iter(rest_before)
        else:
            rest = iter(rest_before[found + 1 :])
    return missing


def alike(line: str, other: str) -> bool:
    """Returns whether two lines have the same words, and numbers that are nearly the same."""
    if _NUMBER.sub("#", line).split() != _NUMBER.sub("#", other).split():
        return False
    pairs = zip(map(float, _NUMBER.findall(line)), map(float, _NUMBER.findall(other)), strict=True)
    return all(abs(a - b) <= max(ABSOLUTE, RELATIVE * abs(a)) for a, b in pairs)
