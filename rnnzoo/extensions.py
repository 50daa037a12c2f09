"""What files say of a class that a user registered: its name and its package, never code to be imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rnnzoo.errors import ArgumentError, DataError, NotRegisteredError

_SHOWN = 60
#: A class may lie in a function; then its name has a part ``<locals>``.
_DOTTED = re.compile(r"[^\W\d]\w*(\.([^\W\d]\w*|<locals>))*")


def describe_class(own: type) -> dict[str, str]:
    """Returns what a file keeps of a user's class, so that whoever lacks it learns what to import.

    Example:
        >>> from collections import OrderedDict
        >>> describe_class(OrderedDict)
        {'class': 'collections.OrderedDict', 'package': 'collections'}
    """
    return {"class": f"{own.__module__}.{own.__qualname__}", "package": own.__module__.partition(".")[0]}


def check_importable(kind: str, own: type) -> None:
    """Checks that whoever loads a file with an object of this class can import it.

    Args:
        kind: What messages call the class, such as ``"preprocessing"``.
        own: The class.

    Raises:
        ArgumentError: If it lies in a script or notebook, whose name is ``__main__`` only while it runs.

    Example:
        >>> check_importable("preprocessing", type("Own", (), {"__module__": "__main__"}))
        Traceback (most recent call last):
        ...
        rnnzoo.errors.ArgumentError: preprocessing: Own lies in __main__, which no other program can import; expected a
        class of a module. Put it into a module, such as my_package.py, and import that.
    """
    if own.__module__ == "__main__":
        raise ArgumentError(
            f"{kind}: {own.__qualname__} lies in __main__, which no other program can import; expected a class of a "
            "module. Put it into a module, such as my_package.py, and import that."
        )


def check_registered(
    path: object, kind: str, name: str, stored: Mapping[str, Any], known: Mapping[str, type]
) -> None:
    """Checks that the class of which a file holds an object is the one registered under its name.

    Args:
        path: The file, for messages, or the part of it.
        kind: What messages call the entry, such as ``"preprocessing"``.
        name: The name in the file.
        stored: What the file says, ``describe_class`` among it where the class is a user's.
        known: The classes that are registered.

    Raises:
        NotRegisteredError: If none is, or another one; the message names the module to import.
        DataError: If what the file says is no name of a class.

    Example:
        >>> stored = {"class": "my_package.texts.Own", "package": "my_package"}
        >>> check_registered("p.json", "preprocessing", "own", stored, {})
        Traceback (most recent call last):
        ...
        rnnzoo.errors.NotRegisteredError: p.json: needs the preprocessing 'own', the class my_package.texts.Own, which
        is not registered here; expected the module my_package.texts to be imported before. Write
        `import my_package.texts`, or run `rnnzoo serve --import my_package.texts`.
    """
    if "class" not in stored and "package" not in stored:
        return
    for key in ("class", "package"):
        value = stored.get(key)
        if not isinstance(value, str) or not _DOTTED.fullmatch(value):
            raise DataError(
                f"{path}: damaged (its {key} is {str(value)[:_SHOWN]!r}); expected a name such as 'my_package.Own'. "
                "Write it again."
            )
    written = stored["class"]
    found = describe_class(known[name])["class"] if name in known else None
    if found == written:
        return
    module = _module_of(written)
    needs = f"{path}: needs the {kind} {name!r}, the class {written}, which is not"
    if found is None:
        raise NotRegisteredError(
            f"{needs} registered here; expected the module {module} to be imported before. Write `import {module}`, or "
            f"run `rnnzoo serve --import {module}`."
        )
    raise NotRegisteredError(
        f"{needs} what is registered here: {found}; expected the class of the file. Import {module}, and do not import "
        f"{_module_of(found)}."
    )


def _module_of(written: str) -> str:
    """Returns the module of a class, as far as its name tells."""
    parts = written.split(".")
    end = parts.index("<locals>") - 1 if "<locals>" in parts else len(parts) - 1
    return ".".join(parts[:end])
