"""Data sets that users register, each by a function that reads it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from rnnzoo import checks
from rnnzoo.data.sets.sources import REGISTERED, Source
from rnnzoo.data.splits import Splits
from rnnzoo.defaults import FRACTION
from rnnzoo.errors import ArgumentError, DataError

# What ``load_dataset`` says where it is asked for nothing else.
_DEFAULTS = {
    "seed": 0,
    "validation_fraction": FRACTION,
    "test_fraction": FRACTION,
    "download": None,
    "fold": None,
    "folds": None,
}


def check_reader(reader: object) -> None:
    """Checks that a reader can be called by the names of its arguments.

    Raises:
        ArgumentError: If it is no function, or has arguments that have no name.
    """
    if not callable(reader) or isinstance(reader, type):
        raise ArgumentError(
            f"reader: received {reader!r}; expected a function that returns rnnzoo.Splits, such as "
            "def read_my_set(*, seed=0): return rnnzoo.Splits.from_arrays(rows, labels, seed=seed)."
        )
    for parameter in inspect.signature(reader).parameters.values():
        required = parameter.default is parameter.empty and parameter.name not in _DEFAULTS
        if required or parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise ArgumentError(
                f"reader: received {_name(reader)} with the argument {parameter.name!r} that load_dataset cannot give; "
                f"expected arguments with defaults, and of these by name: {', '.join(_DEFAULTS)}. Give it a default."
            )


def read_registered(
    name: str, reader: Callable[..., Splits], asked: Mapping[str, Any], options: Mapping[str, Any]
) -> Splits:
    """Calls a reader that a user has registered.

    Args:
        name: The name of the set.
        reader: What reads it.
        asked: How ``load_dataset`` is to split: the reader gets what it has an argument for.
        options: What the set takes besides.

    Raises:
        ArgumentError: If the reader is asked for a split that it has no argument for.
        UnknownNameError: If it has no such option; the nearest is suggested.
        DataError: If it returns something else than splits.
    """
    parameters = inspect.signature(reader).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {}
    for argument, value in asked.items():
        if argument in parameters or takes_all:
            given[argument] = value
        elif value != _DEFAULTS[argument]:
            raise ArgumentError(
                f"{argument}: received {value!r} for data set {name!r}, whose reader {_name(reader)} has no such "
                "argument. Leave it out, or give the reader one."
            )
    for option in options:
        if not takes_all:
            checks.choice(f"option of data set {name!r}", option, parameters)
    splits = reader(**given, **options)
    if not isinstance(splits, Splits):
        raise DataError(
            f"{name}: received {type(splits).__name__} from its reader {_name(reader)}; expected rnnzoo.Splits. Return "
            "what Splits.from_arrays makes of rows and targets."
        )
    return splits


def describe_reader(name: str, reader: Callable[..., Splits]) -> Source:
    """Returns what is known of a set that a user has registered: its name and the first line of its docstring."""
    title = (inspect.getdoc(reader) or name).partition("\n")[0]
    return Source(name, title, task=REGISTERED, rows={}, licence="", homepage="", citation="", forms={})


def _name(reader: object) -> str:
    return str(getattr(reader, "__qualname__", reader))
