"""Truth of ``rnnzoo_export.load_test.rounds``: a whole load test on a real server."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from rnnzoo.errors import ArgumentError
from rnnzoo_export.load_test.bare_runs import BareRuns
from rnnzoo_export.load_test.plan import LoadPlan
from rnnzoo_export.load_test.questions import Question, Shape, read_metadata, tensors_question
from rnnzoo_export.load_test.rounds import make_room, run_rounds
from rnnzoo_export.load_test.target import Target, read_target
from served_digits import NAME
from serving_client import Server


@pytest.fixture
def target(server: Server) -> Target:
    return read_target(server.url)


@pytest.fixture
def question(target: Target) -> Question:
    return tensors_question(read_metadata(target, NAME), Shape(steps=8))


def test_a_closed_loop_beside_the_model_alone(
    target: Target, question: Question, digits_bundle: Path
) -> None:
    told: list[int] = []
    plan = LoadPlan(clients=8, seconds=0.6)
    found = run_rounds(target, question, plan, bare=BareRuns(digits_bundle, question), progress=told.append)
    assert found["failed"] == 0
    assert found["answers"] == found["requests"] > 20
    assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert 0 < found["client_cpu"] < 1
    assert len(found["bare"]["ratios"]) == 3
    assert 0 < found["bare"]["ratio"] < 1
    assert told == sorted(told)


def test_an_open_loop(target: Target, question: Question) -> None:
    found = run_rounds(target, question, LoadPlan(clients=50, rate=100, arrivals="even", seconds=0.5))
    assert (found["requests"], found["failed"]) == (50, 0)
    assert "bare" not in found


def test_more_connections_than_may_be_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("any number of files may be open")
    try:
        make_room(hard - 64)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with pytest.raises(ArgumentError) as caught:
        make_room(hard)
    assert str(caught.value) == (
        f"clients: received {hard}; expected at most {hard - 64}, for this process may open {hard} files. Lower it, or "
        f"raise the limit: ulimit -n {hard + 64}"
    )
