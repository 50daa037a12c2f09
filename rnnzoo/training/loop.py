"""The loop under a training and under every trial of a search."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from rnnzoo import checks
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.readers.running_text import RunningTextSplit
from rnnzoo.data.split import Batch, Split
from rnnzoo.data.splits import Splits
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo.keras_models.carried_states import CarriedStates, ResetStates
from rnnzoo.keras_models.feeding import feed
from rnnzoo.tasks import Task
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.class_weights import class_weights, weigh_by_class
from rnnzoo.training.optimization.group_rates import group_rates
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.precision import check_precision, computing_in
from rnnzoo.training.optimization.training_loss import training_loss
from rnnzoo.training.run.checkpoint import Checkpoint, finished_epochs
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.watching.callbacks import Recorder, StopOnNonFinite, build_callbacks, epoch_counter
from rnnzoo.training.watching.execution import executing, steps_per_execution
from rnnzoo.training.watching.gradient_monitor import GradientMonitor, GradientSummary
from rnnzoo.training.watching.progress import BatchBar, epoch_reporter
from rnnzoo.training.written_gradients.recurrent_loops import written_gradients

#: Rows on which gradients are measured.
_WATCHED_ROWS = 32


@dataclass(frozen=True)
class Fitted:
    """What the loop gave: the history, the best epoch (from 1) and why it ended."""

    history: list[dict[str, float]]
    best_epoch: int
    stop_reason: str
    monitor: str
    gradients: GradientSummary | None = None


@dataclass(frozen=True)
class LearnedFrom:
    """The training part as it is learned from: with noise and weights of its classes, where they are wanted."""

    split: Split
    class_weights: np.ndarray | None


def _learned_from(splits: Splits, task: Task, config: TrainConfig) -> LearnedFrom:
    if config.reset_states and not isinstance(splits.train, RunningTextSplit):
        raise ArgumentError(
            f"reset_states: received {config.reset_states:g} for data whose rows are each read from the beginning; "
            "expected 0, for only running text (running_text_splits) carries states. Leave it out."
        )
    weights = None
    if config.class_weights is not None:
        weights = class_weights(splits, task, config.class_weights)
    return LearnedFrom(augmented(splits, config.augmentation), weights)


def fit(
    model: keras.Model,
    splits: Splits,
    *,
    task: Task,
    config: TrainConfig,
    run: RunDirectory | None = None,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = False,
    epochs: tuple[int, int] | None = None,
    learned_from: LearnedFrom | None = None,
) -> Fitted:
    """Compiles and fits a model; the loop under ``train`` and under every trial of a search.

    Args:
        model: The model, trained in place; it ends with the weights of the best epoch.
        splits: The data.
        task: The task.
        config: How to optimise.
        run: Where to keep checkpoints and history.
        resume: Whether to go on from the checkpoint of ``run``.
        callbacks: Further Keras callbacks.
        progress: Whether to show progress.
        epochs: First (counted from 0) and last epoch, for searches that train in rungs; ``None`` for all.
        learned_from: What ``splits`` and ``config`` make of the training part, where that is known already.

    Returns:
        History, best epoch and stop reason.
    """
    steps = _check(model, splits, task, config)
    monitor, direction = monitored(task, config)
    first, last = epochs or (0, config.epochs)
    _compile(model, task, config, steps_per_epoch=steps or 1, first=first)
    stopped = False
    if resume and run is not None:
        first, stopped = finished_epochs(run.checkpoint)

    history: list[dict[str, float]] = []
    counter, current_epoch = epoch_counter()
    standard = build_callbacks(
        config, monitor=monitor, direction=direction, directory=run.path if run else None
    )
    report = epoch_reporter(last, enabled=progress)
    chain = [counter, standard[0], Recorder(history, report), *standard[1:], *callbacks]
    bar = BatchBar(steps or 0, last) if progress and steps and BatchBar.wanted() else None
    if bar is not None:
        chain.append(bar)
    counting = [c for c in [*standard, *callbacks] if not isinstance(c, keras.callbacks.TensorBoard)]
    learned_from = learned_from or _learned_from(splits, task, config)
    if not resume:
        _seed(model, config.seed)
    watch: GradientMonitor | None = None
    with contextlib.ExitStack() as stack:
        if bar is not None:
            stack.callback(bar.close)
        stack.enter_context(written_gradients(model))
        stack.enter_context(executing(model, steps_per_execution(config, callbacks)))
        first_batch = _carry_states(model, splits, config, chain, stack)
        if config.monitor_gradients:
            watch = _watch(task, config, _weighed(first_batch, learned_from), run, resume=resume)
            chain.insert(chain.index(standard[0]) + 1, watch)
            counting.append(watch)
            stack.enter_context(watch.attached(model.optimizer))
        if run is not None:
            chain.append(Checkpoint(run.checkpoint, counting, history, resume=resume))
            chain.append(
                keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: run.write_history(history))
            )
        stack.enter_context(computing_in(model, config.mixed_precision))
        model.fit(
            _training_dataset(model, learned_from, config, current_epoch),
            validation_data=_dataset(model, splits.validation, config, shuffle=False),
            initial_epoch=first,
            # A run that had stopped by itself only takes up its best weights again.
            epochs=first if stopped else last,
            callbacks=chain,
            shuffle=False,  # the data come in their order
            verbose=0,
        )
    fitted = _summary(history, standard, monitor, direction, last)
    return fitted if watch is None else dataclasses.replace(fitted, gradients=watch.summary())


def _carry_states(
    model: keras.Model,
    splits: Splits,
    config: TrainConfig,
    chain: list[keras.callbacks.Callback],
    stack: contextlib.ExitStack,
) -> Callable[[], Batch]:
    """Lets layers go on from batch to batch where the data are streams; returns what gives the first batch."""

    def first_batch(rows: int = min(config.batch_size, _WATCHED_ROWS)) -> Batch:
        return next(iter(splits.train.batches(rows)))

    if not (isinstance(splits.train, RunningTextSplit) and isinstance(splits.validation, RunningTextSplit)):
        return first_batch
    states = CarriedStates(model, forget=config.reset_states)
    rows = splits.train.streams(config.batch_size), splits.validation.streams(_validation_rows(config))
    chain.insert(0, ResetStates(states, train_rows=rows[0], validation_rows=rows[1], seed=config.seed))
    stack.enter_context(states.attached())

    def first_of_streams() -> Batch:
        states.reset(rows[0])
        return first_batch(config.batch_size)

    return first_of_streams


def _weighed(batch: Callable[[], Batch], learned_from: LearnedFrom) -> Callable[[], Batch]:
    """Gives a batch the weights of its classes, as the steps have them."""
    if learned_from.class_weights is None:
        return batch
    weigh = weigh_by_class(learned_from.class_weights)
    return lambda: weigh(*batch())


def _watch(
    task: Task,
    config: TrainConfig,
    batch: Callable[[], Batch],
    run: RunDirectory | None,
    *,
    resume: bool,
) -> GradientMonitor:
    path = run.gradients if run is not None else None
    return GradientMonitor(config, batch=batch, loss=training_loss(task, config), path=path, resume=resume)


def monitored(task: Task, config: TrainConfig) -> tuple[str, str]:
    """Returns what training watches and whether more is better.

    Raises:
        UnknownNameError: If ``config.monitor`` is not a metric of the task.
    """
    if config.monitor is None:
        return task.objective, task.direction
    names = ["loss", *(metric.name for metric in task.keras_metrics())]
    checks.choice("monitor", config.monitor, [*names, *(f"val_{name}" for name in names)])
    return config.monitor, "max" if config.monitor.endswith(("accuracy", "auc")) else "min"


def _check(model: keras.Model, splits: Splits, task: Task, config: TrainConfig) -> int | None:
    """Checks that a config fits model and data; returns the batches of an epoch, if the data know them."""
    training_loss(task, config)
    monitored(task, config)
    check_precision(model, config.mixed_precision)
    if isinstance(splits.train, RunningTextSplit):
        CarriedStates(model)
    steps = _steps(splits.train, config)
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
    group_rates(model, config, steps_per_epoch=steps or 1)
    return steps


def _compile(
    model: keras.Model, task: Task, config: TrainConfig, *, steps_per_epoch: int, first: int
) -> None:
    weighted = task.name in ("tagging", "crf_tagging", "translation")
    model.compile(
        optimizer=build_optimizer(
            config,
            steps_per_epoch=steps_per_epoch,
            rates=group_rates(model, config, steps_per_epoch=steps_per_epoch),
            variables=model.trainable_variables,
        ),
        loss=training_loss(task, config),
        metrics=None if weighted else task.keras_metrics(),
        weighted_metrics=task.keras_metrics() if weighted else None,
        # XLA would compile anew for every length of sequence and brings nothing to recurrent loops.
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    # A search that trains in rungs goes on with the schedule, and with the layers that are trained already.
    getattr(model.optimizer, "inner_optimizer", model.optimizer)._iterations.assign(first * steps_per_epoch)


def _training_dataset(
    model: keras.Model, learned_from: LearnedFrom, config: TrainConfig, epoch: Callable[[], int]
) -> Any:
    dataset = _dataset(model, learned_from.split, config, shuffle=True, epoch=epoch)
    weights = learned_from.class_weights
    return dataset if weights is None else dataset.map(weigh_by_class(weights))


def _dataset(
    model: keras.Model,
    split: Any,
    config: TrainConfig,
    *,
    shuffle: bool,
    epoch: Callable[[], int] | None = None,
) -> Any:
    size = config.batch_size if shuffle else _validation_rows(config)
    dataset = split.dataset(
        size,
        tokens=config.tokens_per_batch if shuffle else None,
        shuffle=shuffle,
        seed=config.seed,
        epoch=epoch or (lambda: 0),
    )
    # tf.data takes a list for one tensor; Keras takes a tuple for a list.
    return dataset.map(lambda inputs, *rest: (keras.tree.lists_to_tuples(feed(model, inputs)), *rest))


def _steps(split: Any, config: TrainConfig) -> int | None:
    """Returns the batches of an epoch, if the data know them."""
    return split.num_batches(config.batch_size, tokens=config.tokens_per_batch)


def _validation_rows(config: TrainConfig) -> int:
    # Validation keeps no gradients: larger batches are faster and change nothing.
    return 4 * config.batch_size


def _seed(model: keras.Model, seed: int) -> None:
    """Gives every dropout generator of the model a state that follows from the seed and its place."""
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for place, state in enumerate(states):
        state.assign(np.array([seed, place << 16], dtype=str(state.dtype)))


def _summary(
    history: list[dict[str, float]],
    callbacks: Sequence[keras.callbacks.Callback],
    monitor: str,
    direction: str,
    last: int,
) -> Fitted:
    values = np.array([row.get(monitor, np.nan) for row in history], dtype=float)
    failed = next((c.failed_epoch for c in callbacks if isinstance(c, StopOnNonFinite)), None)
    if failed is not None and not np.isfinite(values[: failed - 1]).any():
        raise RunError(
            f"training: the loss became NaN or infinite in epoch {failed}, before any epoch was finished; "
            "expected a finite loss. Lower learning_rate, clip gradients, or look for extreme values in the data."
        )
    if not np.isfinite(values).any():
        raise ArgumentError(f"monitor: {monitor!r} was never finite; expected a metric of validation.")
    best = int(np.nanargmax(values if direction == "max" else -values))
    if failed is not None:
        reason = f"the loss became NaN or infinite in epoch {failed}; the best epoch before it was kept"
    elif any(c.stopped_epoch for c in callbacks if isinstance(c, keras.callbacks.EarlyStopping)):
        reason = f"{monitor} did not improve for {len(history) - 1 - best} epochs"
    elif history[-1]["epoch"] < last:
        reason = "a callback ended training"
    else:
        reason = "all epochs done"
    return Fitted(history=history, best_epoch=best + 1, stop_reason=reason, monitor=monitor)
