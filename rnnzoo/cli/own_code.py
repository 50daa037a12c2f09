"""`--import PACKAGE`: code of one's own, whose tasks, preprocessings, layers and builders the command is to know."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rnnzoo.errors import ArgumentError, one_line

Packages = Annotated[
    list[str] | None,
    typer.Option(
        "--import",
        metavar="PACKAGE",
        help="A package of your own that is imported first, so that what it registers is known; repeatable.",
    ),
]


def import_packages(names: Sequence[str] | None, *, tensorflow: bool = False) -> None:
    """Imports packages before anything is loaded; those in the current directory too, as ``python -m`` does.

    Nothing but these is ever imported on a user's behalf: files that a command reads only name what they need.

    Args:
        names: Dotted names of modules, as the option gives them.
        tensorflow: Whether the command needs TensorFlow anyway. It is started first then, without its notes.

    Raises:
        ArgumentError: If a name is not that of a module, or its import fails.
    """
    if not names:
        return
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ArgumentError(
                f"--import: received {name!r}; expected the name of a module as in Python, such as my_package or "
                "my_package.cells."
            )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if tensorflow:
        from rnnzoo.cli.output import tensorflow_starting

        with tensorflow_starting(f"starting TensorFlow and importing {', '.join(names)}"):
            _import(names)
    else:
        _import(names)


def _import(names: Sequence[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a package may raise anything
            raise ArgumentError(
                f"--import: received {name!r}, which cannot be imported ({type(error).__name__}: {one_line(error)}); "
                "expected a module that is installed or lies in the current directory. Run the command from the "
                "directory that holds it, or install it."
            ) from error


def import_options(names: Sequence[str] | None) -> str:
    """Returns the same options as a next command needs them, with a blank before each; empty for none."""
    return "".join(f" --import {name}" for name in names or ())
