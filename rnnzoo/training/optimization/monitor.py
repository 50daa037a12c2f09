"""What early stopping, the best checkpoint and a search compare epochs by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Literal, NamedTuple

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.tasks import Task
from rnnzoo.training.config import TrainConfig


class Monitor(NamedTuple):
    """A metric and which of its values are better.

    Attributes:
        name: The metric, such as ``"val_accuracy"``.
        direction: ``"max"`` where more is better, ``"min"`` where less is.
    """

    name: str
    direction: Literal["max", "min"]

    @property
    def sign(self) -> float:
        """What to multiply values by so that more is better."""
        return 1.0 if self.direction == "max" else -1.0


def metric_names(task: Task, own: Iterable[Any] = ()) -> list[str]:
    """Returns what Keras logs in each epoch: the loss and the metrics, of training and of validation.

    Args:
        task: The task.
        own: Further Keras metrics.
    """
    names = ["loss", *(metric.name for metric in (*task.keras_metrics(), *own))]
    return [*names, *(f"val_{name}" for name in names)]


def choose_monitor(
    task: Task,
    config: TrainConfig,
    scores: Callable[[], Collection[str]] = lambda: (),
    own: Iterable[Any] = (),
) -> Monitor:
    """Returns what training watches: that of the config, or the objective of the task.

    Args:
        task: The task.
        config: Its ``monitor`` and ``monitor_direction`` are looked at.
        scores: Returns the names of the scores that the task reports; asked only where no metric has the name.
        own: Further Keras metrics.

    Raises:
        UnknownNameError: If ``config.monitor`` is neither a metric nor, with ``val_`` before it, a score of the task.
        ArgumentError: If nobody knows whether more of it is better.

    Example:
        >>> from rnnzoo.tasks import get_task
        >>> choose_monitor(get_task("classification"), TrainConfig(monitor="val_loss"))
        Monitor(name='val_loss', direction='min')
    """
    name = config.monitor
    if name is None:
        return Monitor(task.objective, task.direction)
    known = metric_names(task, own)
    if name not in known:
        known += [f"val_{score}" for score in scores()]
    checks.choice("monitor", name, list(dict.fromkeys(known)))
    if config.monitor_direction is not None:
        return Monitor(name, config.monitor_direction)
    if name == task.objective:
        return Monitor(name, task.direction)
    direction = direction_of(name)
    if not direction:
        raise ArgumentError(
            f"monitor: received {name!r}, of which nobody knows whether more is better; expected a score with a "
            "direction. Pass monitor_direction='max' or monitor_direction='min' too."
        )
    return Monitor(name, "max" if direction > 0 else "min")
