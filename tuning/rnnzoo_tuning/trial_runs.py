"""Running the trials of a search: each an epoch at a time, taken up from its last one where a worker died."""

from __future__ import annotations

import contextlib
import gc
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import keras_tuner

from rnnzoo.errors import one_line
from rnnzoo.training.loop import fit
from rnnzoo.training.problem import Problem
from rnnzoo.training.run.checkpoint import kept_history
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.watching.interruption import is_interruption
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import is_lost
from rnnzoo_tuning.trial_records import TrialScore

#: Where the checkpoints of running trials are, in the directory of the search, and those of the best that ended.
TRIALS, BEST_TRIALS = "running", "best_trials"
# Seconds after which is looked again whether other workers are done, or have died.
_WAIT = 0.5
# What share of a search the collecting of garbage may take, beside what Python collects by itself.
_COLLECTING_SHARE = 0.005


class Trained(Protocol):
    """What is trained in the trials of a study."""

    def draw(self, hp: keras_tuner.HyperParameters) -> None:
        """Names all hyperparameters."""

    def problem(self, hp: keras_tuner.HyperParameters) -> Problem:
        """Returns the training of a set of them."""


@dataclass(frozen=True, kw_only=True)
class TrialRunner:
    """Runs the trials of a study until there are as many as asked for.

    Attributes:
        trained: What is tuned.
        study: The trials.
        directory: That of the search.
        refuse: Says why a model is not to be trained in a trial, or ``None``.
        keep: Of how many of the best trials the checkpoints are kept.
    """

    trained: Trained
    study: SearchStudy
    directory: Path
    refuse: Callable[[keras.Model, RunningTrial], str | None] = lambda model, trial: None
    keep: int = 0

    def run(self, max_trials: int, *, on_end: Callable[[], None] = lambda: None) -> None:
        """Runs trials.

        Args:
            max_trials: Trials at most. Those of other workers are waited for, and taken up if these die.
            on_end: Called after each trial of this worker, and now and then while it waits for others.
        """
        with quick_collections() as collect:
            while (trial := _next(self.study, max_trials, self.trained.draw, on_end)) is not None:
                collect()
                with trial.alive():
                    self._run(trial, RunDirectory(self.directory / TRIALS / f"{trial.origin:05d}"))
                on_end()
        self._keep_best()  # one that was killed may have left some
        with contextlib.suppress(OSError):  # another worker's trial may be there
            (self.directory / TRIALS).rmdir()

    def _run(self, trial: RunningTrial, run: RunDirectory) -> None:
        """Runs one trial; one that fails says why, and ends no search."""
        keras.utils.clear_session(free_memory=False)
        try:
            found = self._scored(trial, run)
        except Exception as error:
            if is_lost(error):
                raise
            if is_interruption(error):
                raise KeyboardInterrupt from error
            ours = trial.failed(f"{type(error).__name__}: {one_line(error, 300)}")
        else:
            if isinstance(found, str):
                trial.refused(found)
                return
            ours = trial.done(found)
        if ours:
            self._keep_best()

    def _scored(self, trial: RunningTrial, run: RunDirectory) -> TrialScore | str:
        """Trains a trial; returns how it ended, or why it is refused."""
        problem = self.trained.problem(trial.parameters)
        trial.keep_values()
        reason = self.refuse(problem.model, trial)
        return _fitted(problem, trial, run) if reason is None else reason

    def _keep_best(self) -> None:
        """Keeps the checkpoints of the best trials that have ended, and deletes those of the others."""
        found, unfinished = self.study.ended_and_unfinished()
        # One that failed, and that another worker tries again, is among both.
        ended = {trial.origin for trial in found} - unfinished
        best = [trial.origin for trial in self.study.best(found)[: self.keep]]
        kept = self.directory / BEST_TRIALS
        for path in [*kept.glob("*"), *(self.directory / TRIALS).glob("*")]:
            origin = int(path.name)
            if origin in best and path.parent != kept and RunDirectory(path).checkpoint.is_file():
                kept.mkdir(exist_ok=True)
                shutil.rmtree(kept / path.name, ignore_errors=True)
                path.rename(kept / path.name)
            elif origin in ended and (path.parent != kept or origin not in best):
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def quick_collections() -> Iterator[Callable[[], None]]:
    """Lets the garbage collector leave alone what is there already, through which it would go with each trial.

    TensorFlow and Keras alone are a million objects, which take a quarter of a second. Gives what collects the graphs
    that earlier trials have left; where trials are short, not after each.
    """
    gc.collect()
    gc.freeze()
    began, spent = time.perf_counter(), 0.0

    def collect() -> None:
        nonlocal spent
        now = time.perf_counter()
        if spent <= _COLLECTING_SHARE * (now - began):
            gc.collect()
            spent += time.perf_counter() - now

    try:
        yield collect
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def one_at_a_time(study: SearchStudy) -> Iterator[None]:
    """Lets one worker of several do something first, as the only trial of a study; the others wait until it is done.

    If it dies, another one does it first.
    """
    turn = _next(study, 1, lambda parameters: None)
    if turn is None:
        yield
        return
    with turn.alive():
        yield
        turn.done(TrialScore(0.0))


def _next(
    study: SearchStudy,
    max_trials: int,
    draw: Callable[[Any], Any],
    on_wait: Callable[[], None] = lambda: None,
) -> RunningTrial | None:
    """Returns the next trial, which may come from a worker that has died; ``None`` when all have ended."""
    while (trial := study.next_trial(max_trials, draw)) is None and study.others_run():
        on_wait()
        time.sleep(_WAIT)
    return trial


def _fitted(problem: Problem, trial: RunningTrial, run: RunDirectory) -> TrialScore:
    """Trains a trial; returns the objective of its best epoch, whether it ended early, and its seconds."""
    run.path.mkdir(parents=True, exist_ok=True)
    earlier = kept_history(run.checkpoint) if run.checkpoint.is_file() else None
    reporter = _Reporter(trial, problem.monitor.name, earlier or [])
    fitted = fit(problem, run=run, resume=earlier is not None, callbacks=[reporter], once=True)
    return TrialScore(
        score=float(fitted.history[fitted.best_epoch - 1][problem.monitor.name]),
        pruned=reporter.has_pruned(),
        seconds=sum(row["seconds"] for row in fitted.history),
        best_epoch=fitted.best_epoch,
    )


class _Reporter(keras.callbacks.Callback):
    """Tells of each epoch, and ends a trial that is to be pruned.

    Args:
        trial: The trial.
        objective: The metric that is told.
        earlier: The epochs that the trial had before it was stopped.
    """

    def __init__(self, trial: RunningTrial, objective: str, earlier: list[dict[str, float]]) -> None:
        super().__init__()
        # Names that begin so do not go into checkpoints.
        self._trial, self._objective, self._earlier = trial, objective, earlier
        self._has_pruned = False
        self.stateless = True  # what it told is in the study

    def has_pruned(self) -> bool:
        """Whether it ended the trial."""
        return self._has_pruned

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Tells of the epochs of a trial that was stopped."""
        for row in self._earlier:
            self._report(row, int(row["epoch"]))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Tells of an epoch."""
        self._report(logs or {}, epoch + 1)
        if self._has_pruned:
            self.model.stop_training = True

    def _report(self, row: Mapping[str, float], epoch: int) -> None:
        if self._objective in row:
            self._has_pruned = self._trial.report(float(row[self._objective]), epoch) or self._has_pruned


def checkpoint_of(directory: Path, origin: int) -> RunDirectory | None:
    """Returns where the checkpoint of a trial is; ``None`` where it was deleted, or is on another machine.

    Args:
        directory: That of the search.
        origin: The number under which its files are kept.
    """
    for folder in (BEST_TRIALS, TRIALS):
        run = RunDirectory(directory / folder / f"{origin:05d}")
        if run.checkpoint.is_file():
            return run
    return None
