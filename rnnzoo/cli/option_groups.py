"""Options that several commands share, which each receives as one argument."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any


def with_options(
    command: Callable[..., None],
    name: str,
    options: Sequence[inspect.Parameter],
    gather: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """Adds options to a command, behind its own; it receives them as one argument.

    Args:
        command: The command.
        name: The argument that stands for them.
        options: The options, as ``keyword_option`` makes them.
        gather: Makes the argument of their values by name.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != name]

    @functools.wraps(command)
    def wrapped(**arguments: Any) -> None:
        given = {option.name: arguments.pop(option.name) for option in options}
        command(**{name: gather(given)}, **arguments)

    parameters = sorted([*own, *options], key=lambda p: p.kind)
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapped


def keyword_option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """Returns an option as a parameter of a command.

    Args:
        name: Its name.
        annotation: Its type with what Typer is told of it.
        default: Its value where it is not given.
    """
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
