"""Running the trials of a search: each an epoch at a time, taken up from its last one where a worker died."""

from __future__ import annotations

import contextlib
import gc
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from rnnzoo.errors import one_line
from rnnzoo.training.loop import fit
from rnnzoo.training.run.checkpoint import kept_history
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.study import RunningTrial, SearchStudy

#: Where the checkpoints of running trials are, in the directory of the search.
TRIALS = "running"
# Seconds after which is looked again whether other workers are done, or have died.
_WAIT = 0.5


def run_trials(
    hypermodel: SequenceHyperModel,
    study: SearchStudy,
    directory: Path,
    *,
    max_trials: int,
    on_end: Callable[[], None],
) -> None:
    """Runs trials until there are as many as asked for.

    Args:
        hypermodel: What is tuned.
        study: The trials.
        directory: That of the search.
        max_trials: Trials at most. Those of other workers are waited for, and taken up if these die.
        on_end: Called after each trial of this worker, and now and then while it waits for others.
    """
    while (trial := _next(study, max_trials, hypermodel.draw, on_end)) is not None:
        with trial.alive():
            _run(hypermodel, trial, RunDirectory(directory / TRIALS / f"{trial.origin:05d}"))
        on_end()
    with contextlib.suppress(OSError):  # another worker's trial may be there
        (directory / TRIALS).rmdir()


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
        turn.done(0.0, pruned=False, seconds=0.0)


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


def _run(hypermodel: SequenceHyperModel, trial: RunningTrial, run: RunDirectory) -> None:
    """Runs one trial; one that fails says why, and ends no search."""
    keras.utils.clear_session()
    gc.collect()
    try:
        score, pruned, seconds = _fitted(hypermodel, trial, run)
    except Exception as error:  # noqa: BLE001 - a builder, Keras and TensorFlow raise whatever comes
        ours = trial.failed(f"{type(error).__name__}: {one_line(error, 300)}")
    else:
        ours = trial.done(score, pruned=pruned, seconds=seconds)
    if ours:
        shutil.rmtree(run.path, ignore_errors=True)


def _fitted(
    hypermodel: SequenceHyperModel, trial: RunningTrial, run: RunDirectory
) -> tuple[float, bool, float]:
    """Trains a trial; returns the objective of its best epoch, whether it ended early, and its seconds."""
    problem = hypermodel.problem(trial.parameters)
    trial.keep_values()
    run.path.mkdir(parents=True, exist_ok=True)
    earlier = kept_history(run.checkpoint) if run.checkpoint.is_file() else None
    reporter = _Reporter(trial, problem.monitor.name, earlier or [])
    fitted = fit(problem, run=run, resume=earlier is not None, callbacks=[reporter])
    best = fitted.history[fitted.best_epoch - 1]
    seconds = sum(row["seconds"] for row in fitted.history)
    return float(best[problem.monitor.name]), reporter.has_pruned(), seconds


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
