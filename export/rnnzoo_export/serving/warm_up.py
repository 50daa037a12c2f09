"""The first runs of a model: before them nothing is known of what it costs, and the first request would pay for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnzoo_export.serving.batching import Batcher
from rnnzoo_export.signature import Signature, TensorSpec

# Steps of the run from which it is learned what a step takes.
_STEPS = 64


async def warm_up(
    batcher: Batcher, row: Callable[[int], dict[str, np.ndarray]], least: int, most: int
) -> None:
    """Starts what runs a model and lets it answer.

    Args:
        batcher: What runs it.
        row: Returns what the session takes for one row of so many steps.
        least: The least steps of a row.
        most: The most steps of a row.
    """
    batcher.start()
    await batcher.submit(row(least))
    batcher.costs.forget()  # the first run takes longer than those that follow
    for steps in (least, max(least, min(_STEPS, most))):
        await batcher.submit(row(steps))


def some_inputs(signature: Signature, steps: int) -> dict[str, np.ndarray]:
    """Returns one row of so many steps, none of which is padding."""
    free = (1, steps)
    return {
        spec.name: np.full(
            [size or (free[axis] if axis < 2 else 1) for axis, size in enumerate(spec.shape)],
            _is_read(spec),
            spec.dtype,
        )
        for spec in signature.inputs
    }


def _is_read(spec: TensorSpec) -> bool:
    """Whether it is ones, not zeros, that mean a step to an input."""
    return spec.dtype == "bool" or (spec.name == "tokens" and spec.categories != 1)


def stepped_inputs(signature: Signature) -> list[str]:
    """Returns the names of the inputs whose number of steps is free."""
    return [spec.name for spec in signature.inputs if len(spec.shape) > 1 and spec.shape[1] is None]
