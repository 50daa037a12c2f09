"""What each row adds to a score that is a mean over rows."""

from __future__ import annotations

import numpy as np

from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Batches
from rnnzoo.evaluation.details.examination import point_forecasts
from rnnzoo.evaluation.forecast_scores import pinball_losses
from rnnzoo.tasks import Task


def row_scores(
    metric: str, outputs: np.ndarray, targets: np.ndarray, task: Task, *, scale: np.ndarray | None = None
) -> np.ndarray | None:
    """Returns what each row adds to a score.

    Args:
        metric: The name of the score: ``"accuracy"``, ``"mae"``, ``"scaled_mae"``, ``"scaled_mse"`` or ``"pinball"``.
        outputs: The outputs of a model or a baseline, as an ``Evaluation`` has them.
        targets: The truth, likewise.
        task: The task.
        scale: For scaled scores, the deviation of each target in the training part ``(targets,)``.

    Returns:
        Numbers ``(rows,)``, for taggers ``(steps,)``, whose mean is the score; ``None`` for a score that is no mean
        over rows, such as an F1.

    Example:
        >>> from rnnzoo.tasks import get_task
        >>> row_scores("accuracy", np.array([[2.0, 0.0], [1.0, 0.0]]), np.array([0, 1]), get_task("classification"))
        array([1., 0.])
    """
    if metric == "accuracy" and task.targets == "classes" and task.confusion_matrix:
        return (task.class_numbers(outputs) == targets.reshape(-1)).astype(np.float64)
    if task.targets != "values":
        return None
    if metric == "pinball" and task.quantiles is not None:
        errors = np.asarray(targets, np.float64)[..., None] - task.forecast_quantiles(outputs)
        return _by_row(pinball_losses(errors, np.asarray(task.quantiles)))
    point = np.asarray(point_forecasts(task, outputs), np.float64)
    if point.shape != targets.shape:
        return None
    error = np.abs(point - targets)
    if metric == "mae":
        return _by_row(error)
    if scale is None or metric not in ("scaled_mae", "scaled_mse"):
        return None
    return _by_row(error / scale if metric == "scaled_mae" else (error / scale) ** 2)


def _by_row(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.reshape(len(values), -1).mean(axis=1))


def row_groups(split: Batches, lengths: np.ndarray | None = None) -> np.ndarray | None:
    """Returns which rows hang together: windows that overlap, and the steps of one row of tags.

    Windows of one series are cut into blocks of as many rows of the table as a window and its horizon have: beyond the
    next block no window has a step in common with one of this.

    Args:
        split: The part.
        lengths: For taggers, the valid steps of each row ``(rows,)``.

    Returns:
        The group of each window ``(windows,)``, or of each step of a tagger ``(steps,)``; ``None`` where rows have
        nothing in common.
    """
    if lengths is not None:
        return np.repeat(np.arange(len(lengths)), lengths)
    if not isinstance(split, WindowSplit):
        return None
    blocks = split.starts // (split.window + split.horizon)
    pairs = np.stack([split.series_of(), blocks], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
