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
from rnnzoo_export.serving.batching import Batcher, LeftError
from rnnzoo_export.serving.jobs import Arrays


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


def test_short_jobs_do_not_wait_for_long_ones() -> None:
    gate = Gate()

    def execute(inputs: Arrays) -> Arrays:
        return gate(inputs) if len(inputs["x"]) > 1 else double(inputs)

    async def asked(one: Batcher) -> list[float]:
        long = await submitted(one, rows(4), rows(4))
        began = time.perf_counter()
        for _ in range(5):
            await one.submit(rows(1))
        passed = time.perf_counter() - began
        gate.open.set()
        await asyncio.gather(*long)
        return [passed]

    with batcher(execute) as one:
        one.costs.learn(4, 3, 1.0)
        one.costs.learn(1, 3, 0.001)
        assert asyncio.run(asked(one))[0] < 0.5


def test_the_deadline_counts_from_the_arrival() -> None:
    gate = Gate()

    async def late(one: Batcher) -> float:
        began = time.monotonic()
        with pytest.raises(RequestError) as caught:
            await one.submit(rows(1), since=began - 0.9)
        assert caught.value.status == 504
        return time.monotonic() - began

    with batcher(gate, deadline=1.0) as one:
        assert asyncio.run(late(one)) < 0.5
        gate.open.set()


def test_no_more_work_is_taken_in_than_can_be_done_in_time() -> None:
    gate = Gate()

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, rows(8), rows(8), rows(8), rows(1))
        gate.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batcher(gate, deadline=5.0) as one:
        one.costs.learn(8, 3, 2.0)
        one.costs.learn(1, 3, 0.001)
        answers = asyncio.run(crowd(one))
        assert one.ready
    assert [type(answer) for answer in answers] == [dict, dict, RequestError, dict]
    assert answers[2].status == 503
    assert str(answers[2]) == (
        "server: the work that waits takes about 4 s, and this 2.0 s; expected at most 5 s together. Try again later, "
        "or send fewer rows."
    )


def test_what_nobody_wants_makes_room_and_sizes_that_were_not_run_are_tried() -> None:
    gate = Gate()

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, rows(8), rows(8))
        tasks[1].cancel()
        tasks += await submitted(one, rows(8), rows(4))
        gate.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batcher(gate, deadline=5.0) as one:
        one.costs.learn(8, 3, 2.4)
        one.costs.learn(1, 3, 2.0)  # as of a first run: by this four rows would take too long
        answers = asyncio.run(crowd(one))
    assert [type(answer) for answer in answers] == [dict, asyncio.CancelledError, dict, dict]


def test_the_time_that_a_body_took_is_not_left_for_the_work() -> None:
    gate = Gate()

    async def crowd(one: Batcher) -> list[Any]:
        tasks = await submitted(one, rows(8), rows(8))
        tasks.append(asyncio.create_task(one.submit(rows(8), since=time.monotonic() - 4.0)))
        await asyncio.sleep(0.05)
        gate.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with batcher(gate, deadline=5.0) as one:
        one.costs.learn(8, 3, 1.0)
        one.costs.learn(1, 3, 0.001)
        answers = asyncio.run(crowd(one))
        with pytest.raises(RequestError) as caught:
            one.check_time(time.monotonic() - 5.1)
        one.check_time(time.monotonic() - 4.0)
    assert [type(answer) for answer in answers] == [dict, dict, RequestError]
    assert caught.value.status == 504


def test_one_that_takes_longer_than_the_deadline_by_itself_is_tried_where_nothing_waits() -> None:
    with batcher(double, deadline=1.0) as one:
        one.costs.learn(8, 3, 2.0)
        assert asyncio.run(one.submit(rows(8)))["y"].shape == (8, 3)


def test_what_a_client_leaves_behind_is_dropped() -> None:
    gate = Gate()

    async def asked(one: Batcher) -> None:
        left = asyncio.Event()
        first = (await submitted(one, rows(1)))[0]
        gone = asyncio.create_task(one.submit(rows(2), left=left.wait))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        left.set()
        with pytest.raises(LeftError):
            await gone
        gate.open.set()
        await first

    with batcher(gate) as one:
        asyncio.run(asked(one))
    assert gate.sizes == [1]


class Threads:
    """An execute that notes the threads that call it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.on_loop: list[bool] = []
        self.seconds = seconds

    def __call__(self, inputs: Arrays) -> Arrays:
        self.on_loop.append(threading.current_thread() is threading.main_thread())
        time.sleep(self.seconds)
        return double(inputs)


def learned(one: Batcher, seconds: float = 0.0001) -> None:
    one.costs.learn(1, 3, seconds)


def test_runs_that_are_known_to_be_short_are_made_on_the_event_loop() -> None:
    threads, before = Threads(), list[bool]()

    async def asked(one: Batcher) -> None:
        await one.submit(rows(1))  # nothing is known yet
        await asyncio.sleep(0.05)  # the thread rests again
        learned(one)
        one.costs.learn(3, 3, 0.0002)
        answers = await asyncio.gather(*(one.submit(rows(1, number)) for number in range(3)))
        assert [float(answer["y"][0, 0]) for answer in answers] == [0.0, 2.0, 4.0]
        before.extend(threads.on_loop)
        one.costs.learn(8, 3, 1.0)
        await one.submit(rows(8))

    with batcher(threads, on_loop=0.002) as one:
        asyncio.run(asked(one))
        assert one.jobs_waiting == 0
        assert one.ready
    assert before[0] is False
    assert set(before[1:]) == {True}
    assert not any(threads.on_loop[len(before) :])


def test_no_run_holds_up_the_event_loop_twice() -> None:
    threads = Threads(seconds=0.05)

    async def asked(one: Batcher) -> None:
        for _ in range(3):
            learned(one)
            one.costs.learn = lambda *_: None  # type: ignore[method-assign]
            await one.submit(rows(1))

    with batcher(threads, on_loop=0.002) as one:
        asyncio.run(asked(one))
    assert threads.on_loop == [True, False, False]


def test_an_error_of_a_run_on_the_event_loop_is_that_of_its_request() -> None:
    def choosy(inputs: Arrays) -> Arrays:
        if (inputs["x"] == 13).any():
            raise RequestError("inputs: thirteen")
        return double(inputs)

    async def asked(one: Batcher) -> list[Any]:
        jobs = [one.submit(rows(1, value)) for value in (1, 13, 2)]
        return await asyncio.gather(*jobs, return_exceptions=True)

    with batcher(choosy, on_loop=0.002) as one:
        learned(one)
        answers = asyncio.run(asked(one))
        assert one.ready
    assert [type(answer) for answer in answers] == [dict, RequestError, dict]


def test_a_stopped_one_makes_no_runs_on_the_event_loop() -> None:
    with batcher(double, on_loop=0.002) as one:
        learned(one)
    with pytest.raises(RequestError) as caught:
        asyncio.run(one.submit(rows(1)))
    assert caught.value.status == 503
