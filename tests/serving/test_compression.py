"""Truth of ``rnnzoo_export.serving.compression``: bodies of requests and answers, compressed and within limits."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.compression import Compression, accepted_encoding, decompress, read_encoding
from served_digits import X, infer, memory, tensor
from serving_client import Server

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


def unpack(body: bytes, encoding: str = "gzip", max_bytes: int = 2**24) -> tuple[bytes, list[int]]:
    held: list[int] = []
    return asyncio.run(decompress(body, encoding, max_bytes, held.append)), held


def refused(body: bytes, encoding: str = "gzip", max_bytes: int = 2**24) -> tuple[int, str]:
    with pytest.raises(RequestError) as caught:
        unpack(body, encoding, max_bytes)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize("encoding", PACK)
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
def test_what_was_compressed_comes_back(encoding: str, size: int) -> None:
    for content in (bytes(size), os.urandom(size)):
        body, held = unpack(PACK[encoding](content), encoding, max_bytes=max(size, 1))
        assert body == content
        assert sum(held) == size
        assert max(held) <= 65_536


def test_more_than_the_limit_is_never_made() -> None:
    bomb = gzip.compress(bytes(2**27))
    tracemalloc.start()
    try:
        assert refused(bomb, max_bytes=2**20) == (
            413,
            "body: larger than 1048576 bytes once it is decompressed; expected at most that. Send several requests.",
        )
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


def test_what_may_not_be_kept_is_refused_as_it_comes() -> None:
    held: list[int] = []

    def hold(size: int) -> None:
        if sum(held) + size > 200_000:
            raise RequestError("server: full", status=503)
        held.append(size)

    with pytest.raises(RequestError, match="server: full"):
        asyncio.run(decompress(gzip.compress(bytes(2**24)), "gzip", 2**24, hold))
    assert sum(held) <= 200_000


@pytest.mark.parametrize("encoding", PACK)
def test_damaged_data_are_refused(encoding: str) -> None:
    whole = PACK[encoding](os.urandom(100_000))
    for cut in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        assert refused(whole[:cut], encoding) == (
            400,
            f"body: the {encoding} data end too early; expected all of them. Send the whole body.",
        )
    for place in (0, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        status, message = refused(bytes(flipped), encoding)
        assert (status, message.partition("(")[0]) == (400, f"body: not valid {encoding} data ")
    for rest in (b"x", bytes(200_000), whole):
        assert refused(whole + rest, encoding) == (
            400,
            f"body: received {len(rest)} bytes behind the end of the {encoding} data; expected none. Compress the "
            "whole body, once.",
        )
    assert refused(b'{"inputs": []}', encoding)[0] == 400


def test_only_what_can_be_unpacked_is_taken() -> None:
    for header in (None, "", "identity", " Identity "):
        assert read_encoding(header) is None
    assert [read_encoding(header) for header in ("gzip", "X-GZIP", " deflate ")] == [
        "gzip",
        "gzip",
        "deflate",
    ]
    for header in ("br", "gzip, gzip", "deflate, gzip", "zstd", "x" * 5000):
        with pytest.raises(RequestError) as caught:
            read_encoding(header)
        assert caught.value.status == 415
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("br, zstd", None),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, deflate;q=0.001", "deflate"),
        ("gzip; q=0.2 , DEFLATE ;q=0.3", "deflate"),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity, gzip,", "gzip"),
        ("gzip;q=x", None),
        ("gzip;q=nan", None),
        ("*", None),
    ],
)
def test_the_client_says_what_it_takes(header: str, encoding: str | None) -> None:
    assert accepted_encoding(header) == encoding


def answered(response: Response, header: str) -> httpx.Response:
    """What a client gets of an application that gives one response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Compression(app))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get("http://localhost/", headers={"Accept-Encoding": header})

    return asyncio.run(ask())


def test_large_answers_are_compressed_and_others_are_not() -> None:
    for size in (4096, 300_000):
        content = b"1.5," * (size // 4)
        for encoding in ("gzip", "deflate"):
            found = answered(Response(content), encoding)
            assert found.content == content
            assert found.headers["Content-Encoding"] == encoding
            assert int(found.headers["Content-Length"]) < size
        plain = answered(Response(content), "br")
        assert "Content-Encoding" not in plain.headers
        assert int(plain.headers["Content-Length"]) == size
        # A cache must not give what is compressed to who does not take it.
        assert (found.headers["Vary"], "Vary" in plain.headers) == ("Accept-Encoding", False)
    small = answered(Response(b" " * 4095), "gzip")
    assert "Content-Encoding" not in small.headers
    assert "Vary" not in small.headers
    noise = os.urandom(10_000)
    assert "Content-Encoding" not in (found := answered(Response(noise), "gzip")).headers
    assert found.content == noise


def test_answers_in_parts_go_out_as_they_are() -> None:
    async def parts() -> Any:
        for _ in range(3):
            yield b"x" * 5000

    found = answered(StreamingResponse(parts()), "gzip")
    assert "Content-Encoding" not in found.headers
    assert found.content == b"x" * 15_000


@pytest.mark.parametrize("encoding", PACK)
def test_a_server_takes_and_gives_them(encoding: str, server: Server) -> None:
    x = np.random.default_rng(0).normal(size=(256, 8, 8)).astype(np.float32)
    body = json.dumps({"inputs": [tensor(x)]}).encode()
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    plain = httpx.post(f"{server.model}/infer", content=body, headers={**headers, "Content-Encoding": ""})
    headers["Accept-Encoding"] = encoding
    found = httpx.post(f"{server.model}/infer", content=PACK[encoding](body), headers=headers, timeout=30)
    assert (found.status_code, found.headers.get("Content-Encoding")) == (200, encoding)
    assert found.json() == plain.json()


@pytest.mark.parametrize("encoding", PACK)
def test_the_length_of_the_json_is_that_before_the_compression(encoding: str, server: Server) -> None:
    x = np.zeros((256, 8, 8), np.float32)
    head = tensor(x, parameters={"binary_data_size": x.nbytes})
    del head["data"]
    start = json.dumps({"inputs": [head], "parameters": {"binary_data_output": True}}).encode()
    headers = {
        "Inference-Header-Content-Length": str(len(start)),
        "Content-Type": "application/octet-stream",
        "Content-Encoding": encoding,
        "Accept-Encoding": encoding,
    }
    found = httpx.post(f"{server.model}/infer", content=PACK[encoding](start + x.tobytes()), headers=headers)
    assert (found.status_code, found.headers.get("Content-Encoding")) == (200, encoding)
    length = int(found.headers["Inference-Header-Content-Length"])
    assert json.loads(found.content[:length])["outputs"][0]["parameters"] == {"binary_data_size": 10240}
    assert len(found.content) == length + 10240


def test_a_server_lives_on_after_what_grows_without_end(server: Server) -> None:
    before = memory(server.process.pid)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 2**27)
    for _ in range(3):
        found = httpx.post(f"{server.model}/predict", content=bomb, headers=headers, timeout=30)
        assert (found.status_code, "once it is decompressed" in found.json()["error"]) == (413, True)
    assert memory(server.process.pid) - before < 64 * 2**20
    damaged = httpx.post(f"{server.model}/predict", content=b'{"inputs": []}', headers=headers)
    assert damaged.status_code == 400
    assert infer(server, tensor(X)).status_code == 200
