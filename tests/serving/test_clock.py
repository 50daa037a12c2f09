"""Truth of ``rnnzoo_export.serving.clock``: everything at its time, and nothing that was left out."""

from __future__ import annotations

import asyncio
import time

import pytest

from rnnzoo_export.serving.clock import Clock, TimeLimit


class Bell:
    """Notes when it was due."""

    def __init__(self, seconds: float, rung: list[str], name: str) -> None:
        self.when, self._rung, self._name = time.monotonic() + seconds, rung, name

    def due(self) -> None:
        assert time.monotonic() >= self.when
        self._rung.append(self._name)


def test_each_is_called_once_in_the_order_of_their_times_and_none_that_was_left_out() -> None:
    clock, rung = Clock(), list[str]()

    async def ring() -> None:
        bells = [Bell(seconds, rung, f"{seconds}") for seconds in (0.2, 0.05, 0.1)]
        for bell in bells:
            clock.add(bell)
        gone = Bell(0.07, rung, "gone")
        clock.add(gone)
        clock.leave_out(gone)
        clock.leave_out(gone)
        await asyncio.sleep(0.15)
        assert rung == ["0.05", "0.1"]
        bells[0].when += 0.2
        clock.add(bells[0])
        await asyncio.sleep(0.15)
        assert rung == ["0.05", "0.1"]
        await asyncio.sleep(0.2)

    asyncio.run(ring())
    assert rung == ["0.05", "0.1", "0.2"]
    asyncio.run(ring_once(clock, rung))  # on another event loop
    assert rung[-1] == "again"


async def ring_once(clock: Clock, rung: list[str]) -> None:
    clock.add(Bell(0.02, rung, "again"))
    await asyncio.sleep(0.1)


def test_what_lasts_too_long_is_ended() -> None:
    clock = Clock()

    async def limited(seconds: float, wait: float) -> str:
        with TimeLimit(clock, time.monotonic() + seconds) as limit:
            await asyncio.sleep(wait)
            limit.move(time.monotonic() + seconds)
            await asyncio.sleep(wait)
        return "done"

    async def both() -> None:
        assert await limited(0.1, 0.06) == "done"
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await limited(0.05, 5.0)
        assert time.monotonic() - began < 1.0
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(both())


def test_who_cancels_the_task_is_not_told_of_a_time_limit() -> None:
    clock = Clock()

    async def limited() -> None:
        with TimeLimit(clock, time.monotonic() + 5.0):
            await asyncio.sleep(5.0)

    async def cancelled() -> None:
        task = asyncio.create_task(limited())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_an_error_within_stays_what_it_is() -> None:
    clock = Clock()

    async def wrong() -> None:
        with TimeLimit(clock, time.monotonic() + 5.0):
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(wrong())


def test_those_that_are_due_beside_one_that_fails_are_called() -> None:
    clock, rung = Clock(), list[str]()

    class Broken(Bell):
        def due(self) -> None:
            raise ValueError("broken")

    async def ring() -> None:
        clock.add(Broken(0.01, rung, ""))
        clock.add(Bell(0.01, rung, "rung"))
        await asyncio.sleep(0.05)

    asyncio.run(ring())
    assert rung == ["rung"]
