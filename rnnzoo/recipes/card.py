"""A result card: what a recipe gave, beside the simplest sensible baselines on the same rows."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from rnnzoo.errors import DataError
from rnnzoo.files import read_json
from rnnzoo.recipes.machine import describe_machine, describe_versions
from rnnzoo.recipes.recipe import Recipe
from rnnzoo.training.run.run_directory import RunDirectory

#: Scores of a trained model, by name, each with mean, deviation, lowest and highest over the runs.
Statistics = dict[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Card:
    """The result of a recipe.

    Attributes:
        recipe: Its name.
        summary: What it shows.
        model: The model of the zoo.
        arguments: Builder arguments other than its own.
        training: Training fields other than the defaults.
        data: The named data set, its options, and rows of each part.
        metric: The score that counts.
        higher_is_better: Whether more of it is better.
        runs: For each run its seed, test scores, epochs and seconds of training.
        scores: Mean, sample standard deviation, lowest and highest of each test score over the runs.
        baselines: The same for each baseline on the identical rows, of those that all runs have.
        baselines_left_out: Why others have no score, by name.
        parameters: Number of weights.
        train_seconds: Seconds of training, mean over the runs; learning vectors of words before is not counted.
        onnx: Size in bytes of the ONNX file, milliseconds of a call by number of rows, on one thread, and the shape of
            each input of a row: rows of unlike length are padded to the longest of the first test rows.
        reference: What publications report, in which setting.
        notes: What was tried and lost, or has to be known to read the score.
        command: What makes the card anew.
        machine: CPU model, cores and memory.
        versions: Versions of Python and packages.
        difference: By how much the runs are better than the best baseline on the same test rows, negative where they
            are worse: the name of the ``"baseline"``, the ``"mean"`` over the runs and its ``"standard_error"`` over
            test rows, the number of ``"groups"`` of rows that it rests on, and the ``"method"``: see
            ``rnnzoo.paired_difference``. ``None`` on cards older than it, or without a baseline.
        calibration: Of probabilities the expected calibration error ``"ece"`` and the Brier score ``"brier"``; of
            forecasts of a distribution the share of the truth in each central interval, such as ``"coverage_80"``; each
            with its statistics over the runs.
        robustness: The score of the first run's model, and that of the best baseline, on disturbed test rows: see
            ``measure_robustness``.
    """

    recipe: str
    summary: str
    model: str
    arguments: Mapping[str, Any]
    training: Mapping[str, Any]
    data: Mapping[str, Any]
    metric: str
    higher_is_better: bool
    runs: Sequence[Mapping[str, Any]]
    scores: Statistics
    baselines: Mapping[str, Statistics]
    parameters: int
    train_seconds: float
    onnx: Mapping[str, Any]
    reference: str
    notes: str
    command: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    baselines_left_out: Mapping[str, str] = field(default_factory=dict)
    difference: Mapping[str, Any] | None = None
    calibration: Statistics = field(default_factory=dict)
    robustness: Sequence[Mapping[str, Any]] = ()

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The best of the baselines and its score; ``None`` where none was fitted."""
        means = {name: row[self.metric]["mean"] for name, row in self.baselines.items() if self.metric in row}
        if not means:
            return None
        best = (max if self.higher_is_better else min)(means, key=lambda name: means[name])
        return best, means[best]

    @property
    def lead(self) -> float:
        """By how much the model is better than the best baseline; negative where it is worse, NaN without one."""
        if self.best_baseline is None:
            return math.nan
        difference = self.scores[self.metric]["mean"] - self.best_baseline[1]
        return difference if self.higher_is_better else -difference

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON has them."""
        return dataclasses.asdict(self)


def build_card(
    recipe: Recipe,
    runs: Sequence[RunDirectory],
    onnx: Mapping[str, Any],
    *,
    further_baselines: Sequence[Mapping[str, Mapping[str, float]]],
) -> Card:
    """Makes the card of finished runs.

    Args:
        recipe: The recipe.
        runs: Its runs, in the order of their seeds.
        onnx: ``"bytes"``, ``"milliseconds"``, ``"input_shapes"`` and ``"parameters"`` of the exported model.
        further_baselines: For each run the scores of baselines beside those that a run has itself.
    """
    metrics = [run.read_metrics() for run in runs]
    part = metrics[0]["baselines"]["part"]
    scores = [row[part] for row in metrics]
    rows = [
        {**row["baselines"]["scores"], **more} for row, more in zip(metrics, further_baselines, strict=True)
    ]
    everywhere = [name for name in rows[0] if all(name in row for row in rows)]
    return Card(
        recipe=recipe.name,
        summary=recipe.summary,
        model=recipe.model,
        arguments=dict(recipe.arguments),
        training=dict(recipe.training),
        data={
            "name": recipe.data,
            "options": dict(recipe.data_options),
            "folds": recipe.folds,
            "part": part,
            **_rows(runs[0]),
        },
        metric=recipe.metric,
        higher_is_better=recipe.higher_is_better,
        runs=[_facts_of_run(seed, row, part) for seed, row in enumerate(metrics)],
        scores=statistics(scores),
        baselines={name: statistics([row[name] for row in rows]) for name in everywhere},
        parameters=onnx["parameters"],
        train_seconds=round(float(np.mean([row["seconds"] for row in metrics])), 1),
        onnx={name: onnx[name] for name in ("bytes", "milliseconds", "input_shapes")},
        reference=recipe.reference,
        notes=recipe.notes,
        command=recipe.command(len(runs)),
        machine=describe_machine(),
        versions=describe_versions(),
        baselines_left_out={
            name: reason
            for row in metrics
            for name, reason in row["baselines"].get("skipped", {}).items()
            if name not in everywhere
        },
        calibration=statistics([calibration_of(run, row) for run, row in zip(runs, metrics, strict=True)]),
    )


def _facts_of_run(seed: int, metrics: Mapping[str, Any], part: str) -> dict[str, Any]:
    return {
        "seed": seed,
        "scores": _rounded(metrics[part]),
        "validation": _rounded(metrics["validation"]),
        "epochs": metrics["epochs"],
        "best_epoch": metrics["best_epoch"],
        "train_seconds": metrics["seconds"],
    }


def calibration_of(run: RunDirectory, metrics: Mapping[str, Any]) -> dict[str, float]:
    """Returns how far the probabilities, or the intervals, of a run can be trusted."""
    known = metrics.get("calibration", {})
    found = {name: known[name] for name in ("ece", "brier") if name in known}
    if not run.table("coverage").is_file():
        return found
    shares: dict[str, list[float]] = {}
    with run.table("coverage").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            shares.setdefault(f"coverage_{100 * float(row['level']):.6g}", []).append(float(row["coverage"]))
    return found | {name: float(np.mean(values)) for name, values in shares.items()}


def _rows(run: RunDirectory) -> dict[str, Any]:
    facts = run.read_config()["data"]
    return {name: facts[name] for name in ("rows", "checksum", "files") if name in facts}


def statistics(rows: Sequence[Mapping[str, float]]) -> Statistics:
    """Returns mean, deviation, lowest and highest of each score over runs."""
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows], float)
        found[name] = _rounded(
            {
                "mean": values.mean(),
                "deviation": values.std(ddof=1) if len(values) > 1 else 0.0,
                "lowest": values.min(),
                "highest": values.max(),
            }
        )
    return found


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in values.items()}


def known_card(name: str) -> Card | None:
    """Returns the card that comes with rnnzoo; ``None`` where a recipe has none yet."""
    path = resources.files("rnnzoo.recipes").joinpath("cards", f"{name}.json")
    if not path.is_file():
        return None
    with resources.as_file(path) as file:
        return read_card(file)


def read_card(path: Path) -> Card:
    """Reads a card.

    Raises:
        PathNotFoundError: If there is no such file.
        DataError: If it is no card.
    """
    values = read_json(path, "a result card")
    try:
        return Card(**values)
    except TypeError as error:
        raise DataError(
            f"{path}: not a result card of this version ({error}); expected one written by rnnzoo run. Run the recipe "
            "again."
        ) from error


def spread(statistics: Mapping[str, float], *, digits: int = 4) -> str:
    """Shows a mean and, where runs differ, its lowest and highest."""
    mean, lowest, highest = (f"{statistics[name]:.{digits}f}" for name in ("mean", "lowest", "highest"))
    return mean if lowest == highest else f"{mean} ({lowest}-{highest})"


def signed(difference: Mapping[str, Any] | None, *, digits: int = 4) -> str:
    """Shows a difference and its standard error.

    Example:
        >>> signed({"mean": 0.0123, "standard_error": 0.004}), signed({"mean": -0.5, "standard_error": None}, digits=1)
        ('+0.0123 ± 0.0040', '-0.5')
        >>> signed(None)
        '-'
    """
    if difference is None:
        return "-"
    mean, error = difference["mean"], difference["standard_error"]
    return f"{mean:+.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")
