"""The loop under a training and under every trial of a search."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from rnnzoo.data.split import Batch
from rnnzoo.errors import ArgumentError, RunError
from rnnzoo.evaluation.evaluation import evaluate_part, forward_function
from rnnzoo.evaluation.scores import Scores
from rnnzoo.keras_models.carried_states import ResetStates
from rnnzoo.keras_models.feeding import feed
from rnnzoo.training.optimization.class_weights import weigh_by_class
from rnnzoo.training.optimization.linear_start import start_at_ridge
from rnnzoo.training.optimization.monitor import metric_names
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.precision import half_precision
from rnnzoo.training.problem import Problem
from rnnzoo.training.run.checkpoint import Checkpoint, finished_epochs
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.watching.callbacks import TrainingCallbacks, build_callbacks
from rnnzoo.training.watching.epoch_scores import EpochScores
from rnnzoo.training.watching.execution import steps_at_once, steps_per_execution
from rnnzoo.training.watching.gradient_monitor import GradientMonitor, GradientSummary
from rnnzoo.training.watching.progress import BatchBar, epoch_reporter
from rnnzoo.training.watching.start_candidate import StartCandidate
from rnnzoo.training.written_gradients.forgotten_gradients import forgetting_gradients
from rnnzoo.training.written_gradients.recurrent_loops import written_gradients

#: Rows on which gradients are measured.
_WATCHED_ROWS = 32

History = list[dict[str, float]]


@dataclass(frozen=True)
class Fitted:
    """What the loop gave: the history, the best epoch (from 1; 0 for the start) and why it ended."""

    history: History
    best_epoch: int
    stop_reason: str
    gradients: GradientSummary | None = None


def fit(
    problem: Problem,
    *,
    run: RunDirectory | None = None,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = False,
    epochs: tuple[int, int] | None = None,
    once: bool = False,
) -> Fitted:
    """Compiles and fits a model; the loop under ``train`` and under every trial of a search.

    Args:
        problem: What is trained; its model is trained in place and ends with the weights of the best epoch.
        run: Where to keep checkpoints and history.
        resume: Whether to go on from the checkpoint of ``run``.
        callbacks: Further Keras callbacks.
        progress: Whether to show progress.
        epochs: First (counted from 0) and last epoch, for searches that train in rungs; ``None`` for all.
        once: Whether ``run`` gets model and history at the end alone, which its checkpoint has after each epoch.

    Returns:
        History, best epoch and stop reason.
    """
    model, config = problem.model, problem.config
    first, last = epochs or (0, config.epochs)
    compile_model(problem, first=first)
    stopped = False
    if resume and run is not None:
        first, stopped = finished_epochs(run.checkpoint)
    if not resume:
        _seed(model, config.seed)
    started = config.linear_start and not (resume or first) and start_at_ridge(model, problem.splits)
    history: History = []
    with contextlib.ExitStack() as stack:
        wanted = _callbacks(problem, history, run, own=callbacks, last=last, progress=progress, once=once)
        if wanted.bar is not None:
            stack.callback(wanted.bar.close)
        stack.enter_context(forgetting_gradients())
        stack.enter_context(written_gradients(model))
        stack.enter_context(steps_at_once(model, steps_per_execution(config, callbacks)))
        if problem.states is not None:
            stack.enter_context(problem.states.attached())
        if config.monitor_gradients:
            watch = _watch(problem, run, resume=resume)
            stack.enter_context(watch.attached(model.optimizer))
            wanted = dataclasses.replace(wanted, gradients=watch)
        if run is not None:
            wanted = _kept_in(run, wanted, history, resume=resume, once=once)
        stack.enter_context(half_precision(model, config.mixed_precision))
        if started and not once and epochs is None:
            wanted = _with_start(problem, wanted)
        model.fit(
            _training_dataset(problem, lambda: wanted.epoch.current),
            validation_data=_validation_dataset(problem),
            initial_epoch=first,
            # A run that had stopped by itself only takes up its best weights again.
            epochs=first if stopped else last,
            callbacks=wanted.in_order(),
            shuffle=False,  # the data come in their order
            verbose=0,
        )
    return _summary(problem, history, wanted, last)


def compile_model(problem: Problem, *, first: int = 0) -> None:
    """Compiles the model of a problem.

    Args:
        problem: The problem.
        first: The epoch that training begins with, counted from 0.
    """
    model, task, steps = problem.model, problem.task, problem.steps or 1
    metrics = [*task.keras_metrics(), *problem.metrics]
    weighted = task.weighted or problem.splits.train.example()[2] is not None
    model.compile(
        optimizer=build_optimizer(
            problem.config, steps_per_epoch=steps, rates=problem.rates, variables=model.trainable_variables
        ),
        loss=problem.loss,
        metrics=None if weighted else metrics,
        weighted_metrics=metrics if weighted else None,
        # XLA would compile anew for every length of sequence and brings nothing to recurrent loops.
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    # A search that trains in rungs goes on with the schedule, and with the layers that are trained already.
    getattr(model.optimizer, "inner_optimizer", model.optimizer)._iterations.assign(first * steps)


def _callbacks(
    problem: Problem,
    history: History,
    run: RunDirectory | None,
    *,
    own: Sequence[keras.callbacks.Callback],
    last: int,
    progress: bool,
    once: bool,
) -> TrainingCallbacks:
    report = epoch_reporter(last) if progress else None
    wanted = build_callbacks(
        problem.config,
        problem.monitor,
        history=history,
        report=report,
        directory=run.path if run is not None else None,
        once=once,
        own=own,
    )
    if problem.config.monitor is not None and problem.monitor.name not in metric_names(
        problem.task, problem.metrics
    ):
        wanted = dataclasses.replace(wanted, scores=_epoch_scores(problem))
    if progress and problem.steps and BatchBar.wanted():
        wanted = dataclasses.replace(wanted, bar=BatchBar(problem.steps, last))
    if problem.states is None:
        return wanted
    rows = _sequences(problem)
    reset = ResetStates(problem.states, train_rows=rows[0], validation_rows=rows[1], seed=problem.config.seed)
    return dataclasses.replace(wanted, reset_states=reset)


def _with_start(problem: Problem, wanted: TrainingCallbacks) -> TrainingCallbacks:
    """Lets the weights that training begins with be the result where no epoch is better by validation."""
    name = problem.monitor.name
    if not problem.config.restore_best or not name.startswith("val_"):
        return wanted
    logs: dict[str, float] = {"loss": 0.0}
    if wanted.scores is not None:
        wanted.scores.on_epoch_end(-1, logs)
    else:
        found = problem.model.evaluate(_validation_dataset(problem), return_dict=True, verbose=0)
        logs = {f"val_{metric}": value for metric, value in found.items()}
    if not math.isfinite(logs[name]):
        return wanted
    candidate = StartCandidate(float(logs[name]), wanted.early_stopping, wanted.best_model)
    return dataclasses.replace(wanted, start=candidate)


def _epoch_scores(problem: Problem) -> EpochScores:
    """Returns what scores the validation part after each epoch."""
    forward: Any = forward_function(problem.model)

    def answer(inputs: dict[str, np.ndarray]) -> np.ndarray:
        # Half precision is that of training alone: scores are computed in float32 from what it answers.
        return np.asarray(forward(inputs), np.float32)

    def evaluate() -> Scores:
        return evaluate_part(
            problem.model,
            problem.splits.validation,
            problem.splits,
            problem.task,
            batch_size=problem.validation_order,
            forward=answer,
            loss=problem.task_loss,
        ).metrics

    return EpochScores(evaluate, problem.monitor.name)


def _kept_in(
    run: RunDirectory, wanted: TrainingCallbacks, history: History, *, resume: bool, once: bool
) -> TrainingCallbacks:
    """Lets a run keep the checkpoint after each epoch, and the history then or once."""

    def write(*_: Any) -> None:
        run.write_history(history)

    return dataclasses.replace(
        wanted,
        checkpoint=Checkpoint(run.checkpoint, wanted.with_state(), history, resume=resume),
        history=keras.callbacks.LambdaCallback(**{"on_train_end" if once else "on_epoch_end": write}),
    )


def _sequences(problem: Problem) -> tuple[int, int]:
    """Returns the rows of a batch of running text, in training and in validation."""
    train: Any = problem.splits.train
    validation: Any = problem.splits.validation
    return train.sequences(problem.train_order.size), validation.sequences(problem.validation_order.size)


def _watch(problem: Problem, run: RunDirectory | None, *, resume: bool) -> GradientMonitor:
    return GradientMonitor(
        problem.config,
        batch=lambda: _watched_batch(problem),
        loss=problem.loss,
        path=run.gradients if run is not None else None,
        resume=resume,
    )


def _watched_batch(problem: Problem) -> Batch:
    """Returns a batch without noise, weighed as the steps have it; of running text the first, from zero states."""
    rows = problem.config.batch_size
    if problem.states is None:
        rows = min(rows, _WATCHED_ROWS)
    else:
        problem.states.reset(_sequences(problem)[0])
    batch: Batch = problem.splits.train.first(rows)
    return batch if problem.class_weights is None else weigh_by_class(problem.class_weights)(*batch)


def _training_dataset(problem: Problem, epoch: Callable[[], int]) -> Any:
    dataset = _fed(problem, problem.train.dataset(problem.train_order, epoch=epoch))
    return dataset if problem.class_weights is None else dataset.map(weigh_by_class(problem.class_weights))


def _validation_dataset(problem: Problem) -> Any:
    return _fed(problem, problem.splits.validation.dataset(problem.validation_order))


def _fed(problem: Problem, dataset: Any) -> Any:
    """Arranges the inputs of batches as the model takes them."""
    model = problem.model
    # tf.data takes a list for one tensor; Keras takes a tuple for a list.
    return dataset.map(lambda inputs, *rest: (keras.tree.lists_to_tuples(feed(model, inputs)), *rest))


def _seed(model: keras.Model, seed: int) -> None:
    """Gives every dropout generator of the model a state that follows from the seed and its place."""
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for place, state in enumerate(states):
        state.assign(np.array([seed, place << 16], dtype=str(state.dtype)))


def _summary(problem: Problem, history: History, callbacks: TrainingCallbacks, last: int) -> Fitted:
    monitor = problem.monitor
    values = np.array([row.get(monitor.name, np.nan) for row in history], dtype=float)
    failed = callbacks.guard.failed_epoch
    if failed is not None and not np.isfinite(values[: failed - 1]).any():
        raise RunError(
            f"training: the loss became NaN or infinite in epoch {failed}, before any epoch was finished; "
            "expected a finite loss. Lower learning_rate, clip gradients, or look for extreme values in the data."
        )
    if failed is not None and not problem.config.restore_best:
        raise RunError(
            f"training: the loss became NaN or infinite in epoch {failed}, and with restore_best=False no earlier "
            "weights are kept; expected a finite loss. Lower learning_rate, or leave restore_best out."
        )
    if not np.isfinite(values).any():
        raise ArgumentError(f"monitor: {monitor.name!r} was never finite; expected a metric of validation.")
    best = int((np.nanargmax if monitor.direction == "max" else np.nanargmin)(values))
    if not problem.config.restore_best:
        best = len(values) - 1
    elif callbacks.early_stopping.best is not None:
        # Better than all epochs can only be the start.
        first = monitor.sign * float(callbacks.early_stopping.best)
        best = -1 if first > np.nanmax(monitor.sign * values) else best
    if failed is not None:
        reason = f"the loss became NaN or infinite in epoch {failed}; the best epoch before it was kept"
    elif callbacks.early_stopping.stopped_epoch:
        reason = f"{monitor.name} did not improve for {len(history) - 1 - best} epochs"
    elif history[-1]["epoch"] < last:
        reason = "a callback ended training"
    else:
        reason = "all epochs done"
    if best < 0:
        reason += "; no epoch was better than the linear start"
    gradients = callbacks.gradients.summary() if callbacks.gradients is not None else None
    return Fitted(history=history, best_epoch=best + 1, stop_reason=reason, gradients=gradients)
