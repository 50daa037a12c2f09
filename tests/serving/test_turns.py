"""Truth of ``rnnzoo_export.serving.turns``: what is short is heard between the turns of a crowd."""

from __future__ import annotations

import asyncio

from rnnzoo_export.serving.turns import Turns


def test_a_crowd_goes_few_by_few_in_order_and_others_come_in_between() -> None:
    seen: list[str] = []

    async def long(turns: Turns, number: int) -> None:
        await turns.next()
        seen.append(str(number))

    async def short() -> None:
        seen.append("short")

    async def crowd() -> None:
        turns = Turns()
        tasks = [asyncio.create_task(long(turns, number)) for number in range(12)]
        while len(seen) < 2:
            await asyncio.sleep(0)
        await asyncio.create_task(short())
        await asyncio.gather(*tasks)

    asyncio.run(crowd())
    assert [one for one in seen if one != "short"] == [str(number) for number in range(12)]
    assert 1 < seen.index("short") < 11


def test_a_lone_one_does_not_wait_and_who_has_left_takes_no_turn() -> None:
    async def alone() -> list[int]:
        turns, seen = Turns(), []
        await asyncio.wait_for(turns.next(), 0.1)
        tasks = [asyncio.create_task(turns.next()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        for number, task in enumerate(tasks):
            try:
                await asyncio.wait_for(task, 1.0)
                seen.append(number)
            except asyncio.CancelledError:
                pass
        await asyncio.sleep(0.01)
        await asyncio.wait_for(turns.next(), 0.1)
        return seen

    assert asyncio.run(alone()) == [0, 2]
