"""What a model gets right and wrong on a part, beyond its scores: what a run keeps and a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnzoo.data.splits import Splits
from rnnzoo.decoding.answers import (
    BinaryDecoding,
    ClassDecoding,
    GaussianDecoding,
    LabelDecoding,
    TagDecoding,
)
from rnnzoo.evaluation.details import worst_rows as worst
from rnnzoo.evaluation.details.calibration import calibrate
from rnnzoo.evaluation.details.class_facts import class_facts, label_facts
from rnnzoo.evaluation.details.class_tables import class_scores, confused_pairs
from rnnzoo.evaluation.details.forecast_tables import coverage, errors_by_series, errors_by_step
from rnnzoo.evaluation.details.shown_rows import AnsweredRows
from rnnzoo.evaluation.details.table_rows import TableRows
from rnnzoo.evaluation.details.worst_rows import WorstRows
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.tasks import Task

#: The levels between which a Gaussian's intervals lie: those of 99, 95, 90, 80 and 50 %.
_GAUSSIAN_LEVELS = (0.005, 0.025, 0.05, 0.1, 0.25, 0.75, 0.9, 0.95, 0.975, 0.995)


@dataclass(frozen=True)
class Details:
    """What a model gets right and wrong on one part.

    Attributes:
        part: ``"train"``, ``"validation"`` or ``"test"``.
        tables: Rows by the name of the table, only those that the task has: ``class_scores``, ``confused_pairs``,
            ``calibration`` (a row for each bin), ``worst_rows``, ``errors_by_step``, ``errors_by_series``,
            ``coverage``.
        calibration: The expected calibration error ``ece`` and the Brier score ``brier``; empty where a model answers
            no probabilities of classes.
        worst: The numbers of the worst rows within the part, for pictures, the worst first.
    """

    part: str
    tables: Mapping[str, TableRows] = field(default_factory=dict)
    calibration: Mapping[str, float] = field(default_factory=dict)
    worst: Sequence[int] = ()

    def to_dict(self) -> dict[str, object]:
        """Returns tables and numbers as JSON has them, those of calibration together."""
        tables: dict[str, object] = dict(self.tables)
        bins = tables.pop("calibration", None)
        if bins is None:
            return tables
        return {**tables, "calibration": {**self.calibration, "bins": bins}}


def examine(evaluation: Evaluation, splits: Splits, task: Task, part: str) -> Details:
    """Finds out what a model gets right and wrong; the work is that of a few passes over the outputs.

    Args:
        evaluation: The model on the part.
        splits: The data.
        task: The task.
        part: The name of the part.

    Returns:
        The details; those of a task of your own are what its decoding and ``class_numbers`` make known, and may be
        empty.
    """
    decoding = task.decoding or type(None)
    answers = len(evaluation.targets if evaluation.lengths is None else evaluation.lengths)
    evaluation, numbers = evaluation.counted()
    rows = AnsweredRows(getattr(splits, part), answers, numbers)
    if len(evaluation.targets) == 0:
        return Details(part)
    if task.forecasts:
        return _of_forecasts(evaluation, splits, task, part, rows)
    if task.targets == "values" and evaluation.outputs.shape == evaluation.targets.shape:
        return _of_values(evaluation, splits, part, rows)
    labels = _labels(evaluation, splits, task)
    if task.targets == "labels" and issubclass(decoding, LabelDecoding):
        return _of_labels(evaluation, rows, labels, part)
    if task.targets == "classes" and task.confusion_matrix:
        return _of_classes(evaluation, splits, task, part, rows)
    return Details(part)


def _labels(evaluation: Evaluation, splits: Splits, task: Task) -> list[str]:
    """Returns the names of the classes, or their numbers where they have no names."""
    known = splits.decoding.labels if splits.decoding is not None else None
    count = 2 if task.two_classes else evaluation.outputs.shape[-1]
    return list(known) if known else [str(number) for number in range(count)]


def _of_classes(
    evaluation: Evaluation, splits: Splits, task: Task, part: str, answered: AnsweredRows
) -> Details:
    labels, weights = _labels(evaluation, splits, task), evaluation.weights
    truth = evaluation.targets.reshape(-1).astype(int)
    tables: dict[str, TableRows] = {}
    numbers: dict[str, float] = {}
    sure = _has_probabilities(evaluation, task, labels)
    facts = class_facts(evaluation.outputs, truth, weights) if sure else None
    predicted = task.class_numbers(evaluation.outputs) if facts is None else facts.predicted
    tables["class_scores"] = class_scores(truth, predicted, labels, weights)
    tables["confused_pairs"] = confused_pairs(truth, predicted, labels, weights)
    if facts is not None:
        found = calibrate(facts.confidence, predicted == truth, weights)
        tables["calibration"] = found.bins
        numbers = {"ece": found.error, "brier": facts.brier}
    rows = WorstRows()
    if task.per_step and evaluation.lengths is not None:
        steps = worst.Steps(truth, predicted, facts, evaluation.lengths, evaluation.places)
        rows = worst.of_tags(answered, splits.preprocessing, steps, labels)
    elif facts is not None and not task.per_step:
        rows = worst.of_classes(answered, facts, labels)
    return _filled(part, {**tables, "worst_rows": rows.table}, numbers, rows.numbers)


def _filled(
    part: str,
    tables: Mapping[str, TableRows],
    calibration: Mapping[str, float] | None = None,
    worst: Sequence[int] = (),
) -> Details:
    """Returns details without the tables that have no row."""
    return Details(part, {name: rows for name, rows in tables.items() if rows}, calibration or {}, worst)


def _has_probabilities(evaluation: Evaluation, task: Task, labels: Sequence[str]) -> bool:
    """Whether outputs are logits of the classes, which the best paths of potentials are not."""
    if task.decoding is None or evaluation.outputs.ndim != 2 or len(task.output_axes) > 1:
        return False
    if issubclass(task.decoding, BinaryDecoding):
        return evaluation.outputs.shape[1] == 1
    known = issubclass(task.decoding, ClassDecoding | TagDecoding)
    return known and evaluation.outputs.shape[1] == len(labels) > 1


def _of_labels(evaluation: Evaluation, answered: AnsweredRows, labels: Sequence[str], part: str) -> Details:
    weights = evaluation.weights
    facts = label_facts(evaluation.outputs, evaluation.targets, weights)
    right = (facts.predicted == facts.truth).reshape(-1)
    own = None if weights is None else np.repeat(weights, len(labels))
    found = calibrate(facts.confidence.reshape(-1), right, own)
    rows = worst.of_labels(answered, facts, labels)
    tables = {
        "class_scores": class_scores(facts.truth, facts.predicted, labels, weights),
        "calibration": found.bins,
        "worst_rows": rows.table,
    }
    return _filled(part, tables, {"ece": found.error, "brier": facts.brier}, rows.numbers)


def _of_values(evaluation: Evaluation, splits: Splits, part: str, answered: AnsweredRows) -> Details:
    names = target_names(splits, evaluation.targets.shape[-1])
    scale = splits.decoding.scale if splits.decoding is not None else None
    rows = worst.of_values(answered, evaluation.outputs, evaluation.targets, names, scale)
    return _filled(part, {"worst_rows": rows.table}, worst=rows.numbers)


def _of_forecasts(
    evaluation: Evaluation, splits: Splits, task: Task, part: str, answered: AnsweredRows
) -> Details:
    series, weights = answered.split.series, evaluation.weights
    truth = np.asarray(evaluation.targets, np.float64)
    forecast = point_forecasts(task, evaluation.outputs)
    if forecast.shape != truth.shape or truth.ndim != 3:
        return Details(part)
    names = target_names(splits, truth.shape[-1])
    scale = splits.decoding.scale if splits.decoding is not None else None
    tables = {"errors_by_step": errors_by_step(forecast, truth, names, weights)}
    if series is not None:
        own = np.asarray(series)[answered.numbers]
        tables["errors_by_series"] = errors_by_series(forecast, truth, names, own, weights)
    known = _known_quantiles(task, evaluation.outputs)
    if known is not None:
        levels, quantiles = known
        tables["coverage"] = coverage(quantiles, truth, levels, names, weights)
    rows = worst.of_values(answered, forecast, truth, names, scale)
    return _filled(part, {**tables, "worst_rows": rows.table}, worst=rows.numbers)


def _known_quantiles(task: Task, outputs: np.ndarray) -> tuple[Sequence[float], np.ndarray] | None:
    """Returns levels and quantiles of a distribution; of a Gaussian those of more intervals than it is asked for."""
    if task.quantiles is None or task.decoding is None:
        return None
    if issubclass(task.decoding, GaussianDecoding):
        return _GAUSSIAN_LEVELS, task.decoding.forecast_quantiles(outputs, _GAUSSIAN_LEVELS)
    return task.quantiles, task.forecast_quantiles(outputs)


def point_forecasts(task: Task, outputs: np.ndarray) -> np.ndarray:
    """Returns the point forecasts ``(rows, horizon, targets)`` among outputs."""
    if task.quantiles is None:
        return outputs
    return task.forecast_quantiles(outputs)[..., task.quantiles.index(0.5)]


def target_names(splits: Splits, count: int) -> list[str]:
    """Returns the names of the targets, or numbers where they have none."""
    names = splits.decoding.target_names if splits.decoding is not None else None
    return list(names or [f"target {number}" for number in range(count)])
