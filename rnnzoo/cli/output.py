"""What commands print: results on standard output, progress and notes on standard error."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from rnnzoo.native_logs import quiet_native_logs
from rnnzoo.report import show

# Where no terminal is, lines are for programs such as grep, and stay whole.
# What users wrote is printed as it is, brackets too.
stdout = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else 10_000)
stderr = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Prints JSON for a program to read."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(
    rows: Sequence[Mapping[str, object]], *, title: str | None = None, best: int | None = None
) -> None:
    """Prints a table, one row for each mapping; the row ``best`` stands out."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim"
    )
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table.show_header = any(name.strip() for name in columns)
    for place, name in enumerate(columns):
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=place == 0)
    for number, row in enumerate(rows):
        table.add_row(
            *(show(row.get(name, "")) for name in columns), style="bold" if number == best else None
        )
    stdout.print(table)


def print_left_out(skipped: Mapping[str, str]) -> None:
    """Prints which baselines have no score, and why."""
    for name, reason in skipped.items():
        stdout.print(f"left out  {name}: {reason}")


def note(text: str) -> None:
    """Prints a line of progress."""
    stderr.print(text)


@contextmanager
def noting_warnings() -> Iterator[None]:
    """Prints the warnings to users within the block as notes, once it has come to its end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            note(f"note   {warning.message}")
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Shows that something takes a while: a spinner on a terminal, a plain line elsewhere."""
    if stderr.is_terminal and not stderr.is_dumb_terminal:
        with stderr.status(text):
            yield
    else:
        note(text)
        yield


@contextmanager
def tensorflow_starting(text: str) -> Iterator[None]:
    """Like ``working``, with TensorFlow started first."""
    with working(text):
        start_tensorflow()
        yield


def start_tensorflow() -> None:
    """Imports TensorFlow and looks for its devices, with its notes on drivers and CPU features kept quiet."""
    if "tensorflow" in sys.modules:
        return
    with quiet_native_logs():
        import tensorflow as tf

        tf.config.list_logical_devices()


def shell_path(path: Path | str) -> str:
    """Returns a path as it can be pasted into a shell."""
    import shlex

    return shlex.quote(str(path))
