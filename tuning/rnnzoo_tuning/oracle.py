"""An oracle of Keras Tuner whose trials are those of a study: any tuner of its base class searches with it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kinds

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo_tuning.algorithms import ALGORITHM, MAX_TRIALS, chosen
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.study import SearchStudy
from rnnzoo_tuning.study_storage import StudyPlace, study_place
from rnnzoo_tuning.trial_records import EndedTrial, TrialScore

# Seconds after which a tuner asks again whether the workers that still run are done.
_PAUSE = 0.5
# Where the study keeps which hyperparameters are known.
_SPACE = "hyperparameters"
_STATUS = kinds.TrialStatus
_ENDED = {"done": _STATUS.COMPLETED, "pruned": _STATUS.COMPLETED}


class StudyOracle(keras_tuner.Oracle):
    """Proposes trials by an algorithm of Optuna, and keeps them in its study.

    Several processes may share the study. Trials of a process that died are proposed again with the same values, and
    the same ``trial_id``.

    Args:
        objective: What trials are compared by, as Keras Tuner takes it.
        directory: Where ``study.db`` is.
        max_trials: Trials at most.
        algorithm: ``"tpe"``, ``"random"``, ``"nsga2"`` or ``"grid"``.
        seed: Seed of the algorithm.
        storage: A database in place of the file: see ``run_search``.
        study: The name of the study there; ``None`` for that of the directory. Or an open study.

    Raises:
        ArgumentError: If the objective is several, or a value is out of range.
        UnknownNameError: If there is no such algorithm.
        RunError: If the study cannot be opened.

    Example:
        ``keras_tuner.Tuner(oracle=StudyOracle("val_loss", directory="search"), hypermodel=build).search(x, y)``

    Reference:
        https://keras.io/keras_tuner/api/oracles/base_oracle/
    """

    def __init__(
        self,
        objective: Any,
        *,
        directory: str | Path,
        max_trials: int = MAX_TRIALS,
        algorithm: str = ALGORITHM,
        seed: int = 0,
        storage: str | None = None,
        study: Any = None,
    ) -> None:
        checks.integer("max_trials", max_trials, minimum=1)
        super().__init__(objective=objective, max_trials=max_trials, seed=checks.seed(seed) or None)
        if hasattr(self.objective, "objectives"):
            raise ArgumentError(
                "objective: received several; expected one. Use run_search(objectives=...) for more."
            )
        if not isinstance(study, SearchStudy):
            monitor = Monitor(self.objective.name, self.objective.direction)
            place = study_place(Path(directory), storage, study)
            study = open_study(Path(directory), place, monitor, algorithm=algorithm, seed=seed)
        self.study = study
        self.reload()
        self._running: dict[str, tuple[RunningTrial, contextlib.ExitStack]] = {}

    def create_trial(self, tuner_id: str) -> kinds.Trial:
        """Returns the next trial; one that is to be stopped or idle where there is none, as Keras Tuner has it."""
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        running = self.study.next_trial(self.max_trials, self._draw)
        if running is None:
            others = self.study.others_run()
            if others:
                time.sleep(_PAUSE)  # the tuner asks again at once
            return kinds.Trial(
                hyperparameters=self.hyperparameters.copy(),
                status=_STATUS.IDLE if others else _STATUS.STOPPED,
            )
        stack = contextlib.ExitStack()
        stack.enter_context(running.alive())
        self._draw(running.parameters)
        running.keep_values()
        found = self.hyperparameters.copy()
        found.values = dict(running.parameters.values)
        trial = kinds.Trial(hyperparameters=found, trial_id=trial_id(running.origin), status=_STATUS.RUNNING)
        self._running[trial.trial_id] = running, stack
        self.ongoing_trials[tuner_id] = trial
        self.trials[trial.trial_id] = trial
        self.start_order.append(trial.trial_id)
        self._display.on_trial_begin(trial)
        return trial

    def end_trial(self, trial: kinds.Trial) -> None:
        """Keeps how a trial ended in the study."""
        super().end_trial(trial)
        ended = self.trials[trial.trial_id]
        running, stack = self._running.pop(trial.trial_id)
        running.parameters.values = dict(ended.hyperparameters.values)  # some may be named by the model alone
        running.keep_values()
        if ended.status == _STATUS.COMPLETED:
            running.done(TrialScore(float(ended.score), best_epoch=int(ended.best_step or 0) + 1))
        else:
            running.failed((ended.message or "no score").strip().splitlines()[-1][:300])
        stack.close()

    def remaining_trials(self) -> int:
        """Returns how many trials are left."""
        return max(0, int(self.max_trials) - len(self.study.ended()))

    def save(self) -> None:
        """Keeps which hyperparameters are known; the trials are in the study already."""
        self.study.keep(_SPACE, self.hyperparameters.get_config())

    def _save_trial(self, trial: kinds.Trial) -> None:
        """Does nothing: the study is up to date."""

    def reload(self) -> None:
        """Takes up the trials that ended in this study, whoever ran them, and the hyperparameters that are known."""
        space = self.study.kept(_SPACE)
        if space is not None:
            self.update_space(keras_tuner.HyperParameters.from_config(space))
        for ended in self.study.ended():
            self._take(ended)

    def _take(self, ended: EndedTrial) -> None:
        found = self.hyperparameters.copy()
        found.values = dict(ended.values)
        name = trial_id(ended.origin)
        trial = kinds.Trial(
            hyperparameters=found, trial_id=name, status=_ENDED.get(ended.status, _STATUS.FAILED)
        )
        trial.score, trial.best_step, trial.message = ended.score, ended.best_epoch - 1, ended.reason
        self.trials[name] = trial
        for order in (self.start_order, self.end_order):
            if name not in order:
                order.append(name)

    def _draw(self, parameters: keras_tuner.HyperParameters) -> None:
        """Names all hyperparameters that are known to those of a trial."""
        for hyperparameter in self.hyperparameters.space:
            parameters._retrieve(hyperparameter)


def open_study(directory: Path, place: StudyPlace, monitor: Monitor, **options: Any) -> SearchStudy:
    """Opens the study of a tuner.

    Args:
        directory: Where its files are.
        place: Where it is.
        monitor: What trials are compared by.
        options: ``algorithm``, ``pruner``, ``epochs`` and ``seed`` of ``SearchStudy``.
    """
    algorithm, pruner = chosen(options.pop("algorithm", ALGORITHM), options.pop("pruner", None))
    directory.mkdir(parents=True, exist_ok=True)
    return SearchStudy(place.address, monitor, algorithm=algorithm, pruner=pruner, name=place.name, **options)


def trial_id(origin: int) -> str:
    """Returns what Keras Tuner calls a trial.

    Example:
        >>> trial_id(3)
        '00003'
    """
    return f"{origin:05d}"
