"""A named set of one file, and a local server that has it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rnnzoo.data.sets.sources import Source, SourceFile

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
