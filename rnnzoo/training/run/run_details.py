"""What a run keeps of the details of its evaluation: tables, pictures, and their sections of the report."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rnnzoo.data.split import Batches
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.details.detail_sections import detail_sections
from rnnzoo.evaluation.details.examination import Details, point_forecasts, target_names
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.files import write_csv
from rnnzoo.report import Section
from rnnzoo.tasks import Task
from rnnzoo.training.run import detail_plots, plots
from rnnzoo.training.run.run_directory import RunDirectory

#: The pictures that stand below each table in the report.
_PICTURES_OF = {
    "confused_pairs": ("confused_pairs",),
    "calibration": ("reliability",),
    "errors_by_series": ("errors_by_series",),
    "coverage": ("coverage",),
    "worst_rows": ("worst_rows", "residuals"),
}
#: All of them.
PICTURES = tuple(picture for pictures in _PICTURES_OF.values() for picture in pictures)
#: Characters of a class in the title of a panel.
_LONGEST = 14
#: Columns of the tables that are not numbers.
_WORDS = frozenset(("class", "true", "predicted", "target", "series", "word", "text"))


def write_details(
    run: RunDirectory, details: Details, splits: Splits, task: Task, evaluation: Evaluation
) -> None:
    """Writes a CSV file for each table and a picture for what can be seen better.

    Args:
        run: Where.
        details: What was found out.
        splits: The data.
        task: The task.
        evaluation: The model on the part that the details are of.
    """
    for name, rows in details.tables.items():
        write_csv(run.table(name), rows)
    for name, figure in _figures(details, splits, task, evaluation).items():
        plots.save_figure(figure, run.plots / f"{name}.png")


def _figures(details: Details, splits: Splits, task: Task, evaluation: Evaluation) -> dict[str, Figure]:
    tables, figures = details.tables, {}
    if "confused_pairs" in tables:
        figures["confused_pairs"] = detail_plots.confused_pairs(tables["confused_pairs"])
    if "calibration" in tables:
        error = details.calibration["ece"]
        figures["reliability"] = detail_plots.reliability(tables["calibration"], error=error)
    if "errors_by_series" in tables:
        figures["errors_by_series"] = detail_plots.errors_by_series(tables["errors_by_series"])
    if "coverage" in tables:
        figures["coverage"] = detail_plots.coverage(tables["coverage"])
    split: Batches = getattr(splits, details.part)
    if task.forecasts:
        figures |= _worst_forecasts(details, splits, task, evaluation)
    elif task.targets == "values" and "worst_rows" in tables:
        names = target_names(splits, evaluation.targets.shape[-1])
        counted = evaluation.counted()[0]
        figures["residuals"] = detail_plots.residuals(counted.targets, counted.outputs, names)
    if not task.forecasts:
        figures |= _worst_series(details, split)
    return figures


def _worst_forecasts(
    details: Details, splits: Splits, task: Task, evaluation: Evaluation
) -> dict[str, Figure]:
    split = getattr(splits, details.part)
    if split.raw is None or not details.worst:
        return {}
    places = _apart(details.worst, evaluation.targets.shape[1])[: detail_plots.PANELS]
    rows = np.asarray([details.worst[place] for place in places])
    history, future = split.raw_targets(rows)
    titles = [_title(details.tables["worst_rows"][place]) for place in places]
    point = point_forecasts(task, evaluation.outputs[rows])[..., 0]
    return {"worst_rows": detail_plots.worst_forecasts(history[..., 0], future[..., 0], point, titles)}


def _apart(rows: Sequence[int], distance: int) -> list[int]:
    """Returns the places of rows that are so far from all before them: windows side by side show the same again.

    Example:
        >>> _apart([7, 8, 20, 3], 5)
        [0, 2]
    """
    kept: list[int] = []
    for place, row in enumerate(rows):
        if all(abs(row - rows[other]) >= distance for other in kept):
            kept.append(place)
    return kept


def _worst_series(details: Details, split: Batches) -> dict[str, Figure]:
    """Draws the worst rows where they are series of numbers."""
    values, titles = [], []
    for number, row in zip(details.worst, details.tables.get("worst_rows", ()), strict=True):
        series = _series(None if split.raw is None else split.raw[number])
        if series is not None:
            values.append(series)
            titles.append(_title(row))
        if len(values) == detail_plots.PANELS:
            break
    return {"worst_rows": detail_plots.worst_series(values, titles)} if values else {}


def _series(row: Any) -> np.ndarray | None:
    """Returns a raw row as ``(time, features)``; ``None`` for what is no series of numbers."""
    if isinstance(row, str | Mapping | Path) or row is None:
        return None
    try:
        values = np.asarray(row, np.float64)
    except (TypeError, ValueError):
        return None
    if values.ndim == 1 and len(values) > 1:
        return values[:, None]
    return values if values.ndim == 2 and values.size else None


def _title(row: Mapping[str, Any]) -> str:
    """Says of a worst row what is true of it and what was predicted, or how far off a forecast is."""
    parts = [f"row {row['row']}", *([str(row["series"])] if "series" in row else [])]
    if "mae" in row:
        return f"{', '.join(parts)}: mean absolute error {row['mae']:.3g}"
    if "true" not in row:
        return ", ".join(parts)
    true, predicted = (
        f"{value:.3g}" if isinstance(value, float) else _cut(str(value))
        for value in (row["true"], row["predicted"])
    )
    return f"{', '.join(parts)}: true {true}, predicted {predicted}"


def report_sections(run: RunDirectory, calibration: Mapping[str, Any]) -> list[Section]:
    """Returns the sections of the report with their pictures, from the files that are there.

    Args:
        run: The run.
        calibration: ``ece`` and ``brier``, where a model answers probabilities of classes.
    """
    tables = {name: _read(run.table(name)) for name in run.TABLES if run.table(name).is_file()}
    found = []
    for name, section in detail_sections(tables, calibration).items():
        paths = [run.plots / f"{picture}.png" for picture in _PICTURES_OF.get(name, ())]
        images = [(path, path.stem.replace("_", " ")) for path in paths if path.is_file()]
        found.append(dataclasses.replace(section, images=images))
    return found


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        # What is true and predicted are names, but for values.
        words = _WORDS if "error" not in (reader.fieldnames or ()) else _WORDS - {"true", "predicted"}
        return [
            {name: value if name in words else _number(value) for name, value in row.items()}
            for row in reader
        ]


def _number(value: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
