"""Truth of ``rnnzoo_export.load_test.target``: addresses as people write them, and what no answer is called."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rnnzoo.errors import ArgumentError, PathNotFoundError, RunError
from rnnzoo_export.load_test.load import run_load
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.target import read_target
from scripted_server import good, http, scripted
from serving_client import Server


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://localhost:8000", "localhost", 8000, ""),
        ("http://localhost:8000/", "localhost", 8000, ""),
        ("http://models.example/films/", "models.example", 80, "/films"),
        ("https://models.example", "models.example", 443, ""),
        ("http://[::1]:8000", "::1", 8000, ""),
    ],
)
def test_an_address_is_read(url: str, host: str, port: int, path: str) -> None:
    target = read_target(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert (target.tls is not None) == url.startswith("https")
    assert read_target(target.url).url == target.url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "127.0.0.1:8000",
        "ftp://localhost",
        "http://",
        "http://localhost:port",
        "http://localhost:99999",
        "http://me:secret@localhost",
        "http://localhost/?x=1",
        "http://[::1",
        "",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_target(url)
    assert str(caught.value).startswith(f"URL: received {url!r}")
    assert str(caught.value).endswith(
        "expected an address with scheme and host, without query. Write e.g. http://127.0.0.1:8000."
    )


def test_blanks_and_line_breaks_are_refused() -> None:
    for url in ("http://localhost/a b", "http://localhost/a\r\nX: y", "http://localhost/ä"):
        with pytest.raises(ArgumentError, match=r"expected ASCII without blanks\. Write %20 for a blank\."):
            read_target(url)


@pytest.mark.parametrize("line", ["Authorization", "X: ", ": x", "X Y: z", "X: a\r\nY: b", "X: ä"])
def test_what_is_no_header_is_refused_and_its_value_not_shown(line: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        read_target("http://localhost", headers=[line])
    name = line.partition(":")[0].strip()
    assert str(caught.value) == (
        f"--header: received {name!r}; expected NAME: VALUE in ASCII. Write e.g. --header 'Authorization: Bearer KEY'."
    )


def test_headers_go_with_each_request() -> None:
    with scripted(good) as server:
        target = read_target(server.url + "/films", headers=["Authorization: Bearer a:b", "X-Team: rnn"])
        assert target.ask("GET", "/v2") == (200, b"{}")
        asyncio.run(run_load(target, target.message("/v2", b"{}"), LoadPlan(clients=1, seconds=0.01)))
    for head in server.requests:
        assert head.split()[1] == b"/films/v2"
        assert b"\r\nAuthorization: Bearer a:b\r\nX-Team: rnn\r\n" in head
    assert len(server.requests) >= 2


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def said(url: str, **options: Any) -> str:
    with pytest.raises(RunError) as caught:
        read_target(url, **options).ask("GET", "/v2")
    return str(caught.value)


def test_a_port_where_nothing_listens() -> None:
    port = free_port()
    assert said(f"http://127.0.0.1:{port}") == (
        f"http://127.0.0.1:{port}: nothing listens there (Connection refused); expected a server. Start one: "
        f"rnnzoo serve BUNDLE --port {port}"
    )


def test_a_host_that_is_not_known() -> None:
    text = said("http://no-such-host.invalid")
    assert text.startswith("http://no-such-host.invalid:80: no answer (")
    assert text.endswith("); expected a server that speaks HTTP. Check the address.")


def test_a_server_that_speaks_something_else() -> None:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    with scripted(script) as server:
        assert said(server.url) == (
            f"{server.url}: no answer (SSH-2.0-OpenSSH); expected a server that speaks HTTP. Check the address."
        )


def test_a_server_that_does_not_answer() -> None:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    with scripted(script) as server:
        assert said(server.url, timeout=0.2) == (
            f"{server.url}: no answer within 0.2 s; expected one. Look at the server's log, or raise --timeout."
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that no authority has signed, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    key = path.with_name("key.pem")
    subprocess.run(
        [*command, *names, "-keyout", key, "-out", path], check=True, capture_output=True, timeout=60
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def test_a_certificate_is_checked(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"secret"))

    with scripted(script, context) as server:
        url = f"https://127.0.0.1:{server.port}"
        assert said(url) == (
            f"{url}: its certificate is not trusted (self-signed certificate); expected one that a known authority has "
            "signed. Pass the authority's certificate with --ca FILE."
        )
        target = read_target(url, ca=certificate)
        assert target.ask("GET", "/v2") == (200, b"secret")
        plan = LoadPlan(clients=2, seconds=0.2)
        seen = asyncio.run(run_load(target, target.message("/v2", b"{}"), plan))
        assert seen.statuses[200] == seen.requests > 2


def test_a_server_without_tls(server: Server) -> None:
    url = f"https://127.0.0.1:{server.port}"
    text = said(url, timeout=10.0)
    assert text.startswith(f"{url}: no TLS (")
    assert text.endswith("); expected a server that speaks it. Write http:// if it does not.")


def test_what_is_no_certificate(tmp_path: Path) -> None:
    text = tmp_path / "ca.pem"
    text.write_text("hello")
    with pytest.raises(
        ArgumentError, match=r"^--ca: .*ca.pem holds no certificate \(.*\); expected a PEM file."
    ):
        read_target("https://localhost", ca=text)
    with pytest.raises(PathNotFoundError, match="no such file; expected a file of certificates"):
        read_target("https://localhost", ca=tmp_path / "none.pem")
    with pytest.raises(
        ArgumentError, match=r"^--ca: received .* with http://localhost; expected https://\. Lea"
    ):
        read_target("http://localhost", ca=text)
