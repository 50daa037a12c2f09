"""A trial that this process runs, and what it tells of it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from threading import Event, Thread
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from rnnzoo_tuning.study_storage import HEARTBEAT
from rnnzoo_tuning.trial_records import (
    FACTS,
    GRID,
    MEASURED,
    ORIGIN,
    REASON,
    REFUSED,
    SURPLUS,
    VALUES,
    TrialScore,
)

# Seconds that the end of a trial waits at most for a database that another worker has locked.
_PATIENCE = 5.0


class RunningTrial:
    """A trial that this worker runs.

    Attributes:
        origin: The number under which its files are kept.
        grid: Its combination of a grid; ``None`` for another algorithm.
        number: That of this attempt.
        parameters: Its hyperparameters, which are drawn as they are named.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: optuna.storages.RDBStorage,
        trial: optuna.Trial,
        measures: Sequence[str] = (),
    ) -> None:
        from rnnzoo_tuning.trial_parameters import TrialParameters

        self._study, self._storage, self._trial = study, storage, trial
        self.number, self.grid = trial.number, trial.user_attrs.get(GRID)
        self._measures = measures
        self._measured: dict[str, float] = {}
        self.origin = int(trial.user_attrs.get(ORIGIN, trial.number))
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
            leaving = Thread(target=self._leave, daemon=True)
            leaving.start()
            leaving.join(_PATIENCE)
            raise
        finally:
            over.set()
            thread.join(_PATIENCE)

    def _leave(self) -> None:
        """Leaves the trial to others at once; where the database is locked, they find out that its worker is dead."""
        with contextlib.suppress(Exception):
            self._study.tell(self._trial, state=TrialState.FAIL, skip_if_finished=True)
        self._storage.remove_session()

    def _beat(self, over: Event) -> None:
        while not over.wait(HEARTBEAT):  # the first sign of life was that it began
            with contextlib.suppress(Exception):  # a busy database is asked again
                self._storage.record_heartbeat(self._trial._trial_id)
        self._storage.remove_session()

    def give_back(self) -> None:
        """Ends it before it began: it counts as none."""
        self._trial.set_user_attr(SURPLUS, True)
        self._study.tell(self._trial, state=TrialState.FAIL)

    def keep_values(self) -> None:
        """Keeps the values once all hyperparameters are named."""
        with contextlib.suppress(UpdateFinishedTrialError):  # taken up by another worker
            self._trial.set_user_attr(VALUES, dict(self.parameters.values))

    def report(self, score: float, epoch: int) -> bool:
        """Keeps the objective after an epoch, from 1.

        Returns:
            Whether the trial is to end here: it is pruned, or another worker has taken it up.
        """
        if self._measures:  # Optuna keeps epochs, and prunes, for one objective only
            return False
        try:
            if np.isfinite(score):
                self._trial.report(score, epoch)
        except UpdateFinishedTrialError:
            return True
        if isinstance(self._study.pruner, optuna.pruners.NopPruner):  # asking takes as long as keeping
            return False
        return self._trial.should_prune()

    def keep_measures(self, values: Mapping[str, float], limits: Mapping[str, float]) -> bool:
        """Keeps what was measured of its file, and by how much that breaks limits: 0.5 for half as much again.

        Returns:
            Whether the trial is still this worker's.
        """
        self._measured = dict(values)
        try:
            self._trial.set_user_attr(MEASURED, self._measured)
            for name, limit in limits.items():
                if name in values:
                    self._trial.set_constraint(name, values[name] / limit - 1)
        except UpdateFinishedTrialError:
            return False
        return True

    def refused(self, reason: str) -> bool:
        """Ends it before it is trained; returns ``False`` where another worker has taken it up."""
        return self._end({REFUSED: reason}, None, TrialState.PRUNED)

    def done(self, found: TrialScore) -> bool:
        """Ends it well, or early; returns ``False`` where another worker has taken it up."""
        state = TrialState.PRUNED if found.pruned else TrialState.COMPLETE
        values = None if found.pruned else [found.score, *(self._measured[name] for name in self._measures)]
        return self._end({FACTS: dataclasses.asdict(found)}, values, state)

    def failed(self, reason: str) -> bool:
        """Ends it with a reason; returns ``False`` where another worker has taken it up."""
        self.keep_values()
        return self._end({REASON: reason}, None, TrialState.FAIL)

    def _end(self, kept: dict[str, Any], values: list[float] | None, state: TrialState) -> bool:
        try:
            for name, value in kept.items():
                self._trial.set_user_attr(name, value)
        except UpdateFinishedTrialError:
            return False
        return self._study.tell(self._trial, values, state=state, skip_if_finished=True).state == state
