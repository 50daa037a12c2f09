"""What is trained: a model, its data, its task and a config, checked and made ready once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.readers.running_text import RunningTextSplit
from rnnzoo.data.split import Split
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.compatibility import check_model_fits, choose_task
from rnnzoo.evaluation.task_trial import score_names, try_task
from rnnzoo.keras_models.carried_states import CarriedStates
from rnnzoo.tasks import TASKS, Task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.class_weights import class_weights
from rnnzoo.training.optimization.group_rates import GroupRate, group_rates
from rnnzoo.training.optimization.monitor import Monitor, choose_monitor, metric_names
from rnnzoo.training.optimization.own_trial import try_own
from rnnzoo.training.optimization.precision import check_precision
from rnnzoo.training.optimization.training_loss import training_loss
from rnnzoo.training.own_objects import make_metrics


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A model, its data, its task and a config that fit together, with all that follows from them.

    ``prepare`` makes it; training, evaluation, a run directory and a search take it, so that nothing is checked or
    computed twice.

    Attributes:
        model: The model, not yet compiled for this problem.
        splits: The data, with the decoding for the task.
        task: What the model is trained and judged for.
        config: How to optimise.
        train: The training part as it is learned from: with noise, where it is wanted.
        class_weights: The weight of each class ``(classes,)``; ``None`` where all weigh the same.
        loss: The Keras loss that is minimised.
        metrics: Keras metrics of the user, beside those of the task.
        task_loss: The Keras loss of the task, which the scores at the end have; the same where nothing else is asked.
        monitor: What epochs are compared by.
        rates: Factor of the learning rate and first step of each weight; ``None`` where all are trained alike.
        steps: Batches of an epoch; ``None`` where the data do not know them.
        train_order: Which rows are a batch in training, but for the epoch.
        validation_order: Which rows are a batch in validation, and when the model is scored at the end.
        states: The states that layers carry from batch to batch of running text; ``None`` for all other data.
    """

    model: keras.Model
    splits: Splits
    task: Task
    config: TrainConfig
    train: Split
    class_weights: np.ndarray | None
    loss: keras.losses.Loss
    metrics: Sequence[keras.metrics.Metric]
    task_loss: keras.losses.Loss
    monitor: Monitor
    rates: Sequence[GroupRate] | None
    steps: int | None
    train_order: BatchOrder
    validation_order: BatchOrder
    states: CarriedStates | None

    def describe(self) -> dict[str, Any]:
        """Returns what makes two trainings the same, as ``config.json`` of a run has it."""
        return describe(self.model, self.splits, self.task, self.config)


def prepare(
    model: keras.Model,
    splits: Splits,
    task: str | None,
    config: TrainConfig,
    *,
    like: Problem | None = None,
) -> Problem:
    """Checks that model, data, task and config fit together, and computes what follows from them.

    Args:
        model: The model.
        splits: The data.
        task: A name in the task table; ``None`` for that of the data and the model's output.
        config: How to optimise.
        like: A problem of the same data, such as that of an earlier trial: what does not depend on the model is taken
            from it where the fields of the config are the same.

    Raises:
        ArgumentError: If two of them do not fit together.
        UnknownNameError: If task, loss, monitor or a class is unknown.

    Example:
        >>> from rnnzoo import create_model, load_dataset
        >>> splits = load_dataset("digits")
        >>> model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
        >>> problem = prepare(model, splits, None, TrainConfig(batch_size=256))
        >>> problem.task.name, problem.monitor.name, problem.steps
        ('classification', 'val_accuracy', 5)
    """
    found, splits = choose_task(model, splits, task)
    earlier = partial(_same, like, found, config)
    check_model_fits(model, splits, found, like=same.model if (same := earlier()) else None)
    if TASKS.is_own(found.name) and not earlier():
        try_task(model, splits, found)
    loss = same.loss if (same := earlier("loss", "label_smoothing")) else _loss(splits, found, config)
    metrics = _metrics(found, config)
    same = earlier("monitor", "monitor_direction")
    monitor = same.monitor if same else _monitor(model, splits, found, config, metrics)
    if metrics or (config.loss is not None and config.own_loss):
        try_own(model, splits, loss if config.own_loss else None, metrics)
    if config.mixed_precision is not None:
        check_precision(model, config.mixed_precision)
    states = _states(model, splits, config)
    order = BatchOrder(config.batch_size, tokens=config.tokens_per_batch, shuffle=True, seed=config.seed)
    steps = _steps(splits.train, order, config)
    rates = None
    if config.discriminative is not None or config.gradual_unfreezing is not None:
        rates = group_rates(model, config, steps_per_epoch=steps or 1)
    same = earlier("class_weights")
    weights = same.class_weights if same else _weights(splits, found, config)
    train = splits.train
    if config.augmentation is not None:
        same = earlier("augmentation")
        train = same.train if same else augmented(splits, config.augmentation)
    return Problem(
        model=model,
        splits=splits,
        task=found,
        config=config,
        train=train,
        class_weights=weights,
        loss=loss,
        metrics=metrics,
        task_loss=loss if config.loss is None and not config.label_smoothing else found.loss(),
        monitor=monitor,
        rates=rates,
        steps=steps,
        train_order=order,
        # Validation keeps no gradients: larger batches are faster and change nothing.
        validation_order=BatchOrder(4 * config.batch_size, seed=config.seed),
        states=states,
    )


def describe(model: keras.Model, splits: Splits, task: Task, config: TrainConfig) -> dict[str, Any]:
    """Returns the same of what is not prepared: see ``Problem.describe``."""
    return {
        "task": task.name,
        "model": {"name": model.name, "parameters": int(model.count_params())},
        "train_config": config.to_dict(),
        "data": splits.description,
    }


def _loss(splits: Splits, task: Task, config: TrainConfig) -> keras.losses.Loss:
    loss: keras.losses.Loss = training_loss(task, config, unlabelled=splits.train.unlabelled > 0)
    return loss


def _metrics(task: Task, config: TrainConfig) -> list[keras.metrics.Metric]:
    """Returns the metrics of the user."""
    if not config.metrics:
        return []
    made = make_metrics(config.metrics)
    known = ["loss", *(metric.name for metric in task.keras_metrics())]
    for metric in made:
        if metric.name in known:
            raise ArgumentError(
                f"metrics: received one named {metric.name!r}, as another of task {task.name!r} is; expected a name of "
                "its own. Give it one: name='my_name'."
            )
        known.append(metric.name)
    return made


def _monitor(
    model: keras.Model, splits: Splits, task: Task, config: TrainConfig, own: Sequence[keras.metrics.Metric]
) -> Monitor:
    name = config.monitor
    if name is None:
        return choose_monitor(task, config)
    if not isinstance(splits.train, RunningTextSplit) or name in metric_names(task, own):
        wanted = name.removeprefix("val_")
        return choose_monitor(task, config, partial(score_names, model, splits, task, wanted=wanted), own)
    raise ArgumentError(
        f"monitor: received {name!r} for running text, whose layers carry states of the batches of training; expected "
        f"one of {', '.join(metric_names(task, own))}. Perplexity and bits fall with val_loss: leave monitor out."
    )


def _same(like: Problem | None, task: Task, config: TrainConfig, *names: str) -> Problem | None:
    """Returns an earlier problem if it has the same task, and these fields of the config are the same."""
    if like is None or like.task != task:
        return None
    return like if all(getattr(like.config, name) == getattr(config, name) for name in names) else None


def _states(model: keras.Model, splits: Splits, config: TrainConfig) -> CarriedStates | None:
    """Returns what lets layers go on from batch to batch, where the data are running text."""
    if not isinstance(splits.train, RunningTextSplit):
        if config.reset_states:
            raise ArgumentError(
                f"reset_states: received {config.reset_states:g} for data whose rows are each read from the beginning; "
                "expected 0, for only running text (running_text_splits) carries states. Leave it out."
            )
        return None
    return CarriedStates(model, forget=config.reset_states)


def _weights(splits: Splits, task: Task, config: TrainConfig) -> np.ndarray | None:
    return None if config.class_weights is None else class_weights(splits, task, config.class_weights)


def _steps(split: Split, order: BatchOrder, config: TrainConfig) -> int | None:
    """Returns the batches of an epoch, if the data know them and they suit the config."""
    steps = split.count(order)
    for name in ("gradual_unfreezing", "schedule", "warmup"):
        value = getattr(config, name)
        if steps is None and value not in (None, "constant", 0):
            raise ArgumentError(
                f"{name}: received {value} with data of unknown size; expected a number of batches to count epochs by. "
                "Give the tf.data a cardinality (dataset.apply(tf.data.experimental.assert_cardinality(n))), or leave "
                "it out."
            )
    if steps is not None and steps * config.epochs < config.accumulation:
        raise ArgumentError(
            f"accumulation: received {config.accumulation} with {steps} batches in each of {config.epochs} epochs, so "
            "that no weight would ever move; expected as many batches in all at least. Lower it."
        )
    return steps
