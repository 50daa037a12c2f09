"""What files say of a class that a user registered: its name and its package, never code to be imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnnzoo.errors import NotRegisteredError


def describe_class(own: type) -> dict[str, str]:
    """Returns what a file keeps of a user's class, so that whoever lacks it learns what to import.

    Example:
        >>> from collections import OrderedDict
        >>> describe_class(OrderedDict)
        {'class': 'collections.OrderedDict', 'package': 'collections'}
    """
    return {"class": f"{own.__module__}.{own.__qualname__}", "package": own.__module__.partition(".")[0]}


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
        NotRegisteredError: If none is, or another one.

    Example:
        >>> stored = {"class": "my_package.texts.Own", "package": "my_package"}
        >>> check_registered("p.json", "preprocessing", "own", stored, {})
        Traceback (most recent call last):
        ...
        rnnzoo.errors.NotRegisteredError: p.json: needs the preprocessing 'own', the class my_package.texts.Own, which
        is not registered here; expected the package my_package to be imported before. Write `import my_package`, or
        run `rnnzoo serve --import my_package`.
    """
    written, package = stored.get("class"), stored.get("package")
    if not isinstance(written, str) or not isinstance(package, str):
        return
    found = describe_class(known[name])["class"] if name in known else None
    if found == written:
        return
    problem = "is not registered here" if found is None else f"is not what is registered here: {found}"
    raise NotRegisteredError(
        f"{path}: needs the {kind} {name!r}, the class {written}, which {problem}; expected the package {package} to "
        f"be imported before. Write `import {package}`, or run `rnnzoo serve --import {package}`."
    )
