"""Decoding as a JSON file."""

from __future__ import annotations

import os
from typing import Any

from rnnzoo.decoding.answers import Decoding
from rnnzoo.errors import DataError
from rnnzoo.files import read_json, write_json

FORMAT_VERSION = 1


def save_decoding(decoding: Decoding, path: str | os.PathLike[str]) -> None:
    """Writes a decoding to a JSON file."""
    write_json(path, {"format_version": FORMAT_VERSION, **decoding.to_config()})


def load_decoding(path: str | os.PathLike[str]) -> Decoding:
    """Reads a decoding.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is damaged, or of a newer format.
    """
    stored: Any = read_json(path, "a stored decoding")
    version = stored.pop("format_version", None) if isinstance(stored, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: received format version {version!r}; expected {FORMAT_VERSION}. "
            "Use the version of rnnzoo that wrote it."
        )
    try:
        return Decoding.from_config(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}); expected a stored decoding. Write it again.") from error
