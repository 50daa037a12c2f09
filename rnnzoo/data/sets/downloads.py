"""Fetching one file: whole and as it should be, or not at all."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnzoo import files
from rnnzoo.data.sets.sources import SourceFile
from rnnzoo.errors import DataError, PathNotFoundError
from rnnzoo.version import __version__

_BLOCK = 1 << 18
_TIMEOUT_SECONDS = 30.0
_QUIET_SECONDS = 2.0
_LARGEST = 2 << 30
_ABANDONED_SECONDS = 3600.0


def fetch(file: SourceFile, target: Path) -> None:
    """Downloads a file.

    It is written under a temporary name, and takes its own only when its size and, where that is known, its checksum
    are right. Whatever happens, nothing else stays.

    Args:
        file: The file; it has a URL.
        target: Where it will lie.

    Raises:
        PathNotFoundError: If it cannot be fetched, or not be written where it is to lie.
        DataError: If what came is not what was expected.
    """
    if file.url is None:
        raise PathNotFoundError(f"{file.path}: has no address to fetch it from. Get it from its makers.")
    request = urllib.request.Request(file.url, headers={"User-Agent": f"rnnzoo/{__version__}"})
    try:
        files.remove_abandoned(target, older_than=_ABANDONED_SECONDS)
        with (
            urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response,
            files.replacing(target) as part,
        ):
            promised = _promised(response)
            limit = file.bytes or promised or _LARGEST
            size, checksum = _write(response, part, file.url, limit=limit, total=promised)
            _check(file, size, checksum, limit=limit)
    except urllib.error.HTTPError as error:
        error.close()
        raise PathNotFoundError(
            f"{file.url}: received status {error.code} ({error.reason}); expected the file. Fetch it by hand into "
            f"{target.parent}, or try later."
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise PathNotFoundError(
            f"{file.url}: cannot be fetched ({reason}); expected a connection that holds. Check the network, or put "
            f"the file into {target.parent} by hand."
        ) from error
    except OSError as error:
        raise PathNotFoundError(
            f"{target}: cannot be written ({error.strerror or error}); expected a folder that can be written to, with "
            "room for the file. Set RNNZOO_CACHE to one."
        ) from error


def _promised(response: Any) -> int | None:
    length = response.headers.get("Content-Length")
    return int(length) if length and length.isdigit() else None


def _write(response: Any, part: Path, url: str, *, limit: int, total: int | None) -> tuple[int, str]:
    """Writes what comes, one byte beyond ``limit`` at most; returns size and checksum."""
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("wb") as out, _progress(url, total) as report:
            while size <= limit and (block := _read(response, min(_BLOCK, limit + 1 - size))):
                out.write(block)
                digest.update(block)
                size += len(block)
                report(size)
    except http.client.IncompleteRead as error:
        raise DataError(_cut(url, size + len(error.partial), total)) from error
    if total is not None and size < total and size <= limit:
        raise DataError(_cut(url, size, total))
    return size, digest.hexdigest()


def _read(response: Any, size: int) -> bytes:
    """Reads from the connection, whose errors are thus told from those of the disk."""
    try:
        block: bytes = response.read(size)
    except OSError as error:
        raise urllib.error.URLError(error) from error
    return block


def _check(file: SourceFile, size: int, checksum: str, *, limit: int) -> None:
    if 0 < size <= limit and file.bytes in (None, size) and file.sha256 in (None, checksum):
        return
    known = f"SHA-256 {file.sha256}" if file.sha256 else "a whole file"
    more = " or more" if size > limit else ""
    raise DataError(
        f"{file.url}: received a file with SHA-256 {checksum} ({size:,} bytes{more}); expected {known}"
        f"{'' if file.bytes is None else f' ({file.bytes:,} bytes)'}. Nothing was kept: try again; if this stays, its "
        "makers or somebody on its way changed it."
    )


def _cut(url: str, size: int, total: int | None) -> str:
    of = "" if total is None else f" of {total:,}"
    return f"{url}: received {size:,}{of} bytes; expected all of them. Nothing was kept: try again."


@contextmanager
def _progress(url: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Yields a function that is told how much has come: after two seconds it shows a bar, or one line elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    start, shown = time.monotonic(), False

    def report(size: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - start > _QUIET_SECONDS:
            shown = True
            if console.is_terminal and not console.is_dumb_terminal:
                bar.add_task(url.rpartition("/")[2], total=total)
                bar.start()
            else:
                console.print(f"downloading {url}", markup=False)
        if bar.task_ids:
            bar.update(bar.task_ids[0], completed=size)

    try:
        yield report
    finally:
        if bar.task_ids:
            bar.stop()
