"""What a training gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.evaluation.score_table import score_table
from rnnzoo.files import read_json
from rnnzoo.line_chart import line_chart
from rnnzoo.summary import Summary, Table
from rnnzoo.training.watching.gradient_monitor import GradientSummary

#: The file of a run that holds the scores of the baselines.
_METRICS = "metrics.json"


@dataclass(frozen=True)
class TrainResult:
    """What training gave.

    Attributes:
        model: The model with the weights of its best epoch, compiled.
        history: One dictionary per epoch: ``epoch`` (from 1), losses and metrics, ``learning_rate``, ``seconds``.
        metrics: Metrics of the best epoch on the parts ``"validation"`` and, if there is one, ``"test"``.
        best_epoch: The epoch the weights are from, counted from 1; 0 for the linear start of a forecaster.
        stop_reason: Why training ended.
        seconds: Seconds of training, over all resumed parts.
        directory: The run directory, if one was asked for.
        gradients: What the gradients of the last epoch were like, with ``TrainConfig(monitor_gradients=True)``.
    """

    model: keras.Model
    history: list[dict[str, float]]
    metrics: dict[str, dict[str, float]]
    best_epoch: int
    stop_reason: str
    seconds: float
    directory: Path | None = None
    gradients: GradientSummary | None = None

    def __repr__(self) -> str:
        return self._summary().to_text()

    def _repr_html_(self) -> str:
        return self._summary().to_html()

    def _summary(self) -> Summary:
        """What the result shows of itself: scores beside those of baselines, where a run keeps some."""
        facts = {
            "best epoch": f"{self.best_epoch} of {len(self.history)}",
            "stopped": self.stop_reason,
            "training": f"{self.seconds:.1f} s",
            "gradients": None if self.gradients is None else self.gradients.verdict,
            "run": self.directory,
        }
        part = "test" if "test" in self.metrics else "validation"
        tables = [_score_table(part, self.metrics[part], self._baselines(part))]
        if part != "validation":
            tables.append(_score_table("validation", self.metrics["validation"], {}))
        return Summary(
            f"{self.model.name}, trained",
            {name: value for name, value in facts.items() if value is not None},
            tables,
            self._curve(),
        )

    def _baselines(self, part: str) -> dict[str, dict[str, float]]:
        """Reads the scores of the baselines, if the run is still that of this result."""
        path = self.directory / _METRICS if self.directory is not None else None
        if path is None or not path.is_file():
            return {}
        kept: dict[str, Any] = read_json(path, "the metrics of a training run")
        baselines = kept.get("baselines", {})
        if kept.get(part) != self.metrics[part] or baselines.get("part") != part:
            return {}
        scores: dict[str, dict[str, float]] = baselines["scores"]
        return scores

    def _curve(self) -> str:
        """Draws the first metric of which training and validation are known, or else the loss."""
        names = [name for name in self.history[0] if f"val_{name}" in self.history[0]] if self.history else []
        name = next((name for name in names if name != "loss"), "loss")
        lines = {
            word: [row.get(key, float("nan")) for row in self.history]
            for word, key in (("training", name), ("validation", f"val_{name}"))
            if any(key in row for row in self.history)
        }
        return line_chart(lines, title=name.replace("_", " "), marked=self.best_epoch) if lines else ""


def _score_table(part: str, scores: dict[str, float], baselines: dict[str, dict[str, float]]) -> Table:
    """Puts the scores of a model beside those of baselines; the best in the first score is marked."""
    title = f"Scores on the {part} part"
    if not baselines:
        return Table(title, [{"method": "model", **scores}], None)
    rows = score_table("model", scores, baselines)
    name = next((name for name in scores if name != "loss"), "")
    sign = direction_of(name)
    compared = [number for number, row in enumerate(rows) if sign and name in row]
    return Table(title, rows, max(compared, key=lambda number: sign * rows[number][name], default=None))
