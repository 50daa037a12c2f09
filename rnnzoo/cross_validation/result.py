"""What a cross-validation gave: the scores of every fold, beside those of the baselines on the same rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.evaluation.verdict import verdict
from rnnzoo.report import show
from rnnzoo.summary import Summary, Table

#: Mean and deviation of each score over the folds.
Spread = dict[str, dict[str, float]]


@dataclass(frozen=True)
class FoldScores:
    """One fold.

    Attributes:
        fold: Its number, counted from 0.
        rows: How many rows each part has.
        scores: The scores of the model on the fold, which it never saw.
        baselines: Those of the baselines, fitted on the training rows of this fold.
        left_out: Why other baselines have no scores, by name.
        best_epoch: The epoch that the weights are from.
        epochs: How many there were.
        seconds: Seconds of training.
    """

    fold: int
    rows: Mapping[str, int]
    scores: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class CrossValidation:
    """What ``cross_validate`` gave.

    Attributes:
        model: What was trained: a model of the zoo, or a function.
        folds: The scores of each fold.
        directory: Where it is kept; ``None`` if it is not.
    """

    model: str
    folds: tuple[FoldScores, ...]
    directory: Path | None = None

    @property
    def scores(self) -> Spread:
        """Mean and deviation of each score of the model over the folds."""
        return spread_of([fold.scores for fold in self.folds])

    @property
    def baselines(self) -> dict[str, Spread]:
        """The same of each baseline that all folds have scores of."""
        names = [
            name for name in self.folds[0].baselines if all(name in fold.baselines for fold in self.folds)
        ]
        return {name: spread_of([fold.baselines[name] for fold in self.folds]) for name in names}

    @property
    def left_out(self) -> dict[str, str]:
        """Why other baselines are not compared, by name."""
        known = self.baselines
        found: dict[str, str] = {}
        for fold in self.folds:
            for name, reason in fold.left_out.items():
                if name not in known:
                    found.setdefault(name, f"fold {fold.fold}: {reason}")
        return found

    @property
    def verdict(self) -> str:
        """Says in a sentence whether a baseline is better; empty where nothing can be compared."""
        scores = _means(self.scores)
        baselines = {name: _means(row) for name, row in self.baselines.items()}
        said = verdict(scores, baselines)
        name = deciding_score(scores)
        if not said or name is None:
            return ""
        sign = direction_of(name)
        best = max(
            (row for row in baselines if name in baselines[row]), key=lambda row: sign * baselines[row][name]
        )
        ahead = sum(sign * (fold.scores[name] - fold.baselines[best][name]) > 0 for fold in self.folds)
        return f"{said} In {ahead} of {len(self.folds)} folds the model is ahead of it."

    def rows(self) -> list[dict[str, object]]:
        """Returns a row for each method on each fold, as ``results.csv`` has them."""
        return [
            {"fold": fold.fold, "method": method, **scores}
            for fold in self.folds
            for method, scores in {"model": fold.scores, **fold.baselines}.items()
        ]

    def tables(self) -> list[Table]:
        """Returns what a terminal shows: means and deviations, then the folds."""
        names = [name for name in self.scores if name != "loss"]
        means: list[dict[str, object]] = [
            {"method": method, **{name: shown(row[name]) for name in names if name in row}}
            for method, row in {"model": self.scores, **self.baselines}.items()
        ]
        folds: list[dict[str, object]] = [
            {
                "fold": fold.fold,
                "rows": fold.rows.get("test", 0),
                **{name: fold.scores[name] for name in names if name in fold.scores},
                "best epoch": f"{fold.best_epoch} of {fold.epochs}",
                "seconds": round(fold.seconds, 1),
            }
            for fold in self.folds
        ]
        return [
            Table(f"Scores over {len(self.folds)} folds, mean ± standard deviation", means),
            Table("The model on each fold", folds),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as JSON has it."""
        return {
            "model": self.model,
            "scores": self.scores,
            "baselines": self.baselines,
            "left_out": self.left_out,
            "verdict": self.verdict,
            "folds": [dataclasses.asdict(fold) for fold in self.folds],
        }

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        facts: dict[str, object] = {"verdict": self.verdict} if self.verdict else {}
        if self.directory is not None:
            facts["kept in"] = self.directory
        return Summary(f"{self.model}, cross-validated", facts, self.tables())


def spread_of(rows: Sequence[Mapping[str, float]]) -> Spread:
    """Returns mean and sample standard deviation of each score that all rows have.

    Example:
        >>> spread_of([{"accuracy": 0.5}, {"accuracy": 0.75}])["accuracy"]["mean"]
        0.625
    """
    found = {}
    for name in rows[0]:
        if all(name in row for row in rows):
            values = np.array([row[name] for row in rows], float)
            deviation = float(values.std(ddof=1)) if len(values) > 1 else math.nan
            found[name] = {"mean": float(values.mean()), "deviation": deviation}
    return found


def shown(spread: Mapping[str, float]) -> str:
    """Shows a mean with its deviation.

    Example:
        >>> shown({"mean": 0.91236, "deviation": 0.0123})
        '0.9124 ± 0.012'
    """
    return f"{show(float(spread['mean']))} ± {spread['deviation']:.2g}"


def deciding_score(scores: Mapping[str, float]) -> str | None:
    """Returns the score that decides: the first of which it is known whether more or less is better."""
    return next((name for name in scores if name != "loss" and direction_of(name)), None)


def _means(spread: Spread) -> dict[str, float]:
    return {name: values["mean"] for name, values in spread.items()}
