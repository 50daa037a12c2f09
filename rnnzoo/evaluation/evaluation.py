"""A trained model on a part of the data: its outputs, the truth and the scores."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from rnnzoo import checks
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.readers.running_text import EVALUATED_SEQUENCES, RunningTextSplit
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.decoding.probabilities import log_softmax
from rnnzoo.decoding.viterbi import best_path
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.evaluation.compatibility import check_model_fits, choose_task
from rnnzoo.evaluation.joining import join_rows
from rnnzoo.evaluation.rows_of_windows import naive_errors
from rnnzoo.evaluation.scores import Scores, score
from rnnzoo.keras_models.carried_states import CarriedStates
from rnnzoo.keras_models.feeding import feed
from rnnzoo.keras_models.model_inputs import input_structure
from rnnzoo.tasks import Task

#: Rows of a batch at most whose tokens are scored.
_TOKEN_ROWS = 256
PARTS = ("train", "validation", "test")

#: From targets, outputs and weights to a number.
Loss = Callable[..., Any]
#: From inputs by name to the one output.
Forward = Callable[[dict[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Evaluation:
    """A model on one part.

    Attributes:
        metrics: The scores, and the ``loss``.
        outputs: Logits or values, row by row; values, quantiles, means and scales in original units; for tagging one
            row per valid step, with a 1 for each tag of the best path where the model gives potentials; for
            transcription padded with blanks; for models of text the negative log-likelihood of each token, for all
            logits would not fit into memory.
        targets: The truth, likewise.
        lengths: For tagging, the valid steps of each row.
        naive_errors: For forecasts, what scales MASE ``(rows, targets)``: see ``score``.
        weights: How much each row counts ``(rows,)``, each step ahead of a forecast ``(rows, horizon)`` or, for
            tagging, each valid step ``(steps,)``; ``None`` where all count alike.
        stretches: For tagging, how many valid steps follow each other without a gap, row after row; those of
            ``lengths`` where all steps of a row have a tag.
        places: For tagging, the number of each valid step within its row, from 0 ``(steps,)``.
    """

    metrics: Scores
    outputs: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray | None = None
    naive_errors: np.ndarray | None = None
    weights: np.ndarray | None = None
    stretches: np.ndarray | None = None
    places: np.ndarray | None = None

    def counted(self) -> tuple[Evaluation, np.ndarray]:
        """Returns the same without rows that weigh nothing, and the numbers of the others ``(rows,)``.

        Steps of taggers that weigh nothing are not there anyway; their rows stay.
        """
        if self.lengths is not None:
            return self, np.arange(len(self.lengths))
        if self.weights is None or self.weights.all():
            return self, np.arange(len(self.targets))
        kept = np.flatnonzero(self.weights.reshape(len(self.weights), -1).any(axis=1))
        names = ["outputs", "targets", "weights", *([] if self.naive_errors is None else ["naive_errors"])]
        rows = {name: getattr(self, name)[kept] for name in names}
        return dataclasses.replace(self, **rows), kept


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
        Scores by name, values in original units: see ``rnnzoo.evaluation.scores.score``.

    Raises:
        ArgumentError: If the data have no such part.
        DataError: If the model answers NaN or infinity.
    """
    return evaluate_whole(model, splits, part=part, task=task, batch_size=batch_size)[0].metrics


def evaluate_whole(
    model: keras.Model, splits: Splits, *, part: str = "test", task: str | None = None, batch_size: int = 256
) -> tuple[Evaluation, Splits, Task]:
    """Does what ``evaluate`` does, and returns outputs and truth too, with the data and the task as they were taken."""
    checks.choice("part", part, PARTS)
    split = getattr(splits, part)
    if split is None:
        raise ArgumentError(f"part: received {part!r}, which these data do not have. Use part='validation'.")
    chosen, splits = choose_task(model, splits, task)
    check_model_fits(model, splits, chosen)
    return evaluate_part(model, split, splits, chosen, batch_size=batch_size), splits, chosen


class Trained(Protocol):
    """What ``evaluate_parts`` needs of a problem that was trained: the model, its data and its task."""

    @property
    def model(self) -> keras.Model:
        """The model."""

    @property
    def splits(self) -> Splits:
        """The data, with the decoding for the task."""

    @property
    def task(self) -> Task:
        """The task."""

    @property
    def task_loss(self) -> keras.losses.Loss:
        """The loss of the task."""

    @property
    def validation_order(self) -> BatchOrder:
        """Which rows are a batch."""


def evaluate_parts(trained: Trained) -> dict[str, Evaluation]:
    """Evaluates a model on validation and, if there is one, test."""
    model, splits, task = trained.model, trained.splits, trained.task
    parts = {"validation": splits.validation, "test": splits.test}
    order, once = trained.validation_order, {}
    if task.targets != "tokens":
        once = {"forward": forward_function(model), "loss": trained.task_loss}
    return {
        name: evaluate_part(model, split, splits, task, batch_size=order, **once)
        for name, split in parts.items()
        if split is not None
    }


def evaluate_part(
    model: keras.Model,
    split: Split,
    splits: Splits,
    task: Task,
    *,
    batch_size: int | BatchOrder = 256,
    forward: Forward | None = None,
    loss: Loss | None = None,
) -> Evaluation:
    """Runs a model over a part, in order, and scores it.

    Args:
        model: The model.
        split: The part.
        splits: The data that it is of.
        task: The task.
        batch_size: Rows per step, or a whole order.
        forward: What ``forward_function`` made of the model already, where several parts are evaluated.
        loss: Likewise, the loss of the task.
    """
    order = batch_size if isinstance(batch_size, BatchOrder) else BatchOrder(batch_size)
    if task.targets == "tokens":
        return _evaluate_tokens(model, split, task, order)
    forward, loss = forward or forward_function(model), loss or task.loss()
    found = _Answers(model, task, loss)
    for inputs, truth, weights in split.iterate(order):
        found.add(forward(inputs), np.asarray(truth), weights)
    joined, targets, weights = found.joined()
    total = found.loss(joined, targets, weights)
    if task.targets == "values" and splits.decoding is not None:
        decoding = split.decoding_of_rows(splits.decoding)
        joined = decoding.outputs_in_original_units(joined)
        targets = decoding.in_original_units(targets)
    stretches = found.stretches
    naive = _naive_errors(split, splits)
    scores = score_outputs(
        joined, targets, splits, task, lengths=stretches, weights=weights, naive_errors=naive
    )
    metrics = {**scores, "loss": total}
    return Evaluation(metrics, joined, targets, found.lengths, naive, weights, stretches, found.places)


def _naive_errors(split: Split, splits: Splits) -> np.ndarray | None:
    """Returns what scales MASE for each row; ``None`` where rows are no windows of a table."""
    if not isinstance(split, WindowSplit) or not isinstance(splits.train, WindowSplit):
        return None
    season = splits.description.get("seasonality")
    return naive_errors(splits.train, season=season)[split.series_of()]


class _Answers:
    """What a model answers to the batches of a part."""

    def __init__(self, model: keras.Model, task: Task, loss: Loss) -> None:
        self._model, self._task, self._loss = model, task, loss
        self._pairs = task.output == "potentials"
        self._outputs: list[np.ndarray] = []
        self._targets: list[np.ndarray] = []
        self._weights: list[np.ndarray] = []
        self._losses: list[float] = []
        self._valid: list[np.ndarray] = []

    def add(self, output: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> None:
        """Adds a batch."""
        # Rows that weigh nothing stay, so that all rows of the part are there; steps do not.
        valid: Any = ...
        counted: Any = ... if weights is None else np.asarray(weights) > 0
        if self._task.per_step:
            valid = counted = np.broadcast_to(True if weights is None else counted, truth.shape)
            self._valid += list(valid)
        _check_finite(self._model, output[counted])
        if self._pairs:  # far too large to be kept
            self._losses.append(float(self._loss(truth, output, weights)))
            output = np.eye(output.shape[-1], dtype=np.float32)[best_path(output)]
        self._outputs.append(output[valid])
        self._targets.append(truth[valid])
        if weights is not None:
            self._weights.append(np.asarray(weights)[valid])

    def joined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Returns outputs, targets and weights of the whole part; ``None`` where all weigh alike."""
        joined = [
            rows[0] if len(rows) == 1 else join_rows(rows)
            for rows in (self._outputs, self._targets, self._weights)
            if rows
        ]
        weights = joined[2] if len(joined) > 2 else None
        alike = weights is None or not weights.size or (weights == weights.flat[0]).all()
        return joined[0], joined[1], None if alike else weights

    def loss(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> float:
        """Returns the loss of the whole part, which is not the mean of those of its batches."""
        if self._pairs:
            return float(np.average(self._losses, weights=[len(part) for part in self._targets]))
        if weights is None:
            return float(self._loss(targets, outputs))
        return float(self._loss(targets, outputs, sample_weight=weights / weights.mean()))

    @property
    def lengths(self) -> np.ndarray | None:
        """The valid steps of each row."""
        return np.array([valid.sum() for valid in self._valid], int) if self._task.per_step else None

    @property
    def places(self) -> np.ndarray | None:
        """The number of each valid step within its row, row after row."""
        return np.concatenate([np.flatnonzero(valid) for valid in self._valid]) if self._valid else None

    @property
    def stretches(self) -> np.ndarray | None:
        """How many valid steps follow each other, row after row."""
        if not self._task.per_step:
            return None
        edges = [np.flatnonzero(np.diff(np.pad(valid.astype(np.int8), 1))) for valid in self._valid]
        return np.concatenate([ends[1::2] - ends[::2] for ends in edges])


def score_outputs(
    outputs: np.ndarray,
    targets: np.ndarray,
    splits: Splits,
    task: Task,
    *,
    lengths: np.ndarray | None = None,
    naive_errors: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Scores:
    """Scores outputs, of a model or of a baseline, with what the data know of labels and scale.

    Args:
        outputs: The outputs.
        targets: The truth.
        splits: The data.
        task: The task.
        lengths: ``stretches`` of an ``Evaluation`` of these rows.
        weights: Its ``weights``.
    """
    decoding = splits.decoding
    return score(
        task,
        outputs,
        targets,
        labels=decoding.labels if decoding is not None else None,
        lengths=lengths,
        weights=weights,
        quantiles=task.quantiles,
        scale=decoding.scale if decoding is not None else None,
        naive_errors=naive_errors,
    )


def _check_finite(model: keras.Model, output: np.ndarray) -> None:
    if not np.isfinite(output).all():
        raise DataError(
            f"model {model.name!r}: answers NaN or infinity; expected finite outputs. "
            "Train it again with a lower learning_rate or gradient clipping."
        )


def _evaluate_tokens(model: keras.Model, split: Split, task: Task, order: BatchOrder) -> Evaluation:
    """Scores a model of text token by token; on running text with the states of all that came before."""
    # A batch has a float64 for each token that there is, at each step.
    order = dataclasses.replace(order, size=min(order.size, _TOKEN_ROWS))
    carrying: Any = contextlib.nullcontext()
    if isinstance(split, RunningTextSplit):
        states = CarriedStates(model)
        # Few sequences, for each starts without a past.
        order = dataclasses.replace(order, size=min(order.size, EVALUATED_SEQUENCES))
        states.reset(split.sequences(order.size))
        carrying = states.attached()
    losses, targets = [], []
    with carrying:
        forward = forward_function(model)
        for inputs, truth, weights in split.iterate(order):
            valid = np.ones(truth.shape, bool) if weights is None else weights > 0
            logits = forward(inputs)[valid].astype(np.float64)
            losses.append(-log_softmax(logits)[np.arange(len(logits)), truth[valid]])
            targets.append(truth[valid])
    joined = np.concatenate(losses)
    _check_finite(model, joined)
    truth = np.concatenate(targets)
    return Evaluation({**score(task, joined, truth), "loss": float(joined.mean())}, joined, truth)


def forward_function(model: keras.Model) -> Forward:
    """Returns a compiled inference function from named inputs to the one output."""
    import tensorflow as tf

    step: Any = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    structure = input_structure(model)
    if structure is not None:
        # Traced once for all lengths. A function of each model and part would have TensorFlow warn of retracing.
        step = step.get_concrete_function(
            keras.tree.map_structure(lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), structure)
        )

    arranged: dict[tuple[str, ...], Any] = {}

    def forward(inputs: dict[str, np.ndarray]) -> np.ndarray:
        names = tuple(inputs)
        if names not in arranged:
            arranged[names] = feed(model, {name: name for name in names}, structure=structure)
        arrays = keras.tree.map_structure(lambda name: tf.convert_to_tensor(inputs[name]), arranged[names])
        return np.asarray(step(arrays))

    return forward
