"""What a recipe is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.score_directions import direction_of


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


#: Seconds for the baselines of a run, which for a recipe are to be whole on any machine.
BASELINE_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A data set, a model and a configuration, with seeds and split fixed, so that anyone gets the same result.

    Attributes:
        name: What ``rnnzoo run`` takes.
        summary: One line on what it shows.
        data: A named data set.
        data_options: Options of ``load_dataset``.
        model: A model of the zoo.
        arguments: Builder arguments other than the model's own and those that the data dictate.
        word_vectors: Named sets whose training texts, without labels and together with those of ``data``, vectors of
            the words are learned from before training: see ``learn_word_vectors``.
        training: Fields of ``TrainConfig`` other than the defaults; the seed is that of the run.
        metric: The score that counts.
        runs: How many runs are made, with the seeds 0, 1, ...
        folds: Where the data are cut into so many folds, run ``i`` has fold ``i`` for its test; ``None`` where all runs
            have the same test rows.
        further_baselines: Classifiers beside the usual baselines: names in ``FURTHER_BASELINES``.
        tolerance: How far the mean over the runs may be from that of the card, in units of the metric, before
            ``rnnzoo run --check`` fails, where the runs on the card do not tell how far seeds differ: with folds, and
            on a card of a single run. See ``rnnzoo.recipes.card_check``.
        reference: What publications report, in which setting.
        notes: What was tried and lost, or has to be known to read the score.
    """

    name: str
    summary: str
    data: str
    model: str
    metric: str
    tolerance: float
    data_options: Mapping[str, Any] = field(default_factory=_nothing)
    arguments: Mapping[str, Any] = field(default_factory=_nothing)
    word_vectors: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=_nothing)
    runs: int = 3
    folds: int | None = None
    further_baselines: tuple[str, ...] = ()
    reference: str = ""
    notes: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether more of the metric is better."""
        return direction_of(self.metric) >= 0

    def count_runs(self, wanted: int | None) -> int:
        """Returns how many runs to make: those wanted, or all.

        Raises:
            ArgumentError: If the recipe has fewer.
        """
        count = self.runs if wanted is None else checks.integer("runs", wanted, minimum=1)
        if count > self.runs:
            raise ArgumentError(f"runs: received {count} for {self.name!r}; expected {self.runs} at most.")
        return count

    def command(self, runs: int) -> str:
        """Returns what makes so many runs anew."""
        return f"rnnzoo run {self.name} --out {self.name}" + (f" --runs {runs}" if runs < self.runs else "")
