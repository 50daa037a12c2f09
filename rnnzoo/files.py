"""Files and directories that are whole or absent: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import csv
import glob
import gzip
import hashlib
import json
import os
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from rnnzoo.errors import (
    ArgumentError,
    DataError,
    PathExistsError,
    PathNotFoundError,
)

FilePath = str | os.PathLike[str]

_PARTIAL = ".partial-"


@contextlib.contextmanager
def replacing(path: FilePath) -> Iterator[Path]:
    """Yields a temporary path beside ``path``; it takes the place of ``path`` when the block ends well.

    A crash, an exception or a full disk leaves the old file as it was. What a killed process leaves under the
    temporary name goes with ``remove_partial``.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept because writers such as Keras choose the format by it.
    temporary = target.with_name(f".{target.stem}{_PARTIAL}{uuid.uuid4().hex[:8]}{target.suffix}")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def is_path(value: object) -> TypeGuard[FilePath]:
    """Whether a value names a file or a directory."""
    return isinstance(value, str | os.PathLike)


def is_partial(path: Path) -> bool:
    """Whether a file is the temporary one of a writer."""
    return path.name.startswith(".") and _PARTIAL in path.name


def remove_partial(directory: Path) -> None:
    """Deletes the temporary files of writers that were killed, at any depth under ``directory``."""
    for path in directory.rglob(f".*{_PARTIAL}*"):
        path.unlink()


def remove_abandoned(path: Path, *, older_than: float) -> None:
    """Deletes what killed writers of ``path`` left; not what another one writes now, which is not as old (seconds)."""
    for partial in path.parent.glob(f".{glob.escape(path.stem)}{_PARTIAL}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - partial.stat().st_mtime > older_than:
                partial.unlink()


def remove_abandoned_directories(path: Path) -> None:
    """Deletes what killed writers of the directory ``path`` left beside it; only where nobody writes it now."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}-{'[0-9a-f]' * 8}*"):
        shutil.rmtree(partial)


@contextlib.contextmanager
def new_directory(path: FilePath, *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary directory that becomes ``path`` when the block ends well.

    Args:
        path: The directory to make. Its parents are made as needed.
        overwrite: Whether an existing, non-empty ``path`` is replaced (only once the new one is whole).

    Raises:
        PathExistsError: If ``path`` is a file or a non-empty directory and ``overwrite`` is false.
    """
    target = Path(path)
    refuse_existing(target, overwrite=overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    temporary.mkdir()
    old = temporary.with_name(temporary.name + "-old")
    try:
        yield temporary
        if target.exists():
            target.rename(old)
        temporary.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def output_path(name: str, path: object, example: str) -> Path:
    """Returns where something is to be written, or raises ``ArgumentError`` where an argument is no path."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ArgumentError(f"{name}: received {path!r}; expected a path, such as {example!r}.")
    return Path(path)


def refuse_existing(path: FilePath, *, overwrite: bool = False) -> None:
    """Raises ``PathExistsError`` where writing a directory at ``path`` would lose something."""
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise PathExistsError(f"{target}: received a file; expected a directory. Choose another path.")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise PathExistsError(
            f"{target}: received a directory that is not empty; expected a new or empty one. "
            "Choose another path, or pass overwrite=True."
        )


def refuse_other_work(path: FilePath, kind: str, *, state: str | None, resume: bool, overwrite: bool) -> None:
    """Raises ``PathExistsError`` where work of a kind cannot be kept in a directory: it goes on there, or anew.

    Args:
        path: The directory.
        kind: What the work is, such as ``"training run"``.
        state: What is there already, such as ``"a run"``; ``None`` where there is none of the kind.
        resume: Whether what is there may be gone on with.
        overwrite: Whether it may be replaced.
    """
    refuse_both(resume=resume, overwrite=overwrite)
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise PathExistsError(f"{target}: received a file; expected a directory. Choose another path.")
    if not target.is_dir() or not any(target.iterdir()):
        return
    if state is None:
        raise PathExistsError(
            f"{target}: holds files but no {kind}; expected a new or empty directory. Choose another one, or empty it "
            "yourself."
        )
    if not (resume or overwrite):
        raise PathExistsError(
            f"{target}: already holds {state}; expected a new or empty directory. Choose another directory, or "
            "overwrite it."
        )


def refuse_both(*, resume: bool, overwrite: bool) -> None:
    """Raises ``ArgumentError`` where what is there is to be gone on with and to be replaced."""
    if resume and overwrite:
        raise ArgumentError(
            "resume: received it with overwrite (--force); expected one of them: go on with what is there, or replace "
            "it. Leave one out."
        )


def refuse_existing_file(path: FilePath, *, overwrite: bool = False) -> None:
    """Raises ``PathExistsError`` where writing a file at ``path`` would lose something."""
    target = Path(path)
    if target.is_dir() or (target.exists() and not overwrite):
        raise PathExistsError(
            f"{target}: exists; expected a new file. Choose another name, or pass overwrite=True."
        )


def existing_file(path: FilePath, what: str) -> Path:
    """Returns ``path`` if it is a file, else raises ``PathNotFoundError`` naming ``what`` was sought."""
    target = Path(path)
    if target.is_dir():
        raise PathNotFoundError(f"{target}: received a directory; expected {what}. Name the file itself.")
    if not target.is_file():
        raise PathNotFoundError(f"{target}: no such file; expected {what}. Check the path.")
    return target


def existing_directory(path: FilePath, what: str) -> Path:
    """Returns ``path`` if it is a directory, else raises ``PathNotFoundError`` naming ``what`` was sought."""
    target = Path(path)
    if not target.is_dir():
        found = "received a file" if target.exists() else "no such directory"
        raise PathNotFoundError(f"{target}: {found}; expected {what}. Check the path.")
    return target


def read_text(path: FilePath, what: str) -> str:
    """Reads a UTF-8 file, packed with gzip where its name ends in ``.gz``; a byte order mark is left out.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is damaged or no UTF-8.
    """
    file = existing_file(path, what)
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"{file}: not readable as UTF-8 text ({error}); expected {what}. Convert it to UTF-8, or fetch it again."
        ) from error


def write_json(path: FilePath, value: Any) -> None:
    """Writes ``value`` as readable JSON, whole or not at all; NaN is refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_csv(path: FilePath, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes rows with a header, whole or not at all; what a row does not have stays empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def read_json(path: FilePath, what: str) -> Any:
    """Reads a JSON file; ``what`` names it in the error when it is missing or damaged."""
    file = existing_file(path, what)
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file}: not valid JSON ({error}); expected {what}. Write it again.") from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def file_checksum(path: FilePath) -> str:
    """Returns the SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
