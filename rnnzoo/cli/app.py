"""The commands and how they end."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import typer

from rnnzoo.cli.interruptions import TerminationError, interruptions
from rnnzoo.errors import ExportError, PathExistsError, RnnzooError, RunError, UnknownNameError, one_line
from rnnzoo.version import __version__

#: The modules of the commands, in the order of the help; each has the name of its command, "_" for "-".
COMMANDS = (
    "quickstart",
    "models",
    "datasets",
    "train",
    "cross_validate",
    "evaluate",
    "backtest",
    "tune",
    "export",
    "predict",
    "explain",
    "serve",
    "bench",
    "recipes",
    "doctor",
)


def make_app(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """Makes the program with these commands: to import all of them takes longer than some of them run."""
    made = typer.Typer(
        name="rnnzoo",
        help="Recurrent networks from a builder call to a served ONNX file.",
        epilog="Start with: rnnzoo quickstart",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    made.callback()(_options)
    for command in commands:
        importlib.import_module(f"rnnzoo.cli.{command}").register(made)
    return made


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Recurrent networks from a builder call to a served ONNX file."""


def _asked(arguments: Sequence[str]) -> Sequence[str]:
    """Returns the command that is asked for, or all of them where none is known by that name."""
    name = arguments[0].replace("-", "_") if arguments else ""
    return (name,) if name in COMMANDS and "_" not in arguments[0] else COMMANDS


# What packages of users register that a command can be asked for by name.
_REGISTERED = ("model", "task", "data set", "cell", "pooling", "builder", "preprocessing", "decoding")

# What a machine that only serves does not have.
_NOT_FOR_SERVING = frozenset(
    (
        *("tensorflow", "keras", "keras_tuner", "tensorboard", "tf2onnx", "onnx", "sklearn", "scipy"),
        *("threadpoolctl", "pandas", "matplotlib", "ruamel", "optuna"),
    )
)


def _message(error: RnnzooError, arguments: Sequence[str]) -> str:
    """Returns the line that a command ends with, with the option that helps."""
    line = one_line(error)
    if isinstance(error, PathExistsError) and "overwrite" in line:
        goes_on = "--resume goes on with it, " if "resume the" in line else ""
        return f"{line} ({goes_on}--force overwrites)"
    imports = any(argument.startswith("--import") for argument in arguments)
    if isinstance(error, UnknownNameError) and error.kind in _REGISTERED and not imports:
        return f"{line.removesuffix('.')}, or pass --import with the package that registers it."
    return line


def run(arguments: Sequence[str]) -> int:
    """Runs one command.

    Returns:
        0 if all went well, 1 if work failed (training, export) or a package is missing, 2 for wrong use, 130 after
        Ctrl-C, 143 after SIGTERM.
    """
    try:
        with interruptions():
            app = make_app(_asked(arguments))
            status = app(list(arguments), prog_name="rnnzoo", standalone_mode=False, obj=tuple(arguments))
    except RnnzooError as error:
        typer.echo(f"error: {_message(error, arguments)}", err=True)
        return 1 if isinstance(error, RunError | ExportError) else 2
    except (KeyboardInterrupt, TerminationError) as error:
        typer.echo("stopped", err=True)
        return 143 if isinstance(error, TerminationError) else 130
    except BrokenPipeError:
        # The reader (`| head`) has gone; nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NOT_FOR_SERVING:
            raise
        typer.echo(
            f"error: {error.name} is not installed: this installation only serves and predicts; expected a whole one. "
            "Run: pip install rnnzoo",
            err=True,
        )
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(
            f"error: {error.filename}: {error.strerror}. Choose another path, or make it usable.", err=True
        )
        return 2
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # Wrong options and commands; Typer keeps their classes to itself.
        context = getattr(error, "ctx", None)
        command = "rnnzoo" if context is None else context.command_path
        message = error.format_message().rstrip(".")
        end = "" if message.endswith(("?", "!")) else "."
        typer.echo(f"error: {message}{end} See: {command} --help", err=True)
        return 2
    return status if isinstance(status, int) else 0
