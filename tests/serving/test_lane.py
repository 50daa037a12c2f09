"""Truth of ``rnnzoo_export.serving.lane`` and ``rnnzoo_export.serving.jobs``: long jobs take turns, a piece each."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnzoo_export.serving import lane
from rnnzoo_export.serving.jobs import Arrays, Job
from rnnzoo_export.serving.lane import Lane
from rnnzoo_export.serving.run_costs import RunCosts


def job(rows: int, value: float, steps: int = 3) -> Job:
    loop = asyncio.get_running_loop()
    return Job({"x": np.full((rows, steps), value)}, loop, loop.create_future())


class Runs:
    """An execute that notes whose rows it was given, and does not begin before it is let."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []
        self.may = threading.Event()

    def __call__(self, inputs: Arrays) -> Arrays:
        assert self.may.wait(10)
        self.seen.append(inputs["x"][:, 0].tolist())
        time.sleep(0.02)
        return {"y": inputs["x"] * 2}


def ran(
    submit: Callable[[], list[Job]], *, piece_rows: int, max_batch: int | None = 32
) -> tuple[list[list[float]], list[Any]]:
    """Lets a lane run jobs that come at once; returns the rows of each run, and the answers."""
    costs, runs = RunCosts(), Runs()
    costs.learn(1, 3, lane.PIECE_SECONDS / piece_rows)

    async def asked() -> list[Any]:
        one = Lane(runs, costs, max_batch=max_batch)
        costs.learn = lambda *_: None  # type: ignore[method-assign]
        jobs = submit()
        assert not one.add(jobs[0])  # nobody would run it
        one.start()
        with one._changed:  # the thread looks when all are there
            for each in jobs:
                assert one.add(each)
        runs.may.set()
        try:
            return await asyncio.gather(*(each.future for each in jobs), return_exceptions=True)
        finally:
            one.stop()
            await asyncio.to_thread(one.join, 10)
            assert one.seconds() == 0.0

    return runs.seen, asyncio.run(asked())


def test_long_jobs_take_turns() -> None:
    seen, answers = ran(lambda: [job(12, 1.0), job(8, 2.0)], piece_rows=5)
    # What is left of the second is no more than a piece, and goes with the first.
    assert seen == [[1.0] * 5, [2.0] * 5, [1.0] * 5 + [2.0] * 3, [1.0] * 2]
    assert [answer["y"].shape for answer in answers] == [(12, 3), (8, 3)]
    assert [float(answer["y"].min()) for answer in answers] == [2.0, 4.0]


def test_a_small_job_waits_for_one_piece_of_a_large_one() -> None:
    seen, _ = ran(lambda: [job(30, 1.0), job(1, 2.0, steps=4)], piece_rows=10)
    assert seen == [[1.0] * 10, [2.0], [1.0] * 10, [1.0] * 10]


def test_small_jobs_of_one_shape_go_with_the_piece_of_a_large_one() -> None:
    seen, _ = ran(lambda: [job(20, 1.0), job(2, 2.0), job(3, 3.0, steps=4), job(1, 4.0)], piece_rows=8)
    assert seen[0] == [1.0] * 8 + [2.0] * 2 + [4.0]
    assert seen[1] == [3.0] * 3


def test_few_rows_are_not_cut_however_long_they_take() -> None:
    assert [len(rows) for rows in ran(lambda: [job(9, 1.0)], piece_rows=1)[0]] == [4, 4, 1]


def test_where_rows_are_not_free_a_job_is_run_alone_and_whole() -> None:
    seen, _ = ran(lambda: [job(9, 1.0), job(9, 2.0)], piece_rows=1, max_batch=None)
    assert [len(rows) for rows in seen] == [9, 9]


def test_a_job_that_nobody_wants_is_dropped_between_its_pieces() -> None:
    left: list[Job] = []

    def submit() -> list[Job]:
        left.extend([job(20, 1.0), job(2, 2.0, steps=4), job(1, 3.0, steps=4)])
        left[1].future.cancel()
        left[2].future.add_done_callback(lambda _: left[0].future.cancel())
        return left

    seen, answers = ran(submit, piece_rows=4)
    assert [2.0, 2.0] not in seen
    assert len([rows for rows in seen if rows[0] == 1.0]) < 5
    assert isinstance(answers[0], asyncio.CancelledError)


def test_what_joins_makes_no_run_of_many_pieces() -> None:
    seen, _ = ran(lambda: [job(4, float(value)) for value in range(8)], piece_rows=4)
    assert [len(rows) for rows in seen] == [16, 16]


def test_it_keeps_up_as_long_as_no_run_lasts_too_long_whenever_its_job_arrived() -> None:
    costs, runs = RunCosts(), Runs()

    async def asked() -> list[bool]:
        one = Lane(runs, costs, max_batch=8)
        one.start()
        late = job(1, 1.0)
        late.since -= 100.0
        one.add(late)
        await asyncio.sleep(0.05)
        seen = [one.keeps_up(1.0), one.keeps_up(0.01)]
        runs.may.set()
        await late.future
        one.stop()
        await asyncio.to_thread(one.join, 10)
        return [*seen, one.keeps_up(1.0), one.add(job(1, 1.0))]

    assert asyncio.run(asked()) == [True, False, False, False]


def test_steps_are_those_of_inputs_whose_steps_are_free() -> None:
    async def steps(free: list[str] | None) -> int:
        loop = asyncio.get_running_loop()
        inputs = {"past": np.zeros((2, 30, 3)), "static": np.zeros((2, 500))}
        return Job(inputs, loop, loop.create_future(), 0.0, free).steps

    assert asyncio.run(steps(["past"])) == 30
    assert asyncio.run(steps(None)) == 500
    assert asyncio.run(steps([])) == 1


def test_a_run_on_another_thread_and_one_on_its_own_are_never_made_at_once() -> None:
    costs, at_once, most = RunCosts(), [0], [0]
    costs.learn(1, 3, 0.0001)

    def execute(inputs: Arrays) -> Arrays:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.002)
        at_once[0] -= 1
        return {"y": inputs["x"]}

    async def asked() -> None:
        one = Lane(execute, costs, max_batch=1)
        costs.learn = lambda *_: None  # type: ignore[method-assign]
        one.start()
        jobs = [job(1, float(number)) for number in range(40)]
        for each in jobs:
            one.add(each)  # wakes the thread
            one.run_short(0.001)
            await asyncio.sleep(0)
        await asyncio.gather(*(each.future for each in jobs))
        one.stop()
        await asyncio.to_thread(one.join, 10)
        assert not one.at_work

    asyncio.run(asked())
    assert most == [1]


def test_no_more_is_run_on_another_thread_than_is_short_together() -> None:
    costs, sizes = RunCosts(), list[int]()
    for rows in (1, 2, 4, 8, 16, 31):
        costs.learn(rows, 3, rows * 0.001)

    def execute(inputs: Arrays) -> Arrays:
        sizes.append(len(inputs["x"]))
        return {"y": inputs["x"]}

    async def asked() -> None:
        one = Lane(execute, costs, max_batch=32)
        costs.learn = lambda *_: None  # type: ignore[method-assign]
        one.start()
        jobs = [job(1, 1.0) for _ in range(5)]
        for each in jobs[:2]:
            one.add(each, wake=False)
        assert one.run_short(0.0021)
        assert sizes == [2]
        for each in jobs[2:]:
            one.add(each, wake=False)
        assert not one.run_short(0.0021)
        one.wake()
        await asyncio.gather(*(each.future for each in jobs))
        assert sizes == [2, 3]
        one.stop()

    asyncio.run(asked())


def test_what_is_left_of_a_job_when_the_lane_is_stopped_is_run_too() -> None:
    costs = RunCosts()
    costs.learn(4, 3, 0.0004)
    costs.learn(8, 3, 0.0008)

    async def asked() -> None:
        def execute(inputs: Arrays) -> Arrays:
            one.stop()
            return {"y": inputs["x"] * 2}

        one = Lane(execute, costs, max_batch=4)
        one.start()
        whole = job(8, 1.5)
        one.add(whole, wake=False)
        assert one.run_short(0.002)
        answer = await asyncio.wait_for(whole.future, 5)
        assert answer["y"].shape == (8, 3)
        await asyncio.to_thread(one.join, 5)
        assert not one.at_work

    asyncio.run(asked())
