"""What a training gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras

from rnnzoo.training.watching.gradient_monitor import GradientSummary


@dataclass(frozen=True)
class TrainResult:
    """What training gave.

    Attributes:
        model: The model with the weights of its best epoch, compiled.
        history: One dictionary per epoch: ``epoch`` (from 1), losses and metrics, ``learning_rate``, ``seconds``.
        metrics: Metrics of the best epoch on the parts ``"validation"`` and, if there is one, ``"test"``.
        best_epoch: The epoch the weights are from, counted from 1.
        stop_reason: Why training ended.
        seconds: Seconds of training, over all resumed parts.
        directory: The run directory, if one was asked for.
        gradients: What the gradients of the last epoch were like, with ``TrainConfig(monitor_gradients=True)``.
    """

    model: keras.Model
    history: list[dict[str, float]]
    metrics: dict[str, dict[str, float]]
    best_epoch: int
    stop_reason: str
    seconds: float
    directory: Path | None = None
    gradients: GradientSummary | None = None
