"""Decoding as a JSON file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rnnzoo.decoding.answers import DECODINGS, Decoding, package_of
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.files import read_json, write_json

FORMAT_VERSION = 1


def check_storable_decoding(decoding: Decoding) -> None:
    """Raises ``ArgumentError`` if a decoding, once saved, could not be loaded as what it is."""
    if type(decoding) not in DECODINGS.values():
        raise ArgumentError(
            f"decoding: received {type(decoding).__name__} for task {decoding.task!r}, which could not be loaded "
            "again; expected one of rnnzoo's, or that of a task that you have registered. Register the task."
        )


def save_decoding(decoding: Decoding, path: str | os.PathLike[str]) -> None:
    """Writes a decoding to a JSON file.

    Raises:
        ArgumentError: If its class is not registered, so that it could not be loaded again.
    """
    check_storable_decoding(decoding)
    write_json(path, {"format_version": FORMAT_VERSION, **decoding.to_config()})


def load_decoding(path: str | os.PathLike[str]) -> Decoding:
    """Reads a decoding. What the file names is never imported: a class that is not of rnnzoo must be registered.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is damaged, of a newer format, or of a class that is not registered.
    """
    stored: Any = read_json(path, "a stored decoding")
    version = stored.pop("format_version", None) if isinstance(stored, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: received format version {version!r}; expected {FORMAT_VERSION}. "
            "Use the version of rnnzoo that wrote it."
        )
    if "class" in stored:
        _check_registered(path, stored)
    try:
        return Decoding.from_config(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); expected a stored decoding. Write it again.") from error


def _check_registered(path: str | os.PathLike[str], stored: Mapping[str, Any]) -> None:
    """Raises ``DataError`` if another class than the one that the file names, or none, has its name here."""
    kind, name, package = (str(stored.get(key)) for key in ("kind", "class", "package"))
    found = DECODINGS.get(kind)
    if found is None or (found.__name__, package_of(found)) != (name, package):
        raise DataError(
            f"{path}: is of the decoding {kind!r}, the class {name} of the package {package}, which is not registered; "
            f"expected it to be, for no code is run that a file names. Import it first (import {package}), or serve "
            f"with rnnzoo serve --import {package}."
        )
