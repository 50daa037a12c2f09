"""The last layer of every builder."""

from __future__ import annotations

from keras import layers

from rnnzoo import checks
from rnnzoo.tasks import get_task, row_tasks
from rnnzoo.tensors import Tensor


def dense_head(x: Tensor, units: int, *, name: str, zeros: bool = False) -> Tensor:
    """Projects the last axis to ``units``; in float32 even where the body runs in mixed precision.

    Args:
        x: The tensor.
        units: The width of the answer.
        name: The layer's name.
        zeros: Whether its weights are zero at first.
    """
    initializer = "zeros" if zeros else "glorot_uniform"
    return layers.Dense(units, kernel_initializer=initializer, dtype="float32", name=name)(x)


def answer_head(x: Tensor, *, num_classes: int, task: str) -> Tensor:
    """Projects ``(batch, width)`` to the answer of a classifier's task: ``logits``, or ``values`` for regression."""
    answered = get_task(checks.choice("task", task, row_tasks()))
    units = answered.head_units(checks.integer("num_classes", num_classes, minimum=1))
    return dense_head(x, units, name=answered.output)
