"""A task that rnnzoo does not bring, as a user writes one: ordered classes, from bad over middling to good.

A model answers for each but the last class how likely it is that the truth is a better one (Frank & Hall 2001, A
Simple Approach to Ordinal Classification). A server imports this file without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnnzoo.decoding import Answer, ClassDecoding, Decoding
from rnnzoo.decoding.probabilities import sigmoid
from rnnzoo.tasks import Task


class OrdinalTask(Task):
    """Ordered classes ``(batch,)`` from logits ``(batch, classes - 1)``."""

    def head_units(self, num_classes: int) -> int:
        """Returns one unit for each step from a class to the next."""
        return num_classes - 1

    def output_shape(
        self, targets: tuple[int, ...], output: tuple[int, ...], *, classes: int
    ) -> tuple[int, ...]:
        """Returns ``(batch, classes - 1)``."""
        return (*targets, classes - 1)

    def class_numbers(self, outputs: np.ndarray) -> np.ndarray:
        """Returns how many steps are likelier taken than not."""
        return np.asarray((outputs > 0).sum(axis=-1))


class OrdinalDecoding(Decoding):
    """The class that is reached."""

    def answer(self, row: np.ndarray) -> Answer:
        """Returns the class, and the probability that the truth is better than each."""
        labels = self.label_names(len(row) + 1)
        better = dict(zip(labels, sigmoid(row).tolist(), strict=False))
        return {"label": labels[int((row > 0).sum())], "better_than": better}


def ordinal_scores(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Scores how many classes an answer is away from the truth."""
    away = np.abs((outputs > 0).sum(axis=-1) - targets)
    return {"mean_distance": float(away.mean()), "accuracy": float((away == 0).mean())}


def ordinal_baselines(splits: Any, part: Any) -> dict[str, Callable[[Any], np.ndarray]]:
    """The median class."""
    truth = splits.train.gather(np.arange(len(splits.train)))[1]
    steps = len(splits.decoding.labels) - 1
    row = np.where(np.arange(steps) < np.median(truth), 1.0, -1.0)
    return {"median class": lambda budget: np.tile(row, (len(part), 1))}


def ordinal_loss() -> Any:
    """Makes the loss: the mean cross-entropy of all steps."""
    import keras
    from keras import ops

    class OrdinalCrossentropy(keras.losses.Loss):
        """Classes ``(batch,)`` against logits ``(batch, classes - 1)``."""

        def call(self, y_true: Any, y_pred: Any) -> Any:
            steps = ops.arange(y_pred.shape[-1])
            reached = ops.cast(ops.expand_dims(ops.cast(y_true, "int32"), -1) > steps, y_pred.dtype)
            return ops.mean(ops.softplus(y_pred) - reached * y_pred, axis=-1)

    return OrdinalCrossentropy(name="ordinal")


ORDINAL = OrdinalTask(
    name="ordinal_regression",
    targets="classes",
    output="logits",
    activation="sigmoid",
    losses={"ordinal": ordinal_loss},
    scores=ordinal_scores,
    decoding=OrdinalDecoding,
    baselines=ordinal_baselines,
    stratified=True,
    confusion_matrix=True,
)


def task_with(**changes: Any) -> Task:
    """A plain task of classes, some of its fields changed."""
    fields: dict[str, Any] = {
        "name": "own_classes",
        "targets": "classes",
        "output": "logits",
        "output_axes": ("classes",),
        "losses": ("sparse_categorical_crossentropy",),
        "metrics": ("accuracy",),
        "scores": lambda outputs, targets: {"accuracy": 1.0},
        "decoding": ClassDecoding,
    }
    return Task(**{**fields, **changes})
