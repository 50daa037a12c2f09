"""Truth of ``rnnzoo_export.serving.pace``: it tells long calls from short ones, whoever wrote the function."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.serving.pace import Pace
from rnnzoo_export.serving.turns import Turns
from rnnzoo_export.serving.work import Work


def where(sleep: float, size: int, *, calls: int = 3) -> list[bool]:
    """Whether each call of a function that takes so long was made on the event loop."""
    seen: list[bool] = []

    def work_on() -> None:
        if sleep:
            time.sleep(sleep)
        seen.append(threading.current_thread() is threading.main_thread())

    pace = Pace(work_on)
    batcher = Batcher(lambda inputs: inputs, max_batch=8, max_queue=8, deadline=10.0)

    async def ask() -> None:
        work = Work(Turns())
        for _ in range(calls):
            await work.paced(batcher, time.monotonic(), size, pace)

    asyncio.run(ask())
    return seen


def test_what_is_short_goes_on_the_event_loop_once_that_is_known() -> None:
    places = where(0.0, 1000, calls=50)
    assert not places[0]
    assert places[-1]  # by then, even where the machine was busy at first


@pytest.mark.parametrize(("sleep", "size"), [(0.02, 1000), (0.0, 20_000)])
def test_what_is_long_or_large_never_does(sleep: float, size: int) -> None:
    assert where(sleep, size) == [False] * 3


def test_a_call_that_fails_is_learned_from_too() -> None:
    def fail() -> Any:
        raise ValueError("no")

    pace = Pace(fail)
    assert pace.seconds(10) == float("inf")
    with pytest.raises(ValueError, match="no"):
        pace(10)
    assert 0 < pace.seconds(20) < 1
