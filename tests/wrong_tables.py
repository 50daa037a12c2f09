"""Tables of series, right and wrong, and how what a command says of a wrong one is followed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = 200
TARGET = ("--target", "load")
WINDOW = ("--window", "8", "--horizon", "3")
TIME = ("--time", "time")
SHOP = (*TIME, "--series", "shop")
#: What a file holds, or the function that writes it.
Content = str | bytes | Callable[[str], object]
#: Returns the command with what a message says done; the files are in the working directory.
Follow = Callable[[str, list[str]], list[str]]


@dataclass(frozen=True)
class Wrong:
    """A command on a table, of which one is wrong.

    Attributes:
        content: The file.
        options: The options beside the file.
        says: What the message must have, the line and the column among it.
        ways: Each advice of the message, followed.
        file: The name of the file.
        of_file: Whether the file is at fault, so that the message has to name it.
    """

    content: Content
    options: Sequence[str]
    says: str
    ways: Sequence[Follow]
    file: str = "t.csv"
    of_file: bool = True

    def write(self) -> list[str]:
        """Writes the file and returns the command."""
        if isinstance(self.content, str):
            Path(self.file).write_text(self.content, encoding="utf-8")
        elif isinstance(self.content, bytes):
            Path(self.file).write_bytes(self.content)
        else:
            self.content(self.file)
        window = () if "--window" in self.options else WINDOW
        target = () if "--target" in self.options else TARGET
        return ["train", "forecaster-gru", "--data", self.file, *target, *window, *self.options]


def csv(frame: pd.DataFrame, **options: Any) -> str:
    return str(frame.to_csv(index=False, **options))


def hourly(rows: int = ROWS, start: str = "2024-01-01", **columns: Any) -> pd.DataFrame:
    """A series by the hour, with another column."""
    hours = pd.date_range(start, periods=rows, freq="h").strftime("%Y-%m-%d %H:%M")
    load = np.round(50 + 10 * np.sin(np.arange(rows) / 24 * 2 * np.pi), 2)
    return pd.DataFrame({"time": hours, "load": load, "temp": np.arange(rows) % 17 + 0.5, **columns})


def with_cell(row: int, column: str, cell: str) -> str:
    """A table by the hour with another cell, which is in line ``row + 2``."""
    frame = hourly().astype({column: object})
    frame.loc[row, column] = cell
    return csv(frame)


def with_line(line: int, text: str) -> str:
    """A table by the hour with another line, counted from 1."""
    lines = csv(hourly()).splitlines()
    return "\n".join([*lines[: line - 1], text, *lines[line:]])


def panel(**columns: Any) -> pd.DataFrame:
    """Two shops by the hour, one after the other."""
    shops = [hourly(shop=shop, load=np.arange(ROWS) + level) for level, shop in enumerate(("north", "south"))]
    return pd.concat(shops, ignore_index=True).assign(**columns)


def given(message: str) -> list[tuple[str, ...]]:
    """Returns the options that a message gives, each with its value if it has one."""
    said = re.findall(r"on the command line ([^()]*(?:\([^()]*\))?[^()]*)\)|\((--[^()]*)\)", message)
    found: list[tuple[str, ...]] = []
    for text in (one or other for one, other in said):
        for part in re.findall(r"--[a-z-]+(?: (?:'[^']*'|[^\s',;)]+(?:,[^\s';)]+)*|,))?", text):
            found.append(tuple(shlex.split(part)))
    return found


def option(*places: int, **values: str) -> Follow:
    """Follows the options that a message gives, all or some of them; ``values`` are for those without one."""

    def follow(message: str, command: list[str]) -> list[str]:
        options = given(message)
        assert options, message
        for place in places or range(len(options)):
            name, *value = options[place]
            command = [
                *without(command, name),
                name,
                *(value or [values[name.lstrip("-").replace("-", "_")]]),
            ]
        return command

    return follow


def without(command: Sequence[str], name: str) -> list[str]:
    """Returns a command without an option."""
    if name not in command:
        return list(command)
    place = list(command).index(name)
    return [*command[:place], *command[place + 2 :]]


def code(message: str, command: list[str]) -> list[str]:
    """Runs the code that a message ends with, and reads the table that it writes."""
    start = re.search(r"(import pandas|table = |frame = )", message)
    assert start is not None, message
    before = set(Path().iterdir())
    exec(message[start.start() :], {"pandas": pd})
    (written,) = set(Path().iterdir()) - before
    place = command.index("--data") + 1
    return [*command[:place], written.name, *command[place + 1 :]]


def renamed(message: str, command: list[str]) -> list[str]:
    """Renames the file as a message says."""
    found = re.search(r"Rename it to (\S+)\.$", message.strip())
    assert found is not None, message
    place = command.index("--data") + 1
    path = Path(command[place])
    return [*command[:place], str(path.rename(path.with_name(found[1]))), *command[place + 1 :]]


def nearest(message: str, command: list[str]) -> list[str]:
    """Writes the name that a message takes for meant in the place of the one received."""
    found = re.search(r"received '(.+?)'.*did you mean '(.+?)'\?", message)
    assert found is not None, message
    return [found[2] if word == found[1] else word for word in command]


def leave_out(*names: str) -> Follow:
    """Leaves options out: those that are named, or the one that a message begins with."""

    def follow(message: str, command: list[str]) -> list[str]:
        found = re.match(r"error: (--[a-z-]+)", message)
        for name in names or ([found[1]] if found else []):
            assert name in command, (name, message)
            command = without(command, name)
        return command

    return follow


def say(name: str, value: str) -> Follow:
    """Gives an option another value, one that the message asks for."""

    def follow(message: str, command: list[str]) -> list[str]:
        assert value in message or name.lstrip("-").replace("-", "_") in message, message
        return [*without(command, name), name, value]

    return follow


def both(*ways: Follow) -> Follow:
    """Follows several advices that belong together."""

    def follow(message: str, command: list[str]) -> list[str]:
        for way in ways:
            command = way(message, command)
        return command

    return follow


def line(new: str | None = None, *, old: str = "") -> Follow:
    """Corrects the line that a message names: the cell in it, the whole line, or (``None``) drops it."""

    def follow(message: str, command: list[str]) -> list[str]:
        number = re.search(r"line (\d+)", message)
        assert number is not None, message
        path = Path(command[command.index("--data") + 1])
        lines = path.read_text(encoding="utf-8").splitlines()
        place = int(number[1]) - 1
        assert old in lines[place], (message, lines[place])
        if new is None:
            del lines[place]
        else:
            lines[place] = lines[place].replace(old, new, 1) if old else new
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return command

    return follow


def write(content: Content, file: str | None = None) -> Follow:
    """Writes the file again, as a message says, or another."""

    def follow(message: str, command: list[str]) -> list[str]:
        place = command.index("--data") + 1
        path = file or command[place]
        if isinstance(content, str):
            Path(path).write_text(content, encoding="utf-8")
        elif isinstance(content, bytes):
            Path(path).write_bytes(content)
        else:
            content(path)
        return [*command[:place], path, *command[place + 1 :]]

    return follow
