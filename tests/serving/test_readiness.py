"""Truth of ``rnnzoo_export.serving.readiness``: the model itself is asked, once, and never for long."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from rnnzoo_export.serving import readiness
from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.jobs import Arrays
from rnnzoo_export.serving.readiness import Readiness

ROW = {"x": np.zeros((1, 3), np.float32)}


class Model:
    """Counts its runs, and answers as it is told."""

    def __init__(self) -> None:
        self.runs, self.fails = 0, False
        self.may = threading.Event()
        self.may.set()

    def __call__(self, inputs: Arrays) -> Arrays:
        self.runs += 1
        assert self.may.wait(10)
        if self.fails:
            raise RuntimeError("broken\nin two lines")
        return {"y": inputs["x"]}


@contextmanager
def asked(model: Model) -> Iterator[tuple[Batcher, Readiness]]:
    one = Batcher(model, max_batch=8, max_queue=1, deadline=5.0)
    one.start()
    try:
        yield one, Readiness(one, ROW)
    finally:
        model.may.set()
        one.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_FRESH", 0.2)
    monkeypatch.setattr(readiness, "_PATIENCE", 0.2)


def test_a_model_is_asked_and_its_answer_counts_for_a_while() -> None:
    model = Model()

    async def check(one: Readiness) -> list[tuple[bool, int]]:
        found = []
        for pause in (0.0, 0.0, 0.25):
            await asyncio.sleep(pause)
            found.append((await one.check(), model.runs))
        return found

    with asked(model) as (_, one):
        assert asyncio.run(check(one)) == [(True, 1), (True, 1), (True, 2)]


def test_a_model_that_answers_clients_is_not_asked() -> None:
    model = Model()

    async def check(batcher: Batcher, one: Readiness) -> bool:
        await batcher.submit(ROW)
        return await one.check()

    with asked(model) as (batcher, one):
        assert asyncio.run(check(batcher, one))
        assert model.runs == 1


def test_a_model_that_hangs_is_asked_once_and_nobody_waits_long(caplog: pytest.LogCaptureFixture) -> None:
    model = Model()
    model.may.clear()

    async def check(one: Readiness) -> tuple[list[bool], float, bool]:
        began = time.monotonic()
        crowd = await asyncio.gather(*(one.check() for _ in range(50)))
        await asyncio.gather(*(one.check() for _ in range(50)))
        took = time.monotonic() - began
        model.may.set()
        await asyncio.sleep(0.1)
        return crowd, took, await one.check()

    with asked(model) as (batcher, one), caplog.at_level(logging.WARNING):
        crowd, took, after = asyncio.run(check(one))
        assert not any(crowd)
        assert took < 2.0
        assert (model.runs, batcher.jobs_waiting) == (1, 0)
        assert after
        assert [record.message for record in caplog.records] == [
            "the model does not answer; the server is not ready"
        ]


def test_a_model_that_fails_is_not_ready_until_it_answers_and_is_asked_seldom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = Model()
    model.fails = True

    async def check(one: Readiness) -> list[bool]:
        failed = [await one.check() for _ in range(20)]
        assert model.runs == 1
        model.fails = False
        await asyncio.sleep(0.25)
        return [*failed, await one.check()]

    with asked(model) as (_, one), caplog.at_level(logging.WARNING):
        assert asyncio.run(check(one)) == [*[False] * 20, True]
        assert "failed to answer a small row: broken in two lines" in caplog.text


def test_a_full_queue_does_not_hinder_the_question() -> None:
    model = Model()

    async def check(batcher: Batcher, one: Readiness) -> bool:
        model.may.clear()
        tasks = [asyncio.create_task(batcher.submit(ROW))]
        await asyncio.sleep(0.05)
        tasks.append(asyncio.create_task(batcher.submit(ROW)))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.1, model.may.set)
        ready = await one.check()
        await asyncio.gather(*tasks)
        return ready

    with asked(model) as (batcher, one):
        assert asyncio.run(check(batcher, one))


def test_a_stopped_one_is_not_ready() -> None:
    with asked(Model()) as (batcher, one):
        batcher.stop()
        assert not asyncio.run(one.check())


def test_the_question_outlives_whoever_asked_first() -> None:
    model = Model()

    async def check(ask: Callable[[], Awaitable[bool]]) -> bool:
        model.may.clear()
        first = asyncio.ensure_future(ask())
        await asyncio.sleep(0.05)
        first.cancel()
        model.may.set()
        return await ask()

    with asked(model) as (_, one):
        assert asyncio.run(check(one.check))
        assert model.runs == 1
