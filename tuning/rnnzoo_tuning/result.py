"""What a search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnzoo.report import show
from rnnzoo.summary import Summary, Table
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.result import TrainResult
from rnnzoo_export.measure_config import ENDS


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        arguments: The builder's arguments of the best trial.
        config: The training config of the best trial.
        objective: What was compared, such as ``"val_accuracy"``.
        score: The best trial's value of it.
        best_trial: The best trial's number, from 1.
        trials: One dictionary per trial: number, status, score, seconds and hyperparameters.
        best: The best trial trained again and saved as a run in ``directory / "best"``.
        directory: Where everything is.
        bundle: The exported best model in ``directory / "bundle"``; ``None`` where none was asked for, or it cannot be
            exported.
        measures: What was measured of the best model's file before it was trained, by name.
        measured_again: The same of the file in ``bundle``.
        front: The rows of the trials that no other beats in all objectives, the best score first; only with several.
        confirmed: The best trials, and the model's defaults, with several seeds: rows of ``candidate``, ``mean``,
            ``spread`` and ``scores`` on the validation part, the best first.
    """

    arguments: dict[str, Any]
    config: TrainConfig
    objective: str
    score: float
    best_trial: int
    trials: list[dict[str, Any]]
    best: TrainResult
    directory: Path
    bundle: Path | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    measured_again: Mapping[str, float] = field(default_factory=dict)
    front: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        """What the result shows of itself: the best trial and all others, with why some failed."""
        refused = sum(row["status"] == "refused" for row in self.trials)
        failed = sum(row["score"] is None for row in self.trials) - refused
        changed = {
            name: value
            for name, value in self.config.to_dict().items()
            if value != TrainConfig().to_dict()[name]
        }
        trained = [row for row in self.trials if row["status"] != "refused"]
        number = next((n for n, row in enumerate(trained) if row["trial"] == self.best_trial), None)
        facts = {
            self.objective: self.score,
            "trials": f"{len(self.trials) - refused}"
            + (f", {failed} failed" if failed else "")
            + (f", {refused} more refused" if refused else ""),
            "best trial": self.best_trial,
            "arguments": ", ".join(f"{name}={show(value)}" for name, value in self.arguments.items()),
            "training": ", ".join(f"{name}={show(value)}" for name, value in changed.items()),
            "best run": self.best.directory,
            "bundle": self.bundle or "",
            **shown_measures(self.measures, self.measured_again),
        }
        known = {name: value for name, value in facts.items() if value != ""}
        tables = [Table("Trials", trained, number)]
        if self.front:
            tables.append(Table("Pareto front", self.front, None))
        if self.confirmed:
            tables.append(Table("The best with several seeds", shown_confirmed(self.confirmed), 0))
        return Summary("Search", known, tables)


def shown_confirmed(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns rows of ``confirmed`` for a table, their scores with four digits.

    Example:
        >>> shown_confirmed([{"candidate": "trial 3", "mean": 0.5, "scores": [0.25, 0.74999]}])
        [{'candidate': 'trial 3', 'mean': 0.5, 'scores': '0.25, 0.75'}]
    """
    return [{**row, "scores": ", ".join(map(show, row["scores"]))} for row in rows]


def shown_measures(searched: Mapping[str, float], again: Mapping[str, float]) -> dict[str, str]:
    """Returns measures in words: the value with its interval, and what the file of the trained model has.

    Example:
        >>> shown_measures({"size_mb": 0.2, "step_ms": 0.5, "step_ms_low": 0.4, "step_ms_high": 0.7}, {"size_mb": 0.21})
        {'size_mb': '0.2, in the bundle 0.21', 'step_ms': '0.5 (0.4 to 0.7)'}
    """

    def value(values: Mapping[str, float], name: str) -> str:
        ends = [values.get(f"{name}{end}") for end in ENDS]
        shown = f"{values[name]:.3g}"
        return shown if None in ends else f"{shown} ({ends[0]:.3g} to {ends[1]:.3g})"

    names = [name for name in searched if not name.endswith(ENDS)]
    return {
        name: value(searched, name) + (f", in the bundle {value(again, name)}" if name in again else "")
        for name in names
    }
