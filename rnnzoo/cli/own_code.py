"""`--import PACKAGE`: code of one's own, whose tasks, preprocessings, layers and builders the command is to know."""

from __future__ import annotations

import importlib
import sys
import traceback
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
        help="A package of your own to import first; repeatable.",
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
        except (Exception, SystemExit) as error:  # a package may raise anything
            missing = error.name if isinstance(error, ModuleNotFoundError) else None
            if missing is None or not f"{name}.".startswith(f"{missing}."):
                raise ArgumentError(
                    f"--import: received {name!r}, which raised {type(error).__name__}: {one_line(error)} "
                    f"({_place(error)}); expected a module that can be imported. Correct it there."
                ) from error
            raise ArgumentError(
                f"--import: received {name!r}, which cannot be imported ({type(error).__name__}: {one_line(error)}); "
                "expected a module that is installed or lies in the current directory. Run the command from the "
                "directory that holds it, or install it."
            ) from error


def _place(error: BaseException) -> str:
    """Returns file and line of the user's code in which an error came up."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        file, line = error.filename, error.lineno
    else:
        frames = traceback.extract_tb(error.__traceback__)
        ours = str(Path(__file__).parents[1])
        theirs = [
            frame
            for frame in frames
            if not frame.filename.startswith((ours, "<frozen")) and "site-packages" not in frame.filename
        ]
        file, line = (theirs or frames)[-1].filename, (theirs or frames)[-1].lineno
    path = Path(file)
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{line}"


def server_packages(*parts: object) -> list[str]:
    """Returns the modules that define classes of a user, which a server must import: each once.

    Args:
        *parts: What a server has of a bundle: its preprocessing and its decoding, or ``None``.
    """
    modules = [type(part).__module__ for part in parts if part is not None]
    return [
        name for name in dict.fromkeys(modules) if name.partition(".")[0] not in ("rnnzoo", "rnnzoo_export")
    ]


def import_options(names: Sequence[str] | None) -> str:
    """Returns the same options as a next command needs them, with a blank before each; empty for none."""
    return "".join(f" --import {name}" for name in names or ())
