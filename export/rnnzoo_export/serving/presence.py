"""Whether the client of a request is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

_Value = TypeVar("_Value")


async def has_left(receive: Receive) -> None:
    """Waits until the client of a request, whose body was read, has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


async def while_there(receive: Receive, work: Coroutine[Any, Any, _Value]) -> _Value:
    """Does some work as long as the client is there.

    Args:
        receive: Where messages of the client come from.
        work: What is awaited.

    Raises:
        ClientDisconnect: If the client leaves; the work is cancelled then.
    """
    task, watch = asyncio.ensure_future(work), asyncio.ensure_future(has_left(receive))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        for each in (task, watch):
            each.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)
    raise ClientDisconnect
