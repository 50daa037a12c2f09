"""The trials of a search in a study of Optuna, which workers share and take up from one another."""

from __future__ import annotations

import contextlib
import os
import socket
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rnnzoo.errors import RunError, one_line
from rnnzoo.training.optimization.monitor import Monitor

if TYPE_CHECKING:  # Keras Tuner starts TensorFlow, which nobody needs who reads a study
    import keras_tuner

    from rnnzoo_tuning.trial_parameters import GridParameters

#: Seconds between two signs of life of a worker, and after how many without one its trial is taken up by another.
HEARTBEAT, GRACE = 10, 60
#: Trials that are drawn before the algorithm proposes some.
STARTUP = 6
# What is kept of a trial beside what Optuna keeps. A trial that failed without a reason was stopped.
_ORIGIN, _VALUES, _REASON, _WORKER, _GRID, _FACTS = "origin", "values", "reason", "worker", "grid", "facts"
_SURPLUS = "surplus"
# Why a trial was refused before it was trained, and what was measured of one.
REFUSED, MEASURES = "refused", "measures"
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class EndedTrial:
    """A trial that came to its end.

    Attributes:
        number: Its place among the trials, from 0; the same after it was stopped and taken up again.
        status: ``"done"``, ``"pruned"``, ``"failed"`` or ``"refused"``.
        score: The objective of its best epoch; ``None`` where it failed or was refused.
        values: The values of its hyperparameters by name.
        seconds: How long its epochs took.
        reason: Why it failed or was refused; empty where it was not.
    """

    number: int
    status: str
    score: float | None
    values: dict[str, Any]
    seconds: float
    reason: str

    def parameters(self) -> keras_tuner.HyperParameters:
        """Returns its values as a model is built from them."""
        import keras_tuner

        found = keras_tuner.HyperParameters()
        found.values = dict(self.values)
        return found


class SearchStudy:
    """The trials of one search.

    Args:
        storage: Where Optuna keeps them, such as ``sqlite:///search/study.db``.
        monitor: What they are compared by.
        algorithm: ``"random"``, ``"tpe"``, ``"nsga2"`` or ``"grid"``.
        pruner: ``None``, ``"asha"``, ``"hyperband"`` or ``"median"``.
        epochs: Epochs of a trial, at most.
        seed: Seed of the algorithm.
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
        name: str = "search",
    ) -> None:
        self._algorithm, self._seed = algorithm, seed
        direction: Literal["maximize", "minimize"] = "maximize" if monitor.direction == "max" else "minimize"
        try:
            with _without_warnings():
                self._storage = optuna.storages.RDBStorage(
                    storage,
                    engine_kwargs={"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else {},
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                )
                self._study = optuna.create_study(
                    storage=self._storage,
                    study_name=name,
                    direction=direction,
                    load_if_exists=True,
                    pruner=_pruner(pruner, epochs),
                )
        except Exception as error:  # SQLAlchemy and Optuna have no common base but this
            raise RunError(
                f"{storage}: cannot be opened as the study of a search ({one_line(error, 200)}); expected a database "
                "that Optuna can write. Check the address, the space on the disk and the rights, or start a new search "
                "in another directory."
            ) from error

    # Reading

    def ended(self) -> list[EndedTrial]:
        """Returns the trials that have ended, in the order in which they did."""
        return [trial for trial, _ in self.ended_of_optuna()]

    def ended_of_optuna(self) -> list[tuple[EndedTrial, FrozenTrial]]:
        """Returns the same, each beside the trial of Optuna that it was."""
        trials = self._trials()
        places = {origin: place for place, origin in enumerate(_origins(trials))}
        done = [trial for trial in trials if trial.state in _ENDED or _REASON in trial.user_attrs]
        latest = {_origin(trial): trial for trial in done if trial.datetime_complete is not None}
        in_order = sorted(latest.values(), key=lambda trial: (trial.datetime_complete, trial.number))
        return [(_ended(trial, places[_origin(trial)]), trial) for trial in in_order]

    @property
    def directions(self) -> list[StudyDirection]:
        """Whether each objective is to be maximized or minimized."""
        return self._study.directions

    def _trials(self) -> list[FrozenTrial]:
        trials = self._study.get_trials(deepcopy=False)
        return [trial for trial in trials if _SURPLUS not in trial.user_attrs]

    # Running

    def next_trial(self, max_trials: int, draw: Callable[[Any], Any]) -> RunningTrial | None:
        """Returns a trial to run, taken up from a worker that died, or new; ``None`` if there is none left.

        Args:
            max_trials: Trials at most.
            draw: Names all hyperparameters to ``keras_tuner.HyperParameters``.
        """
        self._take_up_dead()
        trials = self._trials()
        waiting = [trial for trial in trials if trial.state == TrialState.WAITING]
        origins = _origins(trials)
        if not waiting:
            if len(origins) >= max_trials:
                return None
            if self._algorithm == "grid" and not self._enqueue_combination(draw):
                return None
        place = origins.index(_origin(waiting[0])) if waiting else len(origins)
        self._study.sampler = _sampler(self._algorithm, [self._seed, place])
        with _without_warnings():
            trial = self._study.ask()
        trial.set_user_attr(_WORKER, _worker())
        running = RunningTrial(self._study, self._storage, trial)
        if _origins(self._trials()).index(running.origin) >= max_trials:
            # Another worker has begun one at the same time.
            trial.set_user_attr(_SURPLUS, True)
            self._study.tell(trial, state=TrialState.FAIL)
            return None
        return running

    def others_run(self) -> bool:
        """Whether other workers run trials, whose answers are to be waited for."""
        return any(trial.state == TrialState.RUNNING for trial in self._trials())

    def retry_failed(self) -> None:
        """Lets trials that failed be tried again."""
        self._enqueue_failed(lambda trial: _REASON in trial.user_attrs)

    def _take_up_dead(self) -> None:
        """Lets the trials of dead workers be taken up: those of this machine at once, others after ``GRACE``."""
        with _without_warnings():
            optuna.storages.fail_stale_trials(self._study)
        for trial in self._trials():
            if trial.state == TrialState.RUNNING and _is_dead(trial.user_attrs.get(_WORKER)):
                with contextlib.suppress(UpdateFinishedTrialError):
                    self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        self._enqueue_failed(lambda trial: _REASON not in trial.user_attrs)

    def _enqueue_failed(self, wanted: Callable[[FrozenTrial], bool]) -> None:
        """Puts those in line again whose last attempt failed as is wanted."""
        latest = {_origin(trial): trial for trial in self._trials()}
        for trial in latest.values():
            if trial.state == TrialState.FAIL and wanted(trial):
                self._enqueue_again(trial)

    def _enqueue_again(self, trial: FrozenTrial) -> None:
        kept: dict[str, Any] = {_ORIGIN: _origin(trial)}
        # One that was stopped while its values were drawn draws them again, as it did.
        values = trial.params if _VALUES in trial.user_attrs else {}
        if _GRID in trial.user_attrs:
            kept[_GRID] = trial.user_attrs[_GRID]
            values = kept[_GRID]["values"]
        self._study.enqueue_trial(values, user_attrs=kept)

    def _enqueue_combination(self, draw: Callable[[Any], Any]) -> bool:
        """Puts the next combination of a grid in line; ``False`` after the last."""
        known = [trial.user_attrs[_GRID]["places"] for trial in self._trials() if _GRID in trial.user_attrs]
        places: list[int] | None = _combination(draw, max(known)).following() if known else []
        if places is None:
            return False
        found = _combination(draw, places)
        kept = {"places": found.places, "values": found.drawn}
        self._study.enqueue_trial(found.drawn, user_attrs={_GRID: kept})
        return True


class RunningTrial:
    """A trial that this worker runs.

    Attributes:
        origin: The number under which its files are kept.
        parameters: Its hyperparameters, which are drawn as they are named.
    """

    def __init__(self, study: optuna.Study, storage: optuna.storages.RDBStorage, trial: optuna.Trial) -> None:
        from rnnzoo_tuning.trial_parameters import TrialParameters

        self._study, self._storage, self._trial = study, storage, trial
        self.origin = int(trial.user_attrs.get(_ORIGIN, trial.number))
        self.parameters = TrialParameters(trial)

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Shows other workers that this one lives, as long as the context lasts.

        Whatever stops it, such as Ctrl-C, leaves the trial to be taken up.
        """
        over = Event()
        thread = Thread(target=self._beat, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):
                self._study.tell(self._trial, state=TrialState.FAIL, skip_if_finished=True)
            raise
        finally:
            over.set()
            thread.join()

    def _beat(self, over: Event) -> None:
        while not over.is_set():
            with contextlib.suppress(Exception):  # a busy database is asked again
                self._storage.record_heartbeat(self._trial._trial_id)
            over.wait(HEARTBEAT)

    def keep_values(self) -> None:
        """Keeps the values once all hyperparameters are named."""
        with contextlib.suppress(UpdateFinishedTrialError):  # taken up by another worker
            self._trial.set_user_attr(_VALUES, dict(self.parameters.values))

    def report(self, score: float, epoch: int) -> bool:
        """Keeps the objective after an epoch, from 1.

        Returns:
            Whether the trial is to end here: it is pruned, or another worker has taken it up.
        """
        try:
            if np.isfinite(score):
                self._trial.report(score, epoch)
        except UpdateFinishedTrialError:
            return True
        return bool(self._trial.should_prune())

    def done(self, score: float, *, pruned: bool, seconds: float) -> bool:
        """Ends it well, or early; returns ``False`` where another worker has taken it up."""
        state = TrialState.PRUNED if pruned else TrialState.COMPLETE
        return self._end({_FACTS: {"score": score, "seconds": seconds}}, None if pruned else score, state)

    def failed(self, reason: str) -> bool:
        """Ends it with a reason; returns ``False`` where another worker has taken it up."""
        self.keep_values()
        return self._end({_REASON: reason}, None, TrialState.FAIL)

    def _end(self, kept: dict[str, Any], score: float | None, state: TrialState) -> bool:
        try:
            for name, value in kept.items():
                self._trial.set_user_attr(name, value)
        except UpdateFinishedTrialError:
            return False
        return self._study.tell(self._trial, score, state=state, skip_if_finished=True).state == state


def storage_of(path: Path) -> str:
    """Returns the address of a study that is one file."""
    return f"sqlite:///{path.absolute()}"


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Keeps back that Optuna calls signs of life an experiment, and expects them in its own loop alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.filterwarnings("ignore", "Heartbeat of storage")
        yield


def _origin(trial: FrozenTrial) -> int:
    return int(trial.user_attrs.get(_ORIGIN, trial.number))


def _origins(trials: Iterable[FrozenTrial]) -> list[int]:
    return sorted({_origin(trial) for trial in trials})


def _ended(trial: FrozenTrial, place: int) -> EndedTrial:
    facts = trial.user_attrs.get(_FACTS, {})
    reason = trial.user_attrs.get(_REASON, "") if trial.state == TrialState.FAIL else ""
    status = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned"}.get(trial.state, "failed")
    if trial.state == TrialState.PRUNED and REFUSED in trial.user_attrs:
        status, reason = "refused", str(trial.user_attrs[REFUSED])
    return EndedTrial(
        number=place,
        status=status,
        score=facts.get("score") if status != "failed" else None,
        values=dict(trial.user_attrs.get(_VALUES, {})),
        seconds=float(facts.get("seconds", 0.0)),
        reason=reason,
    )


def _combination(draw: Callable[[Any], Any], places: list[int]) -> GridParameters:
    """Returns a combination; of a model that cannot be built with it, what was named until then."""
    from rnnzoo_tuning.trial_parameters import GridParameters

    parameters = GridParameters(places)
    with contextlib.suppress(Exception):  # the trial says what it was
        draw(parameters)
    return parameters


def _sampler(algorithm: str, seed: list[int]) -> optuna.samplers.BaseSampler:
    """Returns a sampler that proposes for one trial: Optuna does not keep what it has drawn."""
    number = int(np.random.SeedSequence(seed).generate_state(1)[0])
    if algorithm == "tpe":
        return optuna.samplers.TPESampler(seed=number, n_startup_trials=STARTUP)
    if algorithm == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=number, population_size=STARTUP)
    return optuna.samplers.RandomSampler(seed=number)


def _pruner(name: str | None, epochs: int) -> optuna.pruners.BasePruner:
    if name == "asha":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=1)
    return optuna.pruners.NopPruner()


def _worker() -> dict[str, Any]:
    return {"host": socket.gethostname(), "pid": os.getpid(), "born": _born(os.getpid())}


def _is_dead(worker: Any) -> bool:
    """Whether a worker was a process of this machine that is no more."""
    if not isinstance(worker, dict) or worker.get("host") != socket.gethostname():
        return False
    try:
        os.kill(worker["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _born(worker["pid"]) != worker["born"]


def _born(pid: int) -> int | None:
    """Returns when a process began, in ticks since the machine did; ``None`` where nobody tells."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
