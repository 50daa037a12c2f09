"""A user's task tried on one batch, so that its mistakes come to light before training and not after it."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.split import Batch, Batches
from rnnzoo.data.splits import Splits
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, RnnzooError, one_line
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.evaluation.scores import Scores
from rnnzoo.keras_models.feeding import feed
from rnnzoo.tasks import Task

#: Enough that most scores are defined.
_ROWS = 256


class _OneBatch:
    """The first batch of a part."""

    def __init__(self, split: Batches) -> None:
        self._split, self._batch = split, split.first(_ROWS)

    def iterate(self, order: BatchOrder) -> Iterator[Batch]:
        yield self._batch

    def decoding_of_rows(self, decoding: Decoding) -> Decoding:
        """Returns the decoding for the outputs of the batch."""
        return self._split.decoding_of_rows(decoding, np.arange(len(self._batch[1])))


def try_task(model: keras.Model, splits: Splits, task: Task) -> None:
    """Makes losses and metrics of a task, and scores the answers of a model to one batch.

    Args:
        model: The model, which may be untrained.
        splits: The data.
        task: The task.

    Raises:
        ArgumentError: If a name is not there, or one of them does not do what ``Task`` asks for; the message names the
            field.
    """
    task.check_names()
    for field, made, kind in (
        ("losses", [task.loss(name) for name in task.losses], keras.losses.Loss),
        ("metrics", task.keras_metrics(), keras.metrics.Metric),
    ):
        for found in made:
            if not isinstance(found, kind):
                raise ArgumentError(
                    f"{field}: received <{type(found).__name__}> for task {task.name!r}; expected a Keras "
                    f"{kind.__name__.lower()}."
                )
    known = ["val_loss", *(f"val_{metric.name}" for metric in task.keras_metrics())]
    if task.objective not in known:
        raise ArgumentError(
            f"objective: received {task.objective!r} for task {task.name!r}; expected one of {', '.join(known)}. "
            "Name one of its metrics, not of its scores."
        )
    try:
        _evaluate_first(model, splits, task)
    except RnnzooError:
        raise
    except Exception as error:
        raise ArgumentError(
            f"task {task.name!r}: loss and scores of one batch raised {type(error).__name__} ({one_line(error)}); "
            "expected numbers. Correct losses or scores of the task."
        ) from error


def score_names(model: keras.Model, splits: Splits, task: Task, *, wanted: str) -> list[str]:
    """Returns the names of the scores that a task reports of the validation part.

    Args:
        model: The model, which may be untrained.
        splits: The data.
        task: The task.
        wanted: The score that is looked for. Some are undefined for few rows: all are scored where the first rows do
            not have it.
    """
    names = list(_evaluate_first(model, splits, task))
    return names if wanted in names else list(evaluate_part(model, splits.validation, splits, task).metrics)


def _evaluate_first(model: keras.Model, splits: Splits, task: Task) -> Scores:
    """Scores the answers of a model to the first rows of the validation part."""
    part = _OneBatch(splits.validation)

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        return np.asarray(model(feed(model, inputs), training=False))

    return evaluate_part(model, part, splits, task, forward=forward).metrics  # type: ignore[arg-type]
