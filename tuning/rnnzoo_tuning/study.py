"""The trials of a search in a study of Optuna, which workers share and take up from one another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from rnnzoo.errors import RunError
from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.run.differences import differences
from rnnzoo_tuning.running_trial import RunningTrial
from rnnzoo_tuning.samplers import make_pruner, make_sampler
from rnnzoo_tuning.study_storage import GRACE, HEARTBEAT, open_storage, told, without_warnings
from rnnzoo_tuning.trial_records import (
    BEGUN_BY,
    ENDED,
    GRID,
    ORIGIN,
    REASON,
    REFUSED,
    SURPLUS,
    VALUES,
    WORKER,
    EndedTrial,
    counted,
    ended_trial,
    origin_of,
    origins_of,
    ranked,
)
from rnnzoo_tuning.worker import is_dead, this_worker

if TYPE_CHECKING:
    from rnnzoo_tuning.trial_parameters import GridParameters

# What is kept of the study.
_SETTINGS = "settings"
#: So many points in a row that break a limit end a search: the space has hardly another.
MOST_REFUSED = 500


Direction = Literal["maximize", "minimize"]
_SMALL: Direction = "minimize"


class SearchStudy:
    """The trials of one search.

    Args:
        storage: Where Optuna keeps them, such as ``sqlite:///search/study.db``.
        monitor: What they are compared by.
        algorithm: ``"random"``, ``"tpe"``, ``"nsga2"`` or ``"grid"``.
        pruner: ``None``, ``"asha"``, ``"hyperband"`` or ``"median"``.
        epochs: Epochs of a trial, at most.
        seed: Seed of the algorithm.
        measures: What of the file is minimised beside, by name; a pruner cannot be with any.
        name: The name of the study in its storage.

    Raises:
        RunError: If the storage cannot be opened, or holds something else.
    """

    def __init__(
        self,
        storage: str,
        monitor: Monitor,
        *,
        algorithm: str = "random",
        pruner: str | None = None,
        epochs: int = 1,
        seed: int = 0,
        measures: Sequence[str] = (),
        name: str = "search",
    ) -> None:
        self._algorithm, self._seed, self._measures = algorithm, seed, tuple(measures)
        self._sign = monitor.sign
        first: Direction = "maximize" if monitor.direction == "max" else "minimize"
        self._unsigned: set[int] = set()
        with told(storage), without_warnings():
            self._storage = open_storage(storage, heartbeat=HEARTBEAT, grace=GRACE)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                directions=[first, *(_SMALL for _ in measures)],
                load_if_exists=True,
                pruner=make_pruner(pruner, epochs),
            )

    def agree(self, settings: Mapping[str, Any]) -> None:
        """Keeps the settings of the search, or compares them with those that another worker kept.

        Raises:
            RunError: If they differ.
        """
        if _SETTINGS not in self._study.user_attrs:
            self._study.set_user_attr(_SETTINGS, dict(settings))
        found = differences(self._study.user_attrs[_SETTINGS], settings)
        if found:
            raise RunError(
                f"study {self._study.study_name}: cannot resume: {found}. Resume with the settings it was started "
                "with, or start a new search under another name."
            )

    # Reading

    def ended(self) -> list[EndedTrial]:
        """Returns the trials that have ended, in the order in which they did."""
        return [trial for trial, _ in self.ended_of_optuna()]

    def ended_of_optuna(self) -> list[tuple[EndedTrial, FrozenTrial]]:
        """Returns the same, each beside the trial of Optuna that it was."""
        return self._ended(self._trials())

    def ended_and_unfinished(self) -> tuple[list[EndedTrial], set[int]]:
        """Returns the trials that have ended, and the origins of those that run, or are in line to be run again."""
        trials = self._trials()
        states = (TrialState.RUNNING, TrialState.WAITING)
        unfinished = {origin_of(trial) for trial in trials if trial.state in states}
        return [trial for trial, _ in self._ended(trials)], unfinished

    @staticmethod
    def _ended(trials: Sequence[FrozenTrial]) -> list[tuple[EndedTrial, FrozenTrial]]:
        places = {origin: place for place, origin in enumerate(counted(trials))}
        done = [trial for trial in trials if trial.state in ENDED or REASON in trial.user_attrs]
        latest = {origin_of(trial): trial for trial in done if trial.datetime_complete is not None}
        in_order = sorted(latest.values(), key=lambda trial: (trial.datetime_complete, trial.number))
        return [(ended_trial(trial, places.get(origin_of(trial))), trial) for trial in in_order]

    @property
    def directions(self) -> list[optuna.study.StudyDirection]:
        """Whether each objective is to be maximized or minimized."""
        return self._study.directions

    def best(self, ended: Iterable[EndedTrial]) -> list[EndedTrial]:
        """Returns the trials that ended well, the best first: see ``ranked``."""
        return ranked(ended, self._sign)

    def front(self) -> set[int]:
        """Returns the origins of the trials that no other beats in all objectives; of one objective, none."""
        return {origin_of(trial) for trial in self._study.best_trials} if self._measures else set()

    def _trials(self) -> list[FrozenTrial]:
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if SURPLUS not in trial.user_attrs]

    # Running

    def next_trial(self, max_trials: int, draw: Callable[[Any], Any]) -> RunningTrial | None:
        """Returns a trial to run, taken up from a worker that died, or new; ``None`` if there is none left.

        Args:
            max_trials: Trials at most.
            draw: Names all hyperparameters to ``keras_tuner.HyperParameters``.
        """
        while (running := self._begun(max_trials, draw)) is not None:
            if not self._is_surplus(running, max_trials):
                return running
            running.give_back()
        return None

    def _begun(self, max_trials: int, draw: Callable[[Any], Any]) -> RunningTrial | None:
        """Begins a trial, which another worker may have begun at the same time."""
        trials = self._take_up_dead()
        waiting = [trial for trial in trials if trial.state == TrialState.WAITING]
        origins = origins_of(trials)
        if not waiting:
            if len(counted(trials)) >= max_trials:
                return None
            _check_not_refused(trials)
            if self._algorithm == "grid" and not self._enqueue_combination(draw):
                return None
        place = origins.index(origin_of(waiting[0])) if waiting else len(origins)
        self._study.sampler = make_sampler(self._algorithm, [self._seed, place])
        with without_warnings():
            trial = self._study.ask()
        self._storage.record_heartbeat(trial._trial_id)  # from here on it is known when its worker is dead
        trial.set_user_attr(WORKER, this_worker())
        self._take_generation(trial, trials)
        return RunningTrial(self._study, self._storage, trial, self._measures)

    def _take_generation(self, trial: optuna.Trial, trials: Sequence[FrozenTrial]) -> None:
        """Gives a trial that is taken up the generation of its first attempt.

        Optuna gives none to trials whose values are known, and a genetic algorithm would have no child of them.
        """
        for other in trials:
            if other.number != trial.number and origin_of(other) == trial.user_attrs.get(ORIGIN):
                for name, value in other.system_attrs.items():
                    if name.endswith(":generation"):
                        self._storage.set_trial_system_attr(trial._trial_id, name, value)

    def _is_surplus(self, trial: RunningTrial, max_trials: int) -> bool:
        """Whether it is one too many, or another worker has begun the same a moment earlier."""
        trials = self._trials()
        if counted(trials).index(trial.origin) >= max_trials:
            return True
        return any(
            (
                origin_of(other) == trial.origin
                and other.number < trial.number
                and other.state != TrialState.FAIL
            )
            or (
                trial.grid is not None
                and other.user_attrs.get(GRID) == trial.grid
                and origin_of(other) < trial.origin
            )
            for other in trials
        )

    def kept(self, name: str) -> Any:
        """Returns what this worker or another kept beside the trials; ``None`` if nothing of this name."""
        return self._study.user_attrs.get(name)

    def keep(self, name: str, value: Any) -> None:
        """Keeps a value that JSON has beside the trials."""
        self._study.set_user_attr(name, value)

    def others_run(self) -> bool:
        """Whether other workers run trials, whose answers are to be waited for."""
        return any(trial.state == TrialState.RUNNING for trial in self._trials())

    def retry_failed(self) -> None:
        """Lets trials that failed be tried again."""
        self._enqueue_failed(self._trials(), lambda trial: REASON in trial.user_attrs)

    def _take_up_dead(self) -> list[FrozenTrial]:
        """Lets the trials of dead workers be taken up: those of this machine at once, others after ``GRACE``.

        Returns:
            All trials as they are then.
        """
        trials = self._trials()
        if any(trial.state == TrialState.RUNNING for trial in trials):
            self._fail_dead()
            trials = self._trials()
        if self._enqueue_failed(trials, lambda trial: REASON not in trial.user_attrs):
            trials = self._trials()
        return trials

    def _fail_dead(self) -> None:
        with without_warnings():
            optuna.storages.fail_stale_trials(self._study)
        for trial in self._trials():
            if trial.state != TrialState.RUNNING:
                continue
            if is_dead(trial.user_attrs.get(WORKER, trial.user_attrs.get(BEGUN_BY))):
                with contextlib.suppress(UpdateFinishedTrialError):
                    self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
            elif WORKER not in trial.user_attrs and trial.number not in self._unsigned:
                # Its worker may have died before its first sign of life, after which the time is counted.
                self._unsigned.add(trial.number)
                self._storage.record_heartbeat(trial._trial_id)

    def _enqueue_failed(
        self, trials: Sequence[FrozenTrial], wanted: Callable[[FrozenTrial], bool]
    ) -> list[FrozenTrial]:
        """Puts those in line again whose last attempt failed as is wanted, and returns them."""
        latest = {origin_of(trial): trial for trial in trials}
        failed = [trial for trial in latest.values() if trial.state == TrialState.FAIL and wanted(trial)]
        for trial in failed:
            self._enqueue_again(trial)
        return failed

    def _enqueue_again(self, trial: FrozenTrial) -> None:
        kept: dict[str, Any] = {ORIGIN: origin_of(trial)}
        # One that was stopped while its values were drawn draws them again, as it did.
        values = trial.params if VALUES in trial.user_attrs else {}
        if GRID in trial.user_attrs:
            kept[GRID] = trial.user_attrs[GRID]
            values = kept[GRID]["values"]
        self._study.enqueue_trial(values, user_attrs=kept)

    def _enqueue_combination(self, draw: Callable[[Any], Any]) -> bool:
        """Puts the next combination of a grid in line; ``False`` after the last."""
        known = [trial.user_attrs[GRID]["places"] for trial in self._trials() if GRID in trial.user_attrs]
        places: list[int] | None = _combination(draw, max(known)).following() if known else []
        if places is None:
            return False
        found = _combination(draw, places)
        kept = {"places": found.places, "values": found.drawn}
        self._study.enqueue_trial(found.drawn, user_attrs={GRID: kept})
        return True


def _check_not_refused(trials: Sequence[FrozenTrial]) -> None:
    """Raises ``RunError`` where limits refuse one point after the other."""
    latest = trials[-MOST_REFUSED:]
    if len(latest) < MOST_REFUSED or not all(REFUSED in trial.user_attrs for trial in latest):
        return
    nearest = min(latest, key=lambda trial: sum(max(value, 0) for value in trial.constraints.values()))
    raise RunError(
        f"constraints: refused {MOST_REFUSED} points of the space one after the other; expected some within the "
        f"limits. The nearest: {nearest.user_attrs[REFUSED]}. Start a new search in another directory, or overwrite "
        "this one, with a higher limit or a space of smaller values."
    )


def _combination(draw: Callable[[Any], Any], places: list[int]) -> GridParameters:
    """Returns a combination; of a model that cannot be built with it, what was named until then."""
    from rnnzoo_tuning.trial_parameters import GridParameters

    parameters = GridParameters(places)
    with contextlib.suppress(Exception):  # the trial says what it was
        draw(parameters)
    return parameters
