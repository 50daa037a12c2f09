"""One function by which users add what is theirs to the tables of rnnzoo."""

from __future__ import annotations

import importlib
from typing import Any, TypeVar

from rnnzoo import checks
from rnnzoo.registry import Registry

Entry = TypeVar("Entry")

#: Where the table of each kind is. They are imported on use: a server registers what it needs without TensorFlow.
TABLES = {
    "task": ("rnnzoo.tasks", "TASKS"),
    "decoding": ("rnnzoo.decoding.answers", "DECODINGS"),
    "preprocessing": ("rnnzoo.preprocessing.kinds", "PREPROCESSINGS"),
    "cell": ("rnnzoo.cells", "CELLS"),
    "pooling": ("rnnzoo.layers.pooling", "POOLINGS"),
    "reader": ("rnnzoo.data.sets.datasets", "DATASETS"),
    "builder": ("rnnzoo.builders.builder_names", "BUILDERS"),
    "model": ("rnnzoo.zoo", "ZOO"),
}


def register(kind: str, name: str, entry: Entry, *, replace: bool = False) -> Entry:
    """Adds an entry of your own, which then works wherever a name of rnnzoo's does.

    Put the calls into a package of your own. Importing it is all that a script needs; commands take its name:
    ``rnnzoo train --import my_package``, ``rnnzoo serve --import my_package``. Files name an own class and its package,
    but loading a file never imports them. A server has no TensorFlow: keep what it needs, preprocessing and decoding,
    in a module that imports none.

    Args:
        kind: What it is; the base class says what an entry must have:

            * ``"task"``: a ``rnnzoo.Task``, what outputs mean, how they are trained and scored;
            * ``"decoding"``: a subclass of ``rnnzoo.Decoding``, outputs to answers;
            * ``"preprocessing"``: a subclass of ``rnnzoo.Preprocessing``, raw rows to model inputs;
            * ``"cell"``: a subclass of ``rnnzoo.StepCell``, one step, or a ``rnnzoo.cells.Cell`` around any layer;
            * ``"pooling"``: a subclass of ``rnnzoo.Pooling``, steps to one vector;
            * ``"reader"``: a function that returns ``rnnzoo.Splits``, for ``load_dataset``;
            * ``"builder"``: a function that returns a Keras model;
            * ``"model"``: a ``ModelSpec``, a row of the zoo, for ``create_model``, ``run_search`` and the command.
        name: The name, of small letters and digits with single ``-`` or ``_`` between them. That of a preprocessing is
            the ``kind`` of its class.
        entry: What is added.
        replace: Whether an entry of yours with this name may go, as when a cell of a notebook is run again.

    Returns:
        ``entry``.

    Raises:
        UnknownNameError: If there is no such kind; the nearest is suggested.
        ArgumentError: If the name is another entry's, or the entry is not of this kind.

    Example:
        >>> import rnnzoo
        >>> def read_my_set(*, seed=0):
        ...     rows = [[[number]] for number in range(40)]
        ...     return rnnzoo.Splits.from_arrays(rows, ["small", "large"] * 20, seed=seed)
        >>> _ = rnnzoo.register("reader", "my-set", read_my_set)
        >>> len(rnnzoo.load_dataset("my-set").train)
        28
    """
    table: Registry[Entry] = registry(kind)
    checks.flag("replace", replace)
    with table.unchanged_on_error():
        if replace and table.is_own(name):
            table.remove(name)
        table.add(name, entry)
    return entry


def registry(kind: str) -> Registry[Any]:
    """Returns the table of a kind.

    Raises:
        UnknownNameError: If there is no such kind; the nearest is suggested.
    """
    module, name = TABLES[checks.choice("kind", kind, TABLES)]
    table: Registry[Any] = getattr(importlib.import_module(module), name)
    return table
