"""Truth of ``rnnzoo.cli.bench``: what the command prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from rnnzoo.cli.app import run
from scripted_server import http, scripted
from served_digits import NAME
from serving_client import Server

Capture = pytest.CaptureFixture[str]
SHORT = ("--seconds", "0.3", "--clients", "4", "--steps", "8")


def test_a_table(server: Server, capsys: Capture) -> None:
    assert run(("bench", server.url, *SHORT)) == 0
    out, err = capsys.readouterr()
    first, head, row = out.splitlines()
    assert first.startswith(f"{server.model}/infer  (")
    assert first.endswith(" bytes a request)")
    assert head.split("  ")[0] == "answers/s"
    assert all(name in head for name in ("p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "unanswered"))
    assert row.split()[-2:] == ["0", "0"]
    assert err == "asking for 0.3 s\n"


def test_json_with_raw_inputs_beside_the_model_alone(
    server: Server, digits_bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"inputs": [[[0.5] * 8] * 8]}))
    options = ("--predict", "--body", str(body), "--bundle", str(digits_bundle), "--json")
    assert run(("bench", server.url, "--model", NAME, *SHORT[:4], *options)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["url"] == f"{server.model}/predict"
    assert found["answers"] == found["statuses"]["200"] > 0
    assert 0 < found["bare"]["ratio"] < 1


def test_the_example_of_the_bundle(server: Server, digits_bundle: Path, capsys: Capture) -> None:
    options = ("--predict", "--bundle", str(digits_bundle), "--json")
    assert run(("bench", server.url, "--model", NAME, *SHORT[:4], *options)) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == 0


def test_a_rate(server: Server, capsys: Capture) -> None:
    options = ("--rate", "50", "--arrivals", "even", "--binary", "--seconds", "0.4", "--json")
    assert run(("bench", server.url, "--model", NAME, *options)) == 0
    assert json.loads(capsys.readouterr().out)["answers"] == 20


def test_what_was_not_answered_is_the_status(capsys: Capture) -> None:
    """The check is answered, then only every second request."""
    metadata = {"name": "m", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]}
    asked: list[int] = []

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"GET"):
            writer.write(http(json.dumps(metadata).encode()))
            return
        asked.append(1)
        await asyncio.sleep(0.01)
        writer.write(http(b"{}") if len(asked) % 2 else http(b'{"error": "full"}', 503))

    with scripted(script) as server:
        assert run(("bench", server.url, "--model", "m", "--clients", "1", "--seconds", "0.3")) == 1
    out, err = capsys.readouterr()
    failed, requests = (len(asked) - 1) // 2 + (len(asked) - 1) % 2, len(asked) - 1
    assert out.splitlines()[-1] == f'status 503: {failed} requests, the first: {{"error": "full"}}'
    assert err.splitlines()[-1] == (
        f"error: bench: {failed} of {requests} requests were not answered with status 200; expected none. Put less "
        "load on the server, or see what it logs."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--binary", "--predict"),
            "--binary: received with --predict; expected one of them. Leave one out.",
        ),
        (("--binary", "--body", "x"), "--binary: received with --body; expected one of them. Leave one out."),
        (
            ("--rows", "2", "--body", "x"),
            "--rows: received with --body; expected one of them. Leave one out.",
        ),
        (
            ("--steps", "2", "--predict"),
            "--steps: received with --predict; expected one of them. Leave one out.",
        ),
        (
            ("--bundle", "x", "--rate", "2"),
            "--bundle: received with --rate; expected one of them. Leave one out.",
        ),
        (
            ("--arrivals", "even"),
            "--arrivals: received without --rate; expected both. Pass --rate, or leave it out.",
        ),
        (
            ("--rate", "2", "--arrivals", "odd"),
            "arrivals: received 'odd'; expected poisson or even. Leave it out for poisson.",
        ),
        (("--body", "no.json"), "no.json: no such file; expected a file of JSON to send. Check the path."),
    ],
)
def test_wrong_use(options: tuple[str, ...], message: str, capsys: Capture) -> None:
    assert run(("bench", "http://127.0.0.1:9", *options)) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_an_example_that_nobody_knows(capsys: Capture) -> None:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'{"name": "m", "inputs": []}'))

    with scripted(script) as server:
        assert run(("bench", server.url, "--model", "m", "--predict")) == 2
    assert capsys.readouterr().err == (
        'error: --predict: no example of m is known; expected a raw input. Pass --body FILE, with {"inputs": [a raw '
        "input]} in it, or --bundle DIR of a bundle that has one.\n"
    )


def test_nothing_listens(capsys: Capture) -> None:
    assert run(("bench", "http://127.0.0.1:9", "--model", "m")) == 1
    assert capsys.readouterr().err.startswith("error: http://127.0.0.1:9: nothing listens there (")
