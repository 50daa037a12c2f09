"""The best trials of a search, and the model's defaults, trained anew with several seeds: one seed may be luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras_tuner
import numpy as np

from rnnzoo.training.optimization.monitor import Monitor
from rnnzoo.training.problem import Problem
from rnnzoo_tuning.hypermodel import SequenceHyperModel
from rnnzoo_tuning.trial_records import EndedTrial

#: With how many seeds each is trained.
SEEDS = 3
#: What the model as it is where nothing varies is called.
DEFAULT = "default"
_CANDIDATE, _SEED = "candidate", "seed"


@dataclass(frozen=True)
class Confirmed:
    """How one of the best trials, or the model's defaults, did with several seeds.

    Attributes:
        name: ``"trial 3"`` or ``"default"``.
        scores: The objective on the validation part with each seed, as far as it ended well.
        origin: The number of the trial; ``None`` for the defaults.
    """

    name: str
    scores: tuple[float, ...]
    origin: int | None

    @property
    def mean(self) -> float:
        """The mean of the scores; NaN where none ended well."""
        return float(np.mean(self.scores)) if self.scores else float("nan")

    @property
    def spread(self) -> float:
        """The standard deviation of the scores; NaN of less than two."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else float("nan")

    def row(self) -> dict[str, Any]:
        """Returns it as ``confirmation.json`` has it."""
        known = {"mean": self.mean, "spread": self.spread}
        finite = {name: value if np.isfinite(value) else None for name, value in known.items()}
        return {"candidate": self.name, **finite, "scores": list(self.scores), "seeds": SEEDS}


class Candidates:
    """What is trained to confirm a search: each candidate with each seed, none of which the search has used.

    Args:
        hypermodel: What was tuned.
        trials: The best trials.
        seed: The seed that they were trained with.
    """

    def __init__(self, hypermodel: SequenceHyperModel, trials: Sequence[EndedTrial], seed: int) -> None:
        self._hypermodel = hypermodel
        self._trials = {_name(trial): trial for trial in trials}
        self._seeds = [seed + 1 + number for number in range(SEEDS)]

    @property
    def count(self) -> int:
        """How many trainings there are."""
        return (len(self._trials) + 1) * SEEDS

    @property
    def name(self) -> str:
        """What sets them apart from those of the same search with more trials."""
        return f"confirm {', '.join(str(trial.origin) for trial in self._trials.values())}"

    def draw(self, hp: keras_tuner.HyperParameters) -> None:
        """Names candidate and seed."""
        hp.Choice(_CANDIDATE, [*self._trials, DEFAULT])
        hp.Choice(_SEED, self._seeds)

    def problem(self, hp: keras_tuner.HyperParameters) -> Problem:
        """Returns the training of a candidate with a seed."""
        self.draw(hp)
        name, seed = hp.get(_CANDIDATE), int(hp.get(_SEED))
        if name == DEFAULT:
            return self._hypermodel.default_problem(seed)
        return self._hypermodel.problem(self._trials[name].parameters(), seed=seed)

    def confirmed(self, ended: Sequence[EndedTrial], monitor: Monitor) -> list[Confirmed]:
        """Returns how each did, the best first."""
        scores: dict[str, list[float]] = {name: [] for name in (*self._trials, DEFAULT)}
        for trial in ended:
            if trial.score is not None:
                scores[trial.values[_CANDIDATE]].append(trial.score)
        origins = {name: trial.origin for name, trial in self._trials.items()}
        found = [Confirmed(name, tuple(values), origins.get(name)) for name, values in scores.items()]
        return sorted(
            found, key=lambda one: (not one.scores, -monitor.sign * one.mean if one.scores else 0.0)
        )


def _name(trial: EndedTrial) -> str:
    return f"trial {(trial.number or 0) + 1}"
