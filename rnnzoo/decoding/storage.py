"""Decoding as a JSON file.

    format_version   1
    task             the task whose outputs are answered
    labels, ...      the arguments of the class
    kind             the name under which the class is registered, where it is not the task's
    class, package   the class and its package, where it is a user's own

A file never says what code to import: the package of an own class is named for people to read.
"""

from __future__ import annotations

import json
import os
from typing import Any

from rnnzoo.decoding.answers import DECODINGS, Decoding
from rnnzoo.errors import ArgumentError, DataError, one_line
from rnnzoo.extensions import check_importable, check_registered
from rnnzoo.files import read_json, write_json

FORMAT_VERSION = 1


def check_storable_decoding(decoding: Decoding) -> None:
    """Raises ``ArgumentError`` if a decoding, once saved, could not be loaded as what it is."""
    if type(decoding) not in DECODINGS.values():
        raise ArgumentError(
            f"decoding: received {type(decoding).__name__} for task {decoding.task!r}, which could not be loaded "
            "again; expected one of rnnzoo's, or that of a task that you have registered. Register the task."
        )
    check_importable("decoding", type(decoding))


def check_decoding_round_trip(decoding: Decoding) -> None:
    """Checks that a decoding can be stored and made again, before anything is trained for it.

    Raises:
        ArgumentError: If its class is not registered, ``to_config`` gives no JSON, or the class does not take what it
            gives.
    """
    check_storable_decoding(decoding)
    own = type(decoding)
    try:
        config = json.dumps(decoding.to_config(), allow_nan=False, sort_keys=True)
        again = Decoding.from_config(json.loads(config))
        same = type(again) is own and json.dumps(again.to_config(), allow_nan=False, sort_keys=True) == config
    except Exception as error:
        raise ArgumentError(
            f"decoding: {own.__name__} could not be stored and made again ({type(error).__name__}: {one_line(error)}); "
            "expected a to_config that JSON can hold, and that its class takes as keywords. Correct one of them."
        ) from error
    if not same:
        raise ArgumentError(
            f"decoding: {own.__name__} is another when it is made again of its to_config; expected the same. Correct "
            "to_config or __init__."
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
        NotRegisteredError: If it is of a user's class, whose task must be registered first.
        DataError: If it is damaged, or of a newer format.
    """
    stored: Any = read_json(path, "a stored decoding")
    version = stored.pop("format_version", None) if isinstance(stored, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: received format version {version!r}; expected {FORMAT_VERSION}. "
            "Use the version of rnnzoo that wrote it."
        )
    check_registered(path, "decoding", str(stored.get("kind")), stored, DECODINGS)
    try:
        return Decoding.from_config(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); expected a stored decoding. Write it again.") from error
