"""What early stopping, the best checkpoint and a search compare epochs by."""

from __future__ import annotations

from typing import Literal, NamedTuple

from rnnzoo import checks
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


def choose_monitor(task: Task, config: TrainConfig) -> Monitor:
    """Returns what training watches: that of the config, or the objective of the task.

    Args:
        task: The task.
        config: Its ``monitor`` is looked at.

    Raises:
        UnknownNameError: If ``config.monitor`` is not a metric of the task.

    Example:
        >>> from rnnzoo.tasks import get_task
        >>> choose_monitor(get_task("classification"), TrainConfig(monitor="val_loss"))
        Monitor(name='val_loss', direction='min')
    """
    if config.monitor is None:
        return Monitor(task.objective, task.direction)
    names = ["loss", *(metric.name for metric in task.keras_metrics())]
    checks.choice("monitor", config.monitor, [*names, *(f"val_{name}" for name in names)])
    return Monitor(config.monitor, "max" if direction_of(config.monitor) > 0 else "min")
