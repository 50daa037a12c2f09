"""Finding the files of a named data set, and making sure that they are what they should be."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnzoo import checks
from rnnzoo.data.sources import Source, SourceFile, get_source
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError

_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class FoundFiles:
    """The files of a set in one of its forms.

    Attributes:
        form: Its name, such as ``"copy"`` or ``"official"``.
        paths: The files, each by its own name.
        facts: What is known of them, for ``Splits.description``.
    """

    form: str
    paths: Mapping[str, Path]
    facts: Mapping[str, Any]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def __iter__(self) -> Any:
        return iter(self.paths.values())


def find_files(name: str, *, form: str | None = None, download: bool | None = None) -> FoundFiles:
    """Finds the files of a set in the folder that ``RNNZOO_DATA`` names or the cache, or fetches them.

    Args:
        name: The set.
        form: The form they must have; ``None`` for the first that is there.
        download: Whether files that are not there may be fetched into the cache; ``None`` to ask ``RNNZOO_DOWNLOAD``.

    Returns:
        The files, each with a checksum that is the expected one, or not known and noted.

    Raises:
        PathNotFoundError: If they are not there, and may not or cannot be fetched.
        DataError: If one was cut or altered, or could not be fetched whole.
    """
    source = get_source(name)
    forms = source.forms if form is None else {form: source.forms[form]}
    folders = [folder for folder in (data_directory(), cache_directory()) if folder is not None]
    for found_form, files in forms.items():
        found = {file: _locate(file, folders) for file in files}
        if all(found.values()):
            return _checked(source, found_form, {file: path for file, path in found.items() if path})
    if not download_allowed(download):
        raise PathNotFoundError(_missing(source, forms))
    raise PathNotFoundError(_missing(source, forms))


def data_directory() -> Path | None:
    """Returns the folder of data sets that ``RNNZOO_DATA`` names; ``None`` where the variable is not set.

    Raises:
        PathNotFoundError: If it names no directory.
    """
    folder = os.environ.get("RNNZOO_DATA")
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise PathNotFoundError(
            f"RNNZOO_DATA: received {folder!r}; expected the path of a folder of data sets. Set the variable to it."
        )
    return Path(folder)


def cache_directory() -> Path:
    """Returns the folder that downloads go to: ``RNNZOO_CACHE``, or the usual place of the platform."""
    named = os.environ.get("RNNZOO_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rnnzoo"


def download_allowed(download: bool | None) -> bool:
    """Returns what was asked for, or what ``RNNZOO_DOWNLOAD`` says.

    Raises:
        ArgumentError: If either is neither yes nor no.
    """
    if download is not None:
        return checks.flag("download", download)
    said = os.environ.get("RNNZOO_DOWNLOAD", "").lower()
    if said not in (*_YES, *_NO):
        raise ArgumentError(
            f"RNNZOO_DOWNLOAD: received {said!r}; expected 1 to allow downloads, or 0. Set the variable to one of them."
        )
    return said in _YES


def is_present(source: Source) -> bool:
    """Whether the files of a set are there in one of its forms; their content is not looked at."""
    folders = [folder for folder in (data_directory(), cache_directory()) if folder is not None]
    return not source.forms or any(
        all(_locate(file, folders) for file in files) for files in source.forms.values()
    )


def _locate(file: SourceFile, folders: list[Path]) -> Path | None:
    return next((folder / file.path for folder in folders if (folder / file.path).is_file()), None)


def _checked(source: Source, form: str, found: Mapping[SourceFile, Path]) -> FoundFiles:
    facts = {file.name: check_file(path, known_as(source, file)) for file, path in found.items()}
    return FoundFiles(form, {file.name: path for file, path in found.items()}, {"form": form, "files": facts})


def known_as(source: Source, file: SourceFile) -> list[SourceFile]:
    """Returns all files of a set that may lie where this one does: the official one and its repackaged copy."""
    return [other for files in source.forms.values() for other in files if other.path == file.path]


def check_file(path: Path, expected: list[SourceFile]) -> dict[str, Any]:
    """Compares a file with what may lie there.

    Returns:
        Its checksum, and whether that is of the official file, of a repackaged copy or of nothing known.

    Raises:
        DataError: If its checksum is none of those known.
    """
    state = path.stat()
    checksum = _checksum(str(path), state.st_mtime_ns, state.st_size)
    for file in expected:
        if file.sha256 == checksum:
            return {"sha256": checksum, "known_as": "official file" if file.official else "repackaged copy"}
    if any(file.sha256 is None for file in expected):
        return {"sha256": checksum, "known_as": "not known"}
    known = " or ".join(
        f"{file.sha256}{'' if file.bytes is None else f' ({file.bytes:,} bytes)'}"
        for file in dict.fromkeys(expected)
    )
    raise DataError(
        f"{path}: received a file with SHA-256 {checksum} ({state.st_size:,} bytes); expected {known}. It was cut or "
        "altered: delete it and fetch it again."
    )


@functools.lru_cache(maxsize=256)
def _checksum(path: str, _changed: int, _size: int) -> str:
    """The checksum of a file in this state: each file is read once, and again when it has changed."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(source: Source, forms: Mapping[str, tuple[SourceFile, ...]]) -> str:
    wanted = ", or ".join(" and ".join(file.path for file in files) for files in forms.values())
    where = os.environ.get("RNNZOO_DATA") or "RNNZOO_DATA (not set)"
    return (
        f"{source.name}: found its files neither in {where} nor in {cache_directory()}; expected {wanted}. Set "
        f"RNNZOO_DATA to the folder that holds them."
    )
