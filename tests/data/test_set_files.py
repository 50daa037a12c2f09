"""Truth of ``rnnzoo.data.sets.set_files``.

The files of named sets: found, fetched and refused when they are not what they should be.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import gzip
import hashlib
import http.client
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, load_dataset
from rnnzoo.data.sets import datasets, downloads, set_files
from rnnzoo.data.sets.sources import Source, SourceFile, get_source, sources
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError

CONTENT = b"what the makers publish\n" * 1000
COPY = gzip.compress(CONTENT, mtime=0)


class Web:
    """A local server: what it answers, and what it was asked for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, tuple[int, bytes, int | None]] = {}
        self.asked: list[str] = []

    def answer(self, path: str, body: bytes, *, status: int = 200, promised: int | None = -1) -> str:
        self.answers[path] = (status, body, len(body) if promised == -1 else promised)
        return self.address + path


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, body, promised = served.answers.get(self.path, (404, b"", 0))
            self.send_response(status)
            if promised is not None:
                self.send_header("Content-Length", str(promised))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        served = Web(f"http://127.0.0.1:{server.server_port}")
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    data, cache = tmp_path / "data", tmp_path / "cache"
    data.mkdir()
    monkeypatch.setenv("RNNZOO_DATA", str(data))
    monkeypatch.setenv("RNNZOO_CACHE", str(cache))
    monkeypatch.delenv("RNNZOO_DOWNLOAD", raising=False)
    return data, cache


def file(path: str, content: bytes | None, *, official: bool, url: str | None = None) -> SourceFile:
    return SourceFile(
        path=path,
        bytes=None if content is None else len(content),
        sha256=None if content is None else hashlib.sha256(content).hexdigest(),
        official=official,
        url=url,
        checksum_from=None,
    )


def source(url: str | None = None, *, known: bool = True) -> Source:
    return Source(
        name="toy",
        title="Toy",
        task="classification",
        rows={"all": 1},
        licence="CC0",
        homepage="https://example.org/toy",
        citation="Nobody 2020",
        forms={
            "copy": (file("toy/toy.txt.gz", COPY, official=False),),
            "official": (file("toy/toy.txt", CONTENT if known else None, official=True, url=url),),
        },
    )


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "toy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# --- The table ---------------------------------------------------------------------------------------------------


def test_the_table_is_sound() -> None:
    for one in sources().values():
        for files in one.forms.values():
            for entry in files:
                assert entry.sha256 is None or len(entry.sha256) == 64
                assert (entry.sha256 is None) == (entry.checksum_from is None), entry.path
                assert entry.official or entry.sha256, "every repackaged copy has a checksum of its own"
                assert entry.official or entry.url is None, "what can be fetched is what the makers publish"
                assert not Path(entry.path).is_absolute()
                assert ".." not in entry.path


def test_every_copy_of_the_folder_has_its_checksum(real_data: Path) -> None:
    seen = 0
    for one in sources().values():
        found = [(form, files) for form, files in one.forms.items() if form in ("copy", "sample")]
        for _, files in found:
            for entry in files:
                if (path := real_data / entry.path).is_file():
                    assert path.stat().st_size == entry.bytes
                    assert set_files.check_file(path, [entry])["known_as"] in (
                        "repackaged copy",
                        "official file",
                    )
                    seen += 1
    if not seen:
        pytest.skip("RNNZOO_DATA holds none of the copies")


# --- Finding and checking ----------------------------------------------------------------------------------------


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


# --- Downloads ---------------------------------------------------------------------------------------------------


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


def test_a_folder_that_may_not_be_looked_into_holds_nothing(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*arguments: Any, **options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    folders = [*places]
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", denied)
        assert set_files._locate(source().forms["official"][0], folders) is None


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
from rnnzoo.data import datasets, downloads, set_files
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


# --- Official files ----------------------------------------------------------------------------------------------


def load_official(
    name: str,
    contents: dict[str, bytes],
    rows: Mapping[str, int],
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    *,
    known: bool = True,
    **options: Any,
) -> Splits:
    """Loads a set whose official files have these contents, fetched from the local server.

    Their checksums are in the table where they are to be ``known``.
    """
    real = get_source(name)
    assert [entry.name for entry in real.forms["official"]] == list(contents)
    files = tuple(
        file(
            entry.path,
            contents[entry.name] if known else None,
            official=True,
            url=web.answer(f"/{entry.name}", contents[entry.name]),
        )
        for entry in real.forms["official"]
    )
    toy = dataclasses.replace(real, rows=rows, forms={**real.forms, "official": files})
    monkeypatch.setattr(datasets, "get_source", lambda name: toy)
    return load_dataset(name, download=True, **options)


def tar_gz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def test_official_news_are_read_as_published(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f'"{1 + n % 4}","Title ""{n}""","About, {n} \\\\$5"\n' for n in range(80)]
    contents = {"train.csv": "".join(lines[:60]).encode(), "test.csv": "".join(lines[60:]).encode()}
    rows = {"train": 60, "test": 20}
    splits = load_official("ag_news", contents, rows, web, monkeypatch)
    assert splits.description["form"] == "official"
    assert splits.test is not None
    assert splits.test.raw is not None
    assert splits.test.raw[0] == 'Title "60" . About, 60 \\\\$5'
    assert [(splits.get_decoding().labels or [])[n] for n in splits.rows("test").gather(range(4))[1]] == [
        "World",
        "Sports",
        "Business",
        "Sci/Tech",
    ]
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [51, 9, 20]
    with pytest.raises(DataError, match="ag_news: received 80 rows; expected 81, as published"):
        load_official("ag_news", contents, {"train": 61, "test": 20}, web, monkeypatch)


def test_a_wrong_row_of_the_news_is_named(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in ("5,a,b\n", "1,a\n"):
        contents = {"train.csv": f"1,a,b\n{line}".encode(), "test.csv": b"1,a,b\n"}
        with pytest.raises(
            DataError, match=r"train\.csv: row 2 cannot be read \(.*\); expected a class from 1 to 4"
        ):
            load_official("ag_news", contents, {"train": 2, "test": 1}, web, monkeypatch)
        (places[1] / "ag_news" / "train.csv").unlink()


def test_the_official_archive_of_reviews_gives_what_its_copy_gives(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviews = [(part, kind, n) for part in ("train", "test") for kind in ("neg", "pos") for n in range(20)]
    members = {
        f"aclImdb/{p}/{k}/{n}_{3 if k == 'neg' else 8}.txt": f"{p} {k} film {n}".encode()
        for p, k, n in reviews
    }
    members |= {"aclImdb/README": b"read", "aclImdb/train/unsup/0_0.txt": b"no label"}
    rows = {"train": 40, "test": 40}
    splits = load_official("imdb", {"aclImdb_v1.tar.gz": tar_gz(members)}, rows, web, monkeypatch)
    assert (splits.get_decoding().labels or []) == ["negative", "positive"]
    assert splits.test is not None
    assert splits.test.raw is not None
    assert list(splits.test.raw[18:22]) == [
        "test pos film 18",
        "test pos film 19",
        "test neg film 0",
        "test neg film 1",
    ]
    assert splits.rows("test").gather(range(40))[1].tolist() == [1] * 20 + [0] * 20


def test_the_official_archive_of_sentences(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {"quote": "it is \x93fine\x94 {} \n", "plot": "a man {} leaves \n"}
    texts = {
        kind: "".join(line.format(n) for n in range(20)).encode("latin-1") for kind, line in lines.items()
    }
    members = {f"{kind}.tok.gt9.5000": text for kind, text in texts.items()}
    splits = load_official("subj", {"rotten_imdb.tar.gz": tar_gz(members)}, {"all": 40}, web, monkeypatch)
    assert (splits.get_decoding().labels or []) == ["objective", "subjective"]
    assert any("\u201cfine\u201d" in text for text in splits.train.raw or ())
    (places[1] / "trec_subj" / "rotten_imdb.tar.gz").unlink()
    half = tar_gz({"quote.tok.gt9.5000": b"x\n"})
    with pytest.raises(DataError, match=r"received subjective; expected quote\.tok\.gt9\.5000 and plot"):
        load_official("subj", {"rotten_imdb.tar.gz": half}, {"all": 1}, web, monkeypatch)


def movements(rows: int) -> bytes:
    return "".join(f"{n / rows}," * 90 + f"{n % 2}\n" for n in range(rows)).encode()


LOGIN_PAGE = b"<html><body>Please log in first.</body></html>"
WRONG = {
    "beijing_pm25": "PRSA_data_2010.1.1-2014.12.31.csv",
    "fsdd": "free-spoken-digit-dataset-1.0.10.tar.gz",
    "libras": "movement_libras.data",
    "subj": "rotten_imdb.tar.gz",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_fetched_and_cannot_be_read_is_not_kept(
    name: str, places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in (1, 2):
        with pytest.raises(
            DataError, match=r"Nobody states .* it was fetched just now, and is removed again\.$"
        ):
            load_official(
                name, {WRONG[name]: LOGIN_PAGE}, get_source(name).rows, web, monkeypatch, known=False
            )
        assert left_in(places[1]) == []
        assert len(web.asked) == asked


def test_files_of_the_user_stay_and_are_named(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"movement_libras.data": movements(40)}
    path = places[0] / "libras" / "movement_libras.data"
    path.parent.mkdir()
    path.write_bytes(movements(39))
    with pytest.raises(DataError) as caught:
        load_official("libras", contents, {"all": 40}, web, monkeypatch, known=False)
    homepage = get_source("libras").homepage
    assert str(caught.value) == (
        f"libras: received 39 rows; expected 40, as published. Fetch its files again from {homepage}. "
        f"Nobody states the checksum of {path}: delete it if it is not what its makers publish."
    )
    assert path.is_file()


def test_a_whole_file_is_not_blamed_for_what_was_asked(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents, rows = {"movement_libras.data": movements(40)}, {"all": 40}
    with pytest.raises(DataError, match=r"expected enough to split off 1\. Add rows\.$"):
        load_official("libras", contents, rows, web, monkeypatch, known=False, validation_fraction=0.001)
    assert left_in(places[1]) == ["movement_libras.data"]


def test_cut_series_and_films_are_refused(
    places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    dust = b"No,year,month,day,hour,pm2.5,cbwd\n1,2010,1,1,0,3,NW\n"
    contents = {"PRSA_data_2010.1.1-2014.12.31.csv": dust}
    with pytest.raises(DataError, match="beijing_pm25: received 1 steps; expected 43,824, as published"):
        load_official("beijing_pm25", contents, get_source("beijing_pm25").rows, web, monkeypatch)
    header = ",".join(f"x{n}" for n in range(18)) + ",phase\n"
    film = (header + ("0," * 18 + "Rest\n") * 20).encode()
    films = {f"{name}_raw.csv": film for name in ("a1", "a2", "a3", "b1", "b3", "c1", "c3")}
    with pytest.raises(DataError, match="gesture_phase: received 140 frames; expected 9,901, as published"):
        load_official("gesture_phase", films, get_source("gesture_phase").rows, web, monkeypatch)
    films["b1_raw.csv"] = films["b1_raw.csv"].replace(b"phase", b"face")
    monkeypatch.setenv("RNNZOO_CACHE", str(places[0] / "new"))
    with pytest.raises(
        DataError, match=r"b1_raw\.csv: cannot be read \('phase'\); expected 18 columns of co"
    ):
        load_official("gesture_phase", films, get_source("gesture_phase").rows, web, monkeypatch)


UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "ragged": ("libras", movements(3)[:-4] + b"\n", r"cannot be read .* expected 90 coordinates and a class"),
    "letters": ("libras", b"x," * 90 + b"1\n", r"cannot be read .*float: 'x'\); expected 90 coordinates"),
    "wide": ("libras", b"1," * 180 + b"1\n", r"cannot be read .* expected 90 coordinates and a class"),
    "no cp1252": (
        "subj",
        tar_gz({f"{kind}.tok.gt9.5000": b"a \x81 b\n" for kind in ("plot", "quote")}),
        r"rotten_imdb\.tar\.gz: damaged \(.*0x81.*\); expected text in Windows-1252\. Fetch it again",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_files_that_cannot_be_read_are_refused_in_words(
    case: str, places: tuple[Path, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, message = UNREADABLE[case]
    with pytest.raises(DataError, match=message):
        load_official(name, {WRONG[name]: content}, get_source(name).rows, web, monkeypatch)


@pytest.mark.parametrize("name", ["ptb", "etth1", "splice", "tinyshakespeare", "sms_spam", "ud_english_ewt"])
def test_unpacked_copies_are_the_official_files(
    name: str, real_data: Path, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else states of the official file is true of what the copy holds."""
    copies, officials = get_source(name).forms["copy"], get_source(name).forms["official"]
    if not all((real_data / entry.path).is_file() for entry in copies):
        pytest.skip(f"RNNZOO_DATA holds no {name}")
    for copy, entry in zip(copies, officials, strict=True):
        content = gzip.decompress((real_data / copy.path).read_bytes())
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256)
        path = places[0] / entry.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    official = load_dataset(name)
    assert {known["known_as"] for known in official.description["files"].values()} == {"official file"}
    monkeypatch.setenv("RNNZOO_DATA", str(real_data))
    copied = load_dataset(name)
    counted = "tokens" if name in ("ptb", "tinyshakespeare") else "rows"
    assert official.description[counted] == copied.description[counted]
    np.testing.assert_array_equal(official.rows("train").gather([0])[1], copied.rows("train").gather([0])[1])
