"""The trials of a search as a study of Optuna keeps them, and as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

if TYPE_CHECKING:  # Keras Tuner starts TensorFlow, which nobody needs who reads a study
    import keras_tuner

# What is kept of a trial beside what Optuna keeps. A trial that failed without a reason was stopped.
ORIGIN, VALUES, REASON, WORKER, GRID, FACTS = "origin", "values", "reason", "worker", "grid", "facts"
SURPLUS, REFUSED, MEASURED, BEGUN_BY = "surplus", "refused", "measures", "begun_by"
#: The states of trials that ended as they were meant to.
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class TrialScore:
    """How a trial that was trained ended.

    Attributes:
        score: The objective of its best epoch.
        pruned: Whether it was ended early, for others are better.
        seconds: How long its epochs took.
        best_epoch: Its best epoch, counted from 1.
    """

    score: float
    pruned: bool = False
    seconds: float = 0.0
    best_epoch: int = 1


@dataclass(frozen=True)
class EndedTrial:
    """A trial that came to its end.

    Attributes:
        number: Its place among the trials that are not refused, from 0; the same after it was stopped and taken up
            again. ``None`` where it is refused.
        status: ``"done"``, ``"pruned"``, ``"failed"``, or ``"refused"`` where it breaks a limit and was not trained.
        score: The objective of its best epoch; ``None`` where it failed or is refused.
        values: The values of its hyperparameters by name.
        seconds: How long its epochs took.
        reason: Why it failed or is refused; empty where it ended well.
        measures: What was measured of its file, by name.
        origin: The number under which its files are kept.
        best_epoch: Its best epoch, counted from 1.
    """

    number: int | None
    status: str
    score: float | None
    values: dict[str, Any]
    seconds: float
    reason: str
    measures: dict[str, float] = field(default_factory=dict)
    origin: int = 0
    best_epoch: int = 1

    @property
    def place(self) -> int | None:
        """Its number as people count, from 1; ``None`` where it is refused."""
        return None if self.number is None else self.number + 1

    def parameters(self) -> keras_tuner.HyperParameters:
        """Returns its values as a model is built from them."""
        import keras_tuner

        found = keras_tuner.HyperParameters()
        found.values = dict(self.values)
        return found


def ranked(trials: Iterable[EndedTrial], sign: float) -> list[EndedTrial]:
    """Returns the trials that ended well, the best first; those that came to their last epoch before all others.

    Args:
        trials: The trials.
        sign: What to multiply scores by so that more is better.
    """
    scored = [trial for trial in trials if trial.score is not None]
    return sorted(scored, key=lambda trial: (trial.status != "done", -sign * (trial.score or 0.0)))


def origin_of(trial: FrozenTrial) -> int:
    """Returns the number of a trial's first attempt."""
    return int(trial.user_attrs.get(ORIGIN, trial.number))


def origins_of(trials: Iterable[FrozenTrial]) -> list[int]:
    """Returns the numbers of all first attempts."""
    return sorted({origin_of(trial) for trial in trials})


def counted(trials: Sequence[FrozenTrial]) -> list[int]:
    """Returns the origins of the trials that count: those that no limit refuses."""
    refused = {origin_of(trial) for trial in trials if REFUSED in trial.user_attrs}
    return [origin for origin in origins_of(trials) if origin not in refused]


def ended_trial(trial: FrozenTrial, place: int | None) -> EndedTrial:
    """Returns a trial that came to its end, with its place among those that count."""
    facts, kept = trial.user_attrs.get(FACTS, {}), trial.user_attrs
    reason = kept.get(REASON, "") if trial.state == TrialState.FAIL else kept.get(REFUSED, "")
    status = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned"}.get(trial.state, "failed")
    if REFUSED in kept:
        status = "refused"
    return EndedTrial(
        number=place,
        status=status,
        score=facts.get("score") if status in ("done", "pruned") else None,
        values=dict(trial.user_attrs.get(VALUES, {})),
        seconds=float(facts.get("seconds", 0.0)),
        reason=reason,
        measures=dict(kept.get(MEASURED, {})),
        origin=origin_of(trial),
        best_epoch=int(facts.get("best_epoch", 1)),
    )
