"""Truth of ``rnnzoo.data.sets.downloads``: what is fetched is whole, or nothing is left."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rnnzoo.data.sets import downloads, set_files
from rnnzoo.errors import DataError, PathNotFoundError
from set_sources import CONTENT, Web, left_in, put, source


def test_a_file_is_fetched_once_and_only_when_allowed(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = source(web.answer("/toy.txt", CONTENT))
    with pytest.raises(PathNotFoundError, match="Pass download=True"):
        set_files.find_files(toy)
    monkeypatch.setenv("RNNZOO_DOWNLOAD", "1")
    with pytest.raises(PathNotFoundError, match="Pass download=True"):
        set_files.find_files(toy, download=False)
    assert web.asked == []
    found = set_files.find_files(toy)  # RNNZOO_DOWNLOAD
    assert found["toy.txt"].read_bytes() == CONTENT
    assert found.facts["files"]["toy.txt"]["known_as"] == "official file"
    set_files.find_files(toy, download=True)
    assert web.asked == ["/toy.txt"]
    assert left_in(places[1]) == ["toy.txt"]


def test_a_file_without_a_known_checksum_is_fetched_and_said_to_be_unknown(
    places: tuple[Path, Path], web: Web
) -> None:
    toy = source(web.answer("/toy.txt", CONTENT, promised=None), known=False)
    found = set_files.find_files(toy, download=True)
    assert found.facts["files"]["toy.txt"]["known_as"] == "not known"


SHA = hashlib.sha256(CONTENT).hexdigest()
OTHER = b"other" * 4800
BAD: dict[str, tuple[dict[str, Any], bool, type[Exception], str]] = {
    "cut": (
        {"body": CONTENT[:999], "promised": len(CONTENT)},
        True,
        DataError,
        "received 999 of 24,000 bytes; expected all of them. Nothing was kept: try again.",
    ),
    "cut, checksum not known": (
        {"body": CONTENT[:999], "promised": len(CONTENT)},
        False,
        DataError,
        "received 999 of 24,000 bytes; expected all of them. Nothing was kept: try again.",
    ),
    "wrong content": (
        {"body": OTHER},
        True,
        DataError,
        f"received a file with SHA-256 {hashlib.sha256(OTHER).hexdigest()} (24,000 bytes); expected SHA-256 {SHA} "
        "(24,000 bytes). Nothing was kept",
    ),
    "wrong and short": (
        {"body": b"<html>", "promised": None},
        True,
        DataError,
        f"(6 bytes); expected SHA-256 {SHA} (24,000 bytes). Nothing was kept",
    ),
    "far too long": (
        {"body": CONTENT * 50},
        True,
        DataError,
        f"(24,001 bytes or more); expected SHA-256 {SHA} (24,000 bytes). Nothing was kept",
    ),
    "empty": ({"body": b""}, False, DataError, "(0 bytes); expected a whole file. Nothing was kept"),
    "404": (
        {"body": b"", "status": 404},
        True,
        PathNotFoundError,
        "received status 404 (Not Found); expected the file. Fetch it by hand into",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_the_whole_file_leaves_nothing(case: str, places: tuple[Path, Path], web: Web) -> None:
    answer, known, error, message = BAD[case]
    toy = source(web.answer("/toy.txt", **answer), known=known)
    with pytest.raises(error) as caught:
        set_files.find_files(toy, download=True)
    assert str(caught.value).startswith(f"{web.address}/toy.txt: ")
    assert message in str(caught.value)
    assert left_in(places[1]) == []
    # It is not taken for done: the next try asks again.
    web.answer("/toy.txt", CONTENT)
    assert set_files.find_files(toy, download=True)["toy.txt"].read_bytes() == CONTENT


def test_without_a_network_it_says_so(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/toy.txt"
        with pytest.raises(
            PathNotFoundError, match=r"cannot be fetched \(.*refused.*\); expected a connection"
        ):
            set_files.find_files(source(url), download=True)
    assert left_in(places[1]) == []


def test_a_cache_that_is_no_folder_is_said(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = source(web.answer("/toy.txt", CONTENT))
    places[1].write_text("a file")
    for cache in (places[1], places[1] / "below"):
        monkeypatch.setenv("RNNZOO_CACHE", str(cache))
        with pytest.raises(PathNotFoundError) as caught:
            set_files.find_files(toy, download=True)
        assert str(caught.value).startswith(f"{cache / 'toy' / 'toy.txt'}: cannot be written (")
        assert "expected a folder that can be written to, with room for the file. Set RNNZOO_CACHE" in str(
            caught.value
        )


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("disk", r"toy\.txt: cannot be written \(No space left on device\); expected a folder"),
        (
            "network",
            r"toy\.txt: cannot be fetched \(\[Errno .*No space.*\); expected a connection that holds",
        ),
    ],
)
def test_errors_of_the_disk_are_not_those_of_the_network(
    place: str, message: str, places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    if place == "disk":
        monkeypatch.setattr(os, "fsync", failing)
    else:
        monkeypatch.setattr(http.client.HTTPResponse, "read", failing)
    with pytest.raises(PathNotFoundError, match=message):
        set_files.find_files(source(web.answer("/toy.txt", CONTENT)), download=True)
    assert left_in(places[1]) == []


def test_an_interruption_leaves_nothing(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def interrupted(url: str, total: int | None) -> Iterator[Any]:
        def report(size: int) -> None:
            raise KeyboardInterrupt

        yield report

    monkeypatch.setattr(downloads, "_progress", interrupted)
    with pytest.raises(KeyboardInterrupt):
        set_files.find_files(source(web.answer("/toy.txt", CONTENT)), download=True)
    assert left_in(places[1]) == []


def test_what_a_killed_download_left_goes_with_the_next(places: tuple[Path, Path], web: Web) -> None:
    old, running = (put(places[1], f".toy.partial-{name}.txt", b"half") for name in ("1234", "5678"))
    os.utime(old, (0, 0))
    set_files.find_files(source(web.answer("/toy.txt", CONTENT)), download=True)
    assert left_in(places[1]) == [running.name, "toy.txt"]


def test_a_long_download_says_so_on_a_line_of_its_own(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = source(web.answer("/toy.txt", CONTENT))
    set_files.find_files(toy, download=True)
    assert capsys.readouterr().err == ""
    (places[1] / "toy" / "toy.txt").unlink()
    monkeypatch.setattr(downloads, "_QUIET_SECONDS", -1.0)
    set_files.find_files(toy, download=True)
    assert capsys.readouterr().err == f"downloading {web.address}/toy.txt\n"


def test_importing_and_listing_ask_for_no_network(places: tuple[Path, Path]) -> None:
    code = """
import socket
def refuse(*arguments, **options):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.getaddrinfo = refuse
import rnnzoo
from rnnzoo.data.sets import datasets, downloads, set_files
rnnzoo.list_datasets()
rnnzoo.load_dataset("digits")
try:
    rnnzoo.load_dataset("imdb")
except rnnzoo.RnnzooError as error:
    print(type(error).__name__)
"""
    environment = {**os.environ, "RNNZOO_DOWNLOAD": ""}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert result.stdout.strip() == "PathNotFoundError", result.stderr
    assert not places[1].exists()
