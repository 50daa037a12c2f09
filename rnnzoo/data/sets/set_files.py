"""Finding the files of a named data set, and making sure that they are what they should be."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnzoo import checks
from rnnzoo.data.sets.sources import Source, SourceFile
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError
from rnnzoo.files import file_checksum

_YES, _NO = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class FoundFiles:
    """The files of a set in one of its forms.

    Attributes:
        form: Its name, such as ``"copy"`` or ``"official"``.
        paths: The files, each by its own name.
        facts: What is known of them, for ``Splits.description``.
        fetched: Those that were not there before.
    """

    form: str
    paths: Mapping[str, Path]
    facts: Mapping[str, Any]
    fetched: frozenset[Path] = frozenset()

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def __iter__(self) -> Any:
        return iter(self.paths.values())

    def disown(self) -> str:
        """Removes what was fetched and is of no known checksum, after it could not be read.

        Returns:
            What became of the files whose checksum nobody states, for the message; nothing where there are none.
        """
        unknown = [
            path for name, path in self.paths.items() if self.facts["files"][name]["known_as"] == "not known"
        ]
        for path in self.fetched.intersection(unknown):
            path.unlink(missing_ok=True)
        return "".join(
            f" Nobody states the checksum of {path}: "
            + (
                "it was fetched just now, and is removed again."
                if path in self.fetched
                else "delete it if it is not what its makers publish."
            )
            for path in unknown
        )


def find_files(source: Source, *, form: str | None = None, download: bool | None = None) -> FoundFiles:
    """Finds the files of a set in the folder that ``RNNZOO_DATA`` names or the cache, or fetches them.

    Args:
        source: The set.
        form: The form they must have; ``None`` for the first that is there.
        download: Whether files that are not there may be fetched into the cache; ``None`` to ask ``RNNZOO_DOWNLOAD``.

    Returns:
        The files, each with a checksum that is the expected one, or not known and noted.

    Raises:
        PathNotFoundError: If they are not there, and may not or cannot be fetched.
        DataError: If one was cut or altered, or could not be fetched whole.
    """
    forms = source.forms if form is None else {form: source.forms[form]}
    allowed = download_allowed(download)
    folders = _folders()
    located = {name: {file: _locate(file, folders) for file in files} for name, files in forms.items()}
    for name, found in located.items():
        if all(found.values()):
            return _checked(source, name, found)
    for name, found in located.items():
        if allowed and all(path or file.url for file, path in found.items()):
            fetched = {file: _fetched(file) for file, path in found.items() if path is None}
            return _checked(source, name, {**found, **fetched}, fetched=frozenset(fetched.values()))
    raise PathNotFoundError(_missing(source, forms))


def data_directory() -> Path:
    """Returns the folder of data sets that ``RNNZOO_DATA`` names.

    Raises:
        PathNotFoundError: If the variable is not set, or names no directory.
    """
    folder = os.environ.get("RNNZOO_DATA")
    if not folder or not Path(folder).is_dir():
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


def present_form(source: Source) -> str | None:
    """Returns the form in which the files of a set are there, ``"bundled"`` for a set that needs none, or ``None``.

    What the files hold is not looked at.
    """
    if not source.forms:
        return "bundled"
    folders = _folders()
    return next(
        (form for form, files in source.forms.items() if all(_locate(file, folders) for file in files)), None
    )


def _folders() -> list[Path]:
    named = [data_directory()] if os.environ.get("RNNZOO_DATA") else []
    return [*named, cache_directory()]


def _locate(file: SourceFile, folders: list[Path]) -> Path | None:
    # Path.is_file raises where a folder may not be looked into.
    return next((folder / file.path for folder in folders if os.path.isfile(folder / file.path)), None)  # noqa: PTH113


def _fetched(file: SourceFile) -> Path:
    from rnnzoo.data.sets.downloads import fetch

    target = cache_directory() / file.path
    fetch(file, target)
    return target


def _checked(
    source: Source,
    form: str,
    found: Mapping[SourceFile, Path | None],
    *,
    fetched: frozenset[Path] = frozenset(),
) -> FoundFiles:
    paths = {file: path for file, path in found.items() if path is not None}
    facts = {file.name: check_file(path, known_as(source, file)) for file, path in paths.items()}
    named = {file.name: path for file, path in paths.items()}
    return FoundFiles(form, named, {"form": form, "files": facts}, fetched)


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
    return file_checksum(path)


def _missing(source: Source, forms: Mapping[str, tuple[SourceFile, ...]]) -> str:
    wanted = ", or ".join(" and ".join(file.path for file in files) for files in forms.values())
    where = os.environ.get("RNNZOO_DATA") or "RNNZOO_DATA (not set)"
    fetched = next((files for files in forms.values() if all(file.url for file in files)), None)
    if fetched is not None:
        urls = " and ".join(str(file.url) for file in fetched)
        fix = f"Pass download=True or set RNNZOO_DOWNLOAD=1 to fetch {urls}, or"
    elif any(all(file.official for file in files) for files in forms.values()):
        fix = f"They cannot be fetched from here: get them from {source.homepage}, or"
    else:
        fix = f"They are a repackaged copy, made of what {source.homepage} publishes and not to be had there:"
    return (
        f"{source.name}: found its files neither in {where} nor in {cache_directory()}; expected {wanted}. {fix} set "
        "RNNZOO_DATA to a folder that holds them."
    )
