"""The loss that is minimised: the task's own, its targets smoothed if wanted."""

from __future__ import annotations

from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.losses.smoothed_crossentropy import SmoothedCrossentropy
from rnnzoo.tasks import Task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.own_objects import make_loss


def training_loss(task: Task, config: TrainConfig, *, unlabelled: bool = False) -> Any:
    """Returns the Keras loss to train with.

    Args:
        task: The task.
        config: Its ``loss`` and ``label_smoothing`` are looked at.
        unlabelled: Whether some steps have no tag: the loss is then the mean over those that have one. Keras divides by
            all, so that few tags would make all gradients small.

    Raises:
        UnknownNameError: If the task has no such loss.
        ArgumentError: If targets are to be smoothed that are no classes.
    """
    loss = _smoothed(task, config)
    if (
        unlabelled
        and not config.own_loss
        and task.output == "logits"
        and loss.reduction == "sum_over_batch_size"
    ):
        loss.reduction = "mean_with_sample_weight"
    return loss


def _smoothed(task: Task, config: TrainConfig) -> Any:
    if config.loss is not None and config.own_loss:
        return make_loss(config.loss)
    loss = task.loss(config.loss)
    if not config.label_smoothing:
        return loss
    if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return SmoothedCrossentropy(config.label_smoothing, reduction=loss.reduction)
    if isinstance(loss, keras.losses.BinaryCrossentropy):
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    raise ArgumentError(
        f"label_smoothing: received {config.label_smoothing} for task {task.name!r}; expected 0, for its loss compares "
        "no class with its probability. Leave it out."
    )
