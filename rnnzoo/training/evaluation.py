"""A trained model on a part of the data: its outputs, the truth and the scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from rnnzoo import checks
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.model_inputs import input_structure
from rnnzoo.tasks import Task
from rnnzoo.training.compatibility import suited
from rnnzoo.training.feeding import feed
from rnnzoo.training.scores import Scores, score

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Evaluation:
    """A model on one part.

    Attributes:
        metrics: The scores, and the ``loss``.
        outputs: Logits or values, row by row; values, quantiles, means and scales in original units; for tagging
            one row per valid step.
        targets: The truth, likewise.
    """

    metrics: Scores
    outputs: np.ndarray
    targets: np.ndarray


def evaluate(
    model: keras.Model, splits: Splits, *, part: str = "test", task: str | None = None, batch_size: int = 256
) -> Scores:
    """Scores a model on one part of the data.

    Args:
        model: A model whose one output is logits, or values for regression and forecasting (or quantiles, or mean
            and scale).
        splits: The data.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        task: A name in the task table; ``None`` for that of the data.
        batch_size: Rows per step.

    Returns:
        Scores by name, values in original units: see ``rnnzoo.training.scores.score``.

    Raises:
        ArgumentError: If the data have no such part.
        DataError: If the model answers NaN or infinity.
    """
    checks.choice("part", part, PARTS)
    split = getattr(splits, part)
    if split is None:
        raise ArgumentError(f"part: received {part!r}, which these data do not have. Use part='validation'.")
    kind, splits = suited(model, splits, task)
    return evaluate_part(model, split, splits, kind, batch_size=batch_size).metrics


def evaluate_parts(model: keras.Model, splits: Splits, task: Task) -> dict[str, Evaluation]:
    """Evaluates a model on validation and, if there is one, test."""
    parts = {"validation": splits.validation, "test": splits.test}
    return {
        name: evaluate_part(model, split, splits, task) for name, split in parts.items() if split is not None
    }


def evaluate_part(
    model: keras.Model, split: Split, splits: Splits, task: Task, *, batch_size: int = 256
) -> Evaluation:
    """Runs a model over a part, in order, and scores it."""
    forward = forward_function(model)
    outputs, targets = [], []
    for inputs, truth, weights in split.batches(batch_size):
        output = forward(inputs)
        valid = ... if weights is None else weights > 0
        outputs.append(output[valid])
        targets.append(np.asarray(truth)[valid])
    joined, truth = np.concatenate(outputs), np.concatenate(targets)
    if not np.isfinite(joined).all():
        raise DataError(
            f"model {model.name!r}: answers NaN or infinity; expected finite outputs. "
            "Train it again with a lower learning_rate or gradient clipping."
        )
    # The loss of the whole part, not the mean of those of its batches.
    loss = {"loss": float(task.loss()(truth, joined))}
    if task.activation == "linear" and splits.decoding is not None:
        joined = splits.decoding.outputs_in_original_units(joined)
        truth = splits.decoding.in_original_units(truth)
    scores = score(task.name, joined, truth, quantiles=task.quantiles)
    return Evaluation({**scores, **loss}, joined, truth)


def forward_function(model: keras.Model) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
    """Returns a compiled inference function from named inputs to the one output."""
    import tensorflow as tf

    signature, structure = None, input_structure(model)
    if structure is not None:  # stated once, so that no new length is traced anew
        signature = [
            keras.tree.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), structure)
        ]
    step = tf.function(
        lambda x: model(x, training=False), input_signature=signature, reduce_retracing=signature is None
    )

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        tensors: dict[str, Any] = {name: tf.convert_to_tensor(value) for name, value in inputs.items()}
        return np.asarray(step(feed(model, tensors)))

    return forward
