"""What a run keeps of the details of its evaluation: tables, pictures, and their sections of the report."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rnnzoo.data.split import Batches
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.details.examination import Details, point_forecasts, target_names
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.files import write_csv
from rnnzoo.report import Section
from rnnzoo.tasks import Task
from rnnzoo.training.run import detail_plots, plots
from rnnzoo.training.run.run_directory import RunDirectory

#: Pictures of details, each of which stands beside its table in the report.
PICTURES = ("confused_pairs", "reliability", "residuals", "worst_rows", "errors_by_series", "coverage")
#: Above this many classes the report shows those of the lowest F1 only.
_MANY_CLASSES = 30
#: Rows of other tables in the report, and characters of a text there.
_SHOWN, _LONGEST = 15, 160
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
        figures["residuals"] = detail_plots.residuals(evaluation.targets, evaluation.outputs, names)
    if not task.forecasts:
        figures |= _worst_series(details, split)
    return figures


def _worst_forecasts(
    details: Details, splits: Splits, task: Task, evaluation: Evaluation
) -> dict[str, Figure]:
    split = getattr(splits, details.part)
    if split.raw is None or not details.worst:
        return {}
    rows = np.asarray(details.worst[: detail_plots.PANELS])
    history, future = split.raw_targets(rows)
    titles = [_title(row) for row in details.tables["worst_rows"][: len(rows)]]
    point = point_forecasts(task, evaluation.outputs[rows])[..., 0]
    return {"worst_rows": detail_plots.worst_forecasts(history[..., 0], future[..., 0], point, titles)}


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
        f"{value:.3g}" if isinstance(value, float) else _cut(str(value), 14)
        for value in (row["true"], row["predicted"])
    )
    return f"{', '.join(parts)}: true {true}, predicted {predicted}"


def detail_sections(run: RunDirectory, calibration: Mapping[str, float]) -> list[Section]:
    """Returns the sections of the report, from the files that are there.

    Args:
        run: The run.
        calibration: ``ece`` and ``brier``, where a model answers probabilities of classes.
    """
    tables = {name: _read(run.table(name)) for name in run.TABLES if run.table(name).is_file()}
    sections = []
    if "class_scores" in tables:
        sections.append(_class_section(tables["class_scores"]))
    if "confused_pairs" in tables:
        sections.append(_section(run, "Most confused classes", tables, "confused_pairs"))
    if calibration:
        text = (
            f"Expected calibration error {calibration['ece']:.4f}: the mean distance of confidence and accuracy. "
            f"Brier score {calibration['brier']:.4f}: the mean squared distance of probabilities and truth. Of both, "
            "less is better."
        )
        sections.append(Section("Calibration", text=text, images=_images(run, "reliability")))
    for title, name in (
        ("Errors by series", "errors_by_series"),
        ("Coverage of intervals", "coverage"),
    ):
        if name in tables:
            sections.append(_section(run, title, tables, name))
    if "errors_by_step" in tables:
        sections.append(_step_section(tables["errors_by_step"]))
    if "worst_rows" in tables:
        sections.append(_worst_section(run, tables["worst_rows"]))
    return sections


def _class_section(rows: Sequence[Mapping[str, Any]]) -> Section:
    if len(rows) <= _MANY_CLASSES:
        return Section("Scores of each class", rows=rows)
    lowest = sorted(rows, key=lambda row: float(row["f1"]))[:_SHOWN]
    text = f"The {_SHOWN} of the lowest F1, of {len(rows):,}; all of them: class_scores.csv."
    return Section("Scores of each class", text=text, rows=lowest)


def _section(
    run: RunDirectory, title: str, tables: Mapping[str, Sequence[Mapping[str, Any]]], name: str
) -> Section:
    rows = tables[name]
    more = f"The first {_SHOWN} of {len(rows):,}; all of them: {name}.csv." if len(rows) > _SHOWN else ""
    return Section(title, text=more, rows=rows[:_SHOWN], images=_images(run, name))


def _step_section(rows: Sequence[Mapping[str, Any]]) -> Section:
    """Returns the errors of all steps, or of some that are spread over them; their picture stands above."""
    numbers = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _SHOWN)).round().astype(int))
    more = f"{len(numbers)} of {len(rows):,} rows; all of them: errors_by_step.csv."
    text = more if len(rows) > _SHOWN else ""
    return Section("Errors by step ahead", text=text, rows=[rows[number] for number in numbers])


def _worst_section(run: RunDirectory, rows: Sequence[Mapping[str, Any]]) -> Section:
    shown = [
        {name: _cut(value, _LONGEST) if name == "text" else value for name, value in row.items()}
        for row in rows[:_SHOWN]
    ]
    text = "A wrong label or a broken row is often among them. Rows are counted from 0."
    if len(rows) > _SHOWN:
        text += f" The first {len(rows)}: worst_rows.csv."
    return Section("Worst rows", text=text, rows=shown, images=_images(run, "worst_rows", "residuals"))


def _images(run: RunDirectory, *names: str) -> list[tuple[Path, str]]:
    paths = [run.plots / f"{name}.png" for name in names]
    return [(path, path.stem.replace("_", " ")) for path in paths if path.is_file()]


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


def _cut(value: Any, longest: int) -> str:
    text = str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
