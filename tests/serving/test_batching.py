"""Truth of ``rnnzoo_export.serving.batching``.

The batcher: alone at once, together when busy, and no request may harm another.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import RequestError
from rnnzoo_export.serving.batching import Arrays, Batcher


def double(inputs: Arrays) -> Arrays:
    return {"y": inputs["x"] * 2}


def rows(count: int, value: float = 1.0, width: int = 3) -> dict[str, np.ndarray]:
    return {"x": np.full((count, width), value)}


@contextmanager
def batcher(execute: Callable[[Arrays], Arrays], **options: Any) -> Iterator[Batcher]:
    made = Batcher(execute, **{"max_batch": 8, "max_queue": 4, "deadline": 5.0, **options})
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Gate:
    """An execute that waits to be let through, and notes what it was given."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, inputs: Arrays) -> Arrays:
        self.sizes.append(len(inputs["x"]))
        assert self.open.wait(10)
        return double(inputs)


async def submitted(one: Batcher, *jobs: dict[str, np.ndarray]) -> list[asyncio.Task[Any]]:
    """Hands in jobs; when this returns, the first is being run and the others wait."""
    tasks = []
    for job in jobs:
        tasks.append(asyncio.create_task(one.submit(job)))
        await asyncio.sleep(0.05)
    return tasks


def test_a_lone_request_is_answered_at_once() -> None:
    with batcher(double) as one:
        started = time.perf_counter()
        outputs = asyncio.run(one.submit(rows(2, 3.0)))
        assert time.perf_counter() - started < 0.5
    np.testing.assert_array_equal(outputs["y"], np.full((2, 3), 6.0))


def test_those_of_one_shape_that_wait_are_run_together() -> None:
    gate = Gate()

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, rows(1, 1), rows(2, 2), rows(1, 3, width=4), rows(3, 4))
        gate.open.set()
        return await asyncio.gather(*tasks)

    with batcher(gate) as one:
        answers = asyncio.run(crowd(one))
    assert gate.sizes == [1, 5, 1]
    assert [answer["y"].shape for answer in answers] == [(1, 3), (2, 3), (1, 4), (3, 3)]
    assert [float(answer["y"][0, 0]) for answer in answers] == [2.0, 4.0, 6.0, 8.0]


def test_a_large_request_is_run_in_pieces() -> None:
    gate = Gate()
    gate.open.set()
    with batcher(gate) as one:
        assert asyncio.run(one.submit(rows(20)))["y"].shape == (20, 3)
    assert gate.sizes == [8, 8, 4]


def test_only_the_request_at_fault_fails() -> None:
    gate = Gate()

    def choosy(inputs: Arrays) -> Arrays:
        outputs = gate(inputs)
        if (inputs["x"] == 13).any():
            raise RequestError("inputs: thirteen")
        return outputs

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, rows(1), rows(1, 2), rows(1, 13), rows(1, 4))
        gate.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batcher(choosy) as one:
        answers = asyncio.run(crowd(one))
    assert [type(answer) for answer in answers] == [dict, dict, RequestError, dict]
    assert float(answers[3]["y"][0, 0]) == 8.0


def test_an_answer_that_is_not_finite_is_500() -> None:
    with batcher(lambda inputs: {"y": inputs["x"] * np.nan}) as one, pytest.raises(RequestError) as caught:
        asyncio.run(one.submit(rows(1)))
    assert caught.value.status == 500


def test_a_full_queue_is_503_and_a_late_answer_504() -> None:
    gate = Gate()

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, *[rows(1)] * 6)
        assert not await asyncio.to_thread(lambda: one.ready)  # older than the deadline by now
        gate.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batcher(gate, max_queue=4, deadline=0.25) as one:
        answers = asyncio.run(crowd(one))
        assert one.ready
    statuses = [answer.status for answer in answers if isinstance(answer, RequestError)]
    assert statuses.count(503) == 1
    assert statuses.count(504) >= 1


def test_a_worker_that_dies_is_replaced() -> None:
    deaths: list[int] = []

    def mortal(inputs: Arrays) -> Arrays:
        if not deaths:
            deaths.append(1)
            raise SystemExit  # not an Exception: it ends the thread
        return double(inputs)

    with batcher(mortal) as one:
        with pytest.raises(RequestError) as caught:
            asyncio.run(one.submit(rows(1)))
        assert caught.value.status == 503
        assert not one.ready
        time.sleep(0.5)
        assert one.ready
        assert asyncio.run(one.submit(rows(1)))["y"][0, 0] == 2.0


def test_a_stopped_one_takes_no_more() -> None:
    with batcher(double) as one:
        pass
    with pytest.raises(RequestError) as caught:
        asyncio.run(one.submit(rows(1)))
    assert caught.value.status == 503
