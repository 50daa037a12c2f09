"""Training: one function from a model and its data to the best epoch, on disk if asked."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rnnzoo import checks
from rnnzoo.data.augmentation.augmented_split import augmented
from rnnzoo.data.split import Batch, Split
from rnnzoo.data.splits import Splits
from rnnzoo.data.streams import StreamSplit
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo.tasks import Task
from rnnzoo.training.callbacks import Recorder, StopOnNonFinite, build_callbacks, epoch_counter
from rnnzoo.training.carried_states import CarriedStates, ResetStates
from rnnzoo.training.checkpoint import Checkpoint, finished_epochs
from rnnzoo.training.class_weights import class_weights, weigh_by_class
from rnnzoo.training.compatibility import check_model_fits, suited
from rnnzoo.training.config import BASELINE_SECONDS, TrainConfig
from rnnzoo.training.execution import executing, steps_per_execution
from rnnzoo.training.feeding import feed
from rnnzoo.training.gradient_monitor import GradientMonitor, GradientSummary, read_summary
from rnnzoo.training.group_rates import group_rates
from rnnzoo.training.optimizers import build_optimizer
from rnnzoo.training.precision import check_precision, computing_in
from rnnzoo.training.progress import BatchBar, epoch_reporter
from rnnzoo.training.recurrent_loops import written_gradients
from rnnzoo.training.run_directory import RunDirectory
from rnnzoo.training.training_loss import training_loss

if TYPE_CHECKING:
    from rnnzoo.training.evaluation import Evaluation

#: Rows on which gradients are measured.
_WATCHED_ROWS = 32


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


def train(
    model: keras.Model,
    splits: Splits,
    *,
    task: str | None = None,
    config: TrainConfig | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
    baseline_seconds: float = BASELINE_SECONDS,
    details: Mapping[str, Any] | None = None,
) -> TrainResult:
    """Trains a model and keeps the weights of its best epoch.

    Any Keras model will do whose one output is logits (values for regression and forecasting). It is compiled
    here. Given the same weights, data, config and machine, two runs see the same batches and the same noise.

    Args:
        model: The model; it is trained in place.
        splits: The data. Only the training part is learned from, only the validation part is watched.
        task: A name in the task table; ``None`` for that of the data and the model's output: ``"crf_tagging"`` for a
            tagger with ``crf``, and for forecasts of a distribution theirs.
        config: How to optimise; ``None`` for the defaults.
        directory: Where to keep the run: model, preprocessing, config, history, metrics, plots and report, and
            a checkpoint after every epoch. ``None`` keeps nothing.
        resume: Whether to go on from an unfinished run in ``directory``, as if it had never been stopped; of a finished
            one the result is returned, and baselines are fitted whose fitting was stopped.
        overwrite: Whether a run in ``directory`` may be replaced.
        callbacks: Further Keras callbacks; plain counters in their attributes survive a resume.
        progress: Whether to show progress on standard error.
        baseline_seconds: Seconds that fitting the baselines of ``directory`` may take together, once the run is
            written; one that would take more is left out, and named in ``metrics.json`` and report. 0 fits none.
        details: JSON-able facts to keep in ``config.json``, such as how the data were read.

    Returns:
        The result; ``result.model`` is ``model``.

    Raises:
        ArgumentError: If model, data, task and augmentation do not fit together.
        RunError: If the loss is not finite from the first epoch on, or a run cannot be resumed.
        PathExistsError: If ``directory`` holds something and neither flag says what to do with it.
        KeyboardInterrupt: If it is interrupted; in the middle of a baseline the run in ``directory`` is whole.

    Example:
        >>> from rnnzoo import create_model, load_dataset
        >>> splits = load_dataset("digits")
        >>> model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
        >>> result = train(model, splits, config=TrainConfig(epochs=1, batch_size=256), progress=False)
        >>> sorted(result.metrics)
        ['test', 'validation']
    """
    # Pictures and metrics need libraries that a search, which trains many times, can do without.
    from rnnzoo.training.baseline_scores import NOT_WANTED, STOPPED
    from rnnzoo.training.evaluation import evaluate_parts
    from rnnzoo.training.run_files import write_run_files

    config = config or TrainConfig()
    checks.number("baseline_seconds", baseline_seconds, minimum=0)
    kind, splits = suited(model, splits, task)
    check_model_fits(model, splits, kind)
    # What does not go together is refused before anything is written or deleted.
    _check(model, splits, kind, config)
    learned_from = _learned_from(splits, kind, config)
    run = RunDirectory(directory) if directory is not None else None
    resuming = False
    if run is not None:
        description = _describe(model, splits, kind, config)
        if resume and run.finished:
            run.check_same(description)
            result = _finished(model, splits, kind, config, run)
            _fit_baselines(run, result, splits, kind, baseline_seconds, progress=progress)
            return result
        description["details"] = dict(details or {})
        resuming = run.prepare(config=description, resume=resume, overwrite=overwrite)
    fitted = fit(
        model,
        splits,
        task=kind,
        config=config,
        run=run,
        resume=resuming,
        callbacks=callbacks,
        progress=progress,
        learned_from=learned_from,
    )
    evaluation = evaluate_parts(model, splits, kind)
    result = TrainResult(
        model=model,
        history=fitted.history,
        metrics={name: part.metrics for name, part in evaluation.items()},
        best_epoch=fitted.best_epoch,
        stop_reason=fitted.stop_reason,
        seconds=sum(row["seconds"] for row in fitted.history),
        directory=run.path if run else None,
        gradients=fitted.gradients,
    )
    if run is not None:
        left_out = STOPPED if baseline_seconds else NOT_WANTED
        write_run_files(run, result, splits, kind, evaluation, left_out=left_out)
        run.checkpoint.unlink(missing_ok=True)
        _fit_baselines(run, result, splits, kind, baseline_seconds, evaluation, progress=progress)
    return result


def _fit_baselines(
    run: RunDirectory,
    result: TrainResult,
    splits: Splits,
    task: Task,
    seconds: float,
    evaluation: Mapping[str, Evaluation] | None = None,
    *,
    progress: bool,
) -> None:
    """Fits baselines whose fitting was not begun or was stopped."""
    from rnnzoo.training.baseline_scores import STOPPED, add_baselines
    from rnnzoo.training.evaluation import evaluate_part

    known = run.read_metrics()["baselines"]
    if not seconds or STOPPED not in known.get("skipped", {}).values():
        return
    part = known["part"]
    if evaluation is None:
        evaluation = {part: evaluate_part(result.model, getattr(splits, part), splits, task)}
    add_baselines(run, result, splits, task, evaluation[part], seconds=seconds, progress=progress)


def _finished(
    model: keras.Model, splits: Splits, task: Task, config: TrainConfig, run: RunDirectory
) -> TrainResult:
    """Returns the result of a finished run; ``model`` gets its weights."""
    _compile(model, task, config, steps_per_epoch=_steps(splits.train, config) or 1, first=0)
    model.load_weights(run.model)
    return saved_result(model, run)


def saved_result(model: keras.Model, run: RunDirectory) -> TrainResult:
    """Returns the result that a finished run keeps.

    Args:
        model: Its model, with the weights of the best epoch.
        run: The run.
    """
    metrics, history = run.read_metrics(), run.read_history()
    return TrainResult(
        model=model,
        history=history,
        metrics={name: metrics[name] for name in ("validation", "test") if name in metrics},
        best_epoch=metrics["best_epoch"],
        stop_reason=metrics["stop_reason"],
        seconds=sum(row["seconds"] for row in history),
        directory=run.path,
        gradients=read_summary(run.gradients, metrics["gradients"]) if "gradients" in metrics else None,
    )


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
    if config.reset_states and not isinstance(splits.train, StreamSplit):
        raise ArgumentError(
            f"reset_states: received {config.reset_states:g} for data whose rows are each read from the beginning; "
            "expected 0, for only running text (text_stream_splits) carries states. Leave it out."
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

    if not (isinstance(splits.train, StreamSplit) and isinstance(splits.validation, StreamSplit)):
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
    if isinstance(splits.train, StreamSplit):
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
    return split.num_batches(config.batch_size, tokens=config.tokens_per_batch) if split.sized else None


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


def _describe(model: keras.Model, splits: Splits, task: Task, config: TrainConfig) -> dict[str, Any]:
    return {
        "task": task.name,
        "model": {"name": model.name, "parameters": int(model.count_params())},
        "train_config": config.to_dict(),
        "data": splits.description,
    }
