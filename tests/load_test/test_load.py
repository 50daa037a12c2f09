"""Truth of ``rnnzoo_export.load_test.load`` and ``rnnzoo_export.load_test.client``: no request is lost sight of."""

from __future__ import annotations

import asyncio

import pytest

from rnnzoo_export.load_test.load import run_load
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.seen import Seen
from rnnzoo_export.load_test.target import read_target
from scripted_server import Script, Scripted, good, http, scripted

BUSY = http(b'{"error": "busy"}', 503)


def load(server: Scripted, **plan: float | str) -> Seen:
    target = read_target(server.url)
    plan = {"seconds": 0.5, "clients": 4, "timeout": 0.4, **plan}
    return asyncio.run(run_load(target, target.message("/x", b"{}"), LoadPlan(**plan)))  # type: ignore[arg-type]


def slow(seconds: float) -> Script:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(http(b"{}"))

    return script


def test_clients_ask_again_once_answered() -> None:
    with scripted(slow(0.05)) as server:
        seen = load(server, seconds=1.0, clients=5)
    assert seen.failed == 0
    assert seen.requests == len(server.requests)
    assert 0.4 * 100 < seen.facts()["answers_per_second"] <= 100
    assert seen.facts()["p50_ms"] >= 50


def test_a_rate_is_kept_with_few_connections_where_they_suffice() -> None:
    with scripted(good) as server:
        seen = load(server, rate=100, arrivals="even", seconds=1.0, timeout=10.0)
    assert (seen.requests, seen.failed) == (100, 0)


def test_what_waits_for_a_connection_is_not_hidden() -> None:
    """One connection, 50 ms an answer, 80 requests a second: the last of 20 waits for the others."""
    plan = {"rate": 80, "arrivals": "even", "seconds": 0.25, "timeout": 10.0}
    with scripted(slow(0.05)) as server:
        seen = load(server, clients=1, **plan)  # type: ignore[arg-type]
    assert (seen.requests, seen.failed) == (20, 0)
    assert seen.facts()["max_ms"] > 700
    assert seen.facts()["p50_ms"] > 300
    with scripted(slow(0.05)) as server:
        assert load(server, clients=20, **plan).facts()["p50_ms"] < 300  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [None, 20.0])
def test_what_is_not_answered_in_time_counts(rate: float | None) -> None:
    plan: dict[str, float] = {} if rate is None else {"rate": rate}
    with scripted(slow(5.0)) as server:
        seen = load(server, **plan)
    assert seen.statuses == {}
    assert seen.requests >= 4
    assert list(seen.unanswered) == ["none within 0.4 s"]


def test_statuses_are_told_apart_and_the_first_error_is_kept() -> None:
    answers = [http(b"{}"), BUSY, http(b"no", 500)]

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[len(server.requests) % 3])
        await asyncio.sleep(0.01)

    with scripted(script) as server:
        seen = load(server, clients=1)
    assert set(seen.statuses) == {200, 500, 503}
    assert len(seen.seconds) == seen.statuses[200]
    assert seen.texts == {503: '{"error": "busy"}', 500: "no"}


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"SSH-2.0\r\n\r\n"]
)
def test_a_connection_that_ends_too_early_counts_and_is_opened_again(answer: bytes) -> None:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    with scripted(script) as server:
        seen = load(server)
    assert seen.unanswered["closed before the answer"] == seen.requests > 4


@pytest.mark.parametrize("rate", [None, 100.0])
@pytest.mark.parametrize(
    "answer",
    [http(b"{}", headers="Connection: close\r\n"), b"HTTP/1.1 200 OK\r\n\r\n{}"],
    ids=["said", "ended"],
)
def test_a_server_that_closes_after_each_answer_is_asked_on(answer: bytes, rate: float | None) -> None:
    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    plan: dict[str, float] = {} if rate is None else {"rate": rate}
    with scripted(script) as server:
        seen = load(server, clients=2, timeout=10.0, **plan)
    assert seen.failed == 0
    assert seen.requests > 30


def test_a_server_that_goes_away_counts() -> None:
    with scripted(good) as server:
        port = server.port
    target = read_target(f"http://127.0.0.1:{port}")
    plan = LoadPlan(clients=2, seconds=0.5, timeout=0.2)
    seen = asyncio.run(run_load(target, target.message("/x", b"{}"), plan))
    assert seen.requests >= 2
    assert list(seen.unanswered) == ["no connection (Connection refused)"]


def test_a_connection_that_has_rested_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes what rests for 0.3 s; the request that comes then goes over a new connection."""
    monkeypatch.setattr("rnnzoo_export.load_test.load._STALE", 0.2)

    async def script(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"{}"))
        asyncio.get_running_loop().call_later(0.3, writer.close)

    with scripted(script) as server:
        seen = load(server, rate=3.3, arrivals="even", seconds=0.7, timeout=10.0)
    assert (seen.requests, seen.failed) == (3, 0)


def test_progress_is_told() -> None:
    told: list[int] = []
    with scripted(good) as server:
        target = read_target(server.url)
        plan = LoadPlan(clients=1, seconds=0.5)
        seen = asyncio.run(
            run_load(target, target.message("/x", b"{}"), plan, lambda s: told.append(s.requests))
        )
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1] <= seen.requests
