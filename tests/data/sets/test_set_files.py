"""Truth of ``rnnzoo.data.sets.set_files``: files are found, and refused when they are not what they should be."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rnnzoo import load_dataset
from rnnzoo.data.sets import set_files
from rnnzoo.data.sets.sources import get_source
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError
from set_sources import CONTENT, COPY, put, source


def test_files_are_found_in_the_folder_then_in_the_cache(places: tuple[Path, Path]) -> None:
    data, cache = places
    put(cache, "toy.txt", CONTENT)
    found = set_files.find_files(source())
    assert found.form == "official"
    assert found["toy.txt"] == cache / "toy" / "toy.txt"
    put(data, "toy.txt.gz", COPY)
    found = set_files.find_files(source())
    assert found.form == "copy"
    checksum = hashlib.sha256(COPY).hexdigest()
    assert found.facts == {
        "form": "copy",
        "files": {"toy.txt.gz": {"sha256": checksum, "known_as": "repackaged copy"}},
    }
    assert str(data) not in str(found.facts)
    official = set_files.find_files(source(), form="official")
    assert official.facts["files"]["toy.txt"]["known_as"] == "official file"


def test_the_cache_has_its_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RNNZOO_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert set_files.cache_directory() == tmp_path / "rnnzoo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert set_files.cache_directory() == tmp_path / ".cache" / "rnnzoo"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert set_files.cache_directory() == tmp_path / "Library" / "Caches" / "rnnzoo"
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path / "mine"))
    assert set_files.cache_directory() == tmp_path / "mine"


@pytest.mark.parametrize("how", ["cut", "altered"])
def test_a_cut_or_altered_file_is_refused_with_both_checksums(how: str, places: tuple[Path, Path]) -> None:
    broken = COPY[:-7] if how == "cut" else COPY[:50] + b"\x00" + COPY[51:]
    path = put(places[0], "toy.txt.gz", broken)
    with pytest.raises(DataError) as caught:
        set_files.find_files(source())
    assert str(caught.value) == (
        f"{path}: received a file with SHA-256 {hashlib.sha256(broken).hexdigest()} ({len(broken):,} bytes); "
        f"expected {hashlib.sha256(COPY).hexdigest()} ({len(COPY):,} bytes). It was cut or altered: "
        "delete it and fetch it again."
    )


def test_a_file_whose_checksum_nobody_states_is_read_and_said_to_be_unknown(
    places: tuple[Path, Path],
) -> None:
    put(places[0], "toy.txt", b"something else")
    found = set_files.find_files(source(known=False))
    checksum = hashlib.sha256(b"something else").hexdigest()
    assert found.facts["files"] == {"toy.txt": {"sha256": checksum, "known_as": "not known"}}
    with pytest.raises(DataError, match="It was cut or altered"):
        set_files.find_files(source(known=True))


def test_a_file_is_hashed_once_until_it_changes(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = put(places[0], "toy.txt.gz", COPY), []
    digest = hashlib.file_digest

    def counted(*given: Any) -> Any:
        read.append(given)
        return digest(*given)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    for _ in range(3):
        set_files.find_files(source())
    assert len(read) == 1
    path.write_bytes(COPY + b"x")
    with pytest.raises(DataError, match="cut or altered"):
        set_files.find_files(source())
    assert len(read) == 2


def test_what_is_missing_is_said_with_what_to_do(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, cache = places
    with pytest.raises(PathNotFoundError) as caught:
        set_files.find_files(source("https://example.org/toy.txt"))
    assert str(caught.value) == (
        f"toy: found its files neither in {data} nor in {cache}; expected toy/toy.txt.gz, or toy/toy.txt. Pass "
        "download=True or set RNNZOO_DOWNLOAD=1 to fetch https://example.org/toy.txt, or set RNNZOO_DATA to a folder "
        "that holds them."
    )
    with pytest.raises(
        PathNotFoundError, match=r"cannot be fetched from here: get them from https://example\.org"
    ):
        set_files.find_files(source(), download=True)
    monkeypatch.delenv("RNNZOO_DATA")
    with pytest.raises(PathNotFoundError, match=r"neither in RNNZOO_DATA \(not set\) nor in"):
        load_dataset("fsdd")
    monkeypatch.setenv("RNNZOO_DATA", str(data / "nowhere"))
    with pytest.raises(
        PathNotFoundError, match=r"RNNZOO_DATA: received .*nowhere'; .* Set the variable to it"
    ):
        load_dataset("fsdd")
    monkeypatch.setenv("RNNZOO_DOWNLOAD", "perhaps")
    with pytest.raises(
        ArgumentError, match="RNNZOO_DOWNLOAD: received 'perhaps'; expected 1 to allow downloads"
    ):
        load_dataset("fsdd")
    with pytest.raises(ArgumentError, match="download: received 'yes'; expected True or False"):
        load_dataset("fsdd", download="yes")  # type: ignore[arg-type]


def test_a_copy_that_nobody_publishes_is_not_sought_at_the_homepage(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, options in (("snips", {}), ("ag_news", {"official": False})):
        with pytest.raises(PathNotFoundError) as caught:
            load_dataset(name, download=True, **options)
        assert str(caught.value).endswith(
            f"They are a repackaged copy, made of what {get_source(name).homepage} publishes and not to be had there: "
            "set RNNZOO_DATA to a folder that holds them."
        )


def test_a_folder_that_may_not_be_looked_into_holds_nothing(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*arguments: Any, **options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    folders = [*places]
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", denied)
        assert set_files._locate(source().forms["official"][0], folders) is None
