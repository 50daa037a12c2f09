"""The files that a finished run leaves: preprocessing, metrics, pictures and a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnzoo.data.splits import Splits
from rnnzoo.decoding import save_decoding
from rnnzoo.evaluation.baselines import list_baselines
from rnnzoo.evaluation.details.examination import examine, point_forecasts, target_names
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.evaluation.score_table import score_table
from rnnzoo.evaluation.verdict import verdict
from rnnzoo.files import replacing, write_json
from rnnzoo.keras_models.cudnn import explain_cudnn
from rnnzoo.preprocessing import save_preprocessing
from rnnzoo.report import Section, write_report
from rnnzoo.tasks import Task
from rnnzoo.training.problem import Problem
from rnnzoo.training.run import plots
from rnnzoo.training.run.run_details import report_sections, write_details
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.run.run_settings import setting_sections, shown_value

if TYPE_CHECKING:
    from rnnzoo.training.result import TrainResult

#: Above this many classes a confusion matrix cannot be read.
_MAX_CLASSES = 60
#: Pictures of a run, in the order of the report.
_PICTURES = ("learning_curves", "gradients", "forecasts", "errors_by_step", "predictions", "confusion_matrix")
#: Held-out rows that are kept for proving exports.
_SAMPLES = 64


def write_run(
    run: RunDirectory,
    result: TrainResult,
    problem: Problem,
    evaluation: Mapping[str, Evaluation],
    *,
    left_out: str,
) -> None:
    """Writes everything but the model, which the best epoch has written; ``metrics.json`` comes last.

    Args:
        run: Where.
        result: What training gave.
        problem: What was trained.
        evaluation: The model on validation and test.
        left_out: Why no baseline is there yet.
    """
    splits, task = problem.splits, problem.task
    if splits.preprocessing is not None:
        save_preprocessing(splits.preprocessing, run.preprocessing)
    if splits.decoding is not None:
        save_decoding(splits.decoding.for_task(task.name), run.decoding)
    run.write_history(result.history)
    _write_samples(run, splits)
    part = scored_part(splits)
    _draw(run, result, splits, task, part, evaluation[part])
    details = examine(evaluation[part], splits, task, part)
    write_details(run, details, splits, task, evaluation[part])
    calibration = {"part": part, **details.calibration} if details.calibration else {}
    baselines = {
        "part": part,
        "scores": {},
        "skipped": dict.fromkeys(list_baselines(splits, getattr(splits, part)), left_out),
    }
    metrics = {
        **result.metrics,
        "baselines": baselines,
        "best_epoch": result.best_epoch,
        "epochs": len(result.history),
        "stop_reason": result.stop_reason,
        "seconds": round(result.seconds, 2),
    }
    if result.gradients is not None:
        metrics["gradients"] = {
            "verdict": result.gradients.verdict,
            "clipped_steps": result.gradients.clipped,
        }
    if calibration:
        metrics["calibration"] = calibration
    write_run_report(run, result, task, baselines, calibration)
    write_json(run.metrics, metrics)


def scored_part(splits: Splits) -> str:
    """Returns the name of the part that model and baselines are compared on."""
    return "test" if splits.test is not None else "validation"


def _write_samples(run: RunDirectory, splits: Splits) -> None:
    """Keeps some held-out rows: inputs to prove exported files with, and one raw example to try."""
    split = splits.test if splits.test is not None else splits.validation
    inputs, _, _ = split.first(_SAMPLES)
    with replacing(run.samples) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **inputs)
    if split.raw is not None:
        write_json(run.example, _plain(split.raw[0]))


def _plain(value: Any) -> Any:
    """Returns a raw input as JSON has it; a missing number is null."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _draw(
    run: RunDirectory, result: TrainResult, splits: Splits, task: Task, part: str, evaluation: Evaluation
) -> None:
    figures = {"learning_curves": plots.learning_curves(result.history, best_epoch=result.best_epoch)}
    if result.gradients is not None and result.gradients.norms is not None:
        title = "How far back gradients reach in the last epoch"
        figures["gradients"] = plots.gradient_reach(result.gradients.norms.steps, title=title)
    labels = splits.decoding.labels if splits.decoding is not None else None
    counted = evaluation.counted()[0]
    if task.forecasts:
        figures |= _forecast_figures(splits, task, part, evaluation)
    elif task.targets == "values" and evaluation.outputs.shape == evaluation.targets.shape:
        names = target_names(splits, evaluation.targets.shape[-1])
        figures["predictions"] = plots.regression_scatter(counted.targets, counted.outputs, names)
    elif task.confusion_matrix and labels and len(labels) <= _MAX_CLASSES:
        truth = counted.targets.reshape(-1).astype(int)
        predicted = task.class_numbers(counted.outputs)
        figures["confusion_matrix"] = plots.confusion_matrix(truth, predicted, labels)
    for name, figure in figures.items():
        plots.save_figure(figure, run.plots / f"{name}.png")
    if "forecasts" in figures:
        draw_errors_by_step(run, splits, {"model": errors_by_step(task, evaluation.outputs, evaluation)})


def errors_by_step(task: Task, outputs: np.ndarray, evaluation: Evaluation) -> np.ndarray:
    """Returns the mean absolute error of the first target at each step ahead; NaN where nothing counts."""
    errors: np.ndarray = np.abs(point_forecasts(task, outputs)[..., 0] - evaluation.targets[..., 0])
    if evaluation.weights is None:
        return np.asarray(errors.mean(axis=0))
    weights = np.broadcast_to(evaluation.weights.reshape(len(errors), -1), errors.shape)
    counted = weights.sum(axis=0, dtype=np.float64)
    sums = (errors * weights).sum(axis=0, dtype=np.float64)
    return np.divide(sums, counted, out=np.full(len(counted), np.nan), where=counted > 0)


def draw_errors_by_step(run: RunDirectory, splits: Splits, errors: Mapping[str, np.ndarray]) -> None:
    """Draws the errors of the model and of baselines at each step ahead."""
    figure = plots.errors_by_step(errors, name=target_names(splits, 1)[0])
    plots.save_figure(figure, run.plots / "errors_by_step.png")


def _forecast_figures(splits: Splits, task: Task, part: str, evaluation: Evaluation) -> dict[str, Any]:
    split = getattr(splits, part)
    if split.raw is None:
        return {}
    history, future = split.raw_targets()
    name = target_names(splits, future.shape[-1])[0]
    point = point_forecasts(task, evaluation.outputs)[..., 0]
    band = None
    if task.quantiles is not None:
        every = task.forecast_quantiles(evaluation.outputs[:, :, 0])
        share = f"{100 * (task.quantiles[-1] - task.quantiles[0]):.3g} % interval"
        band = (every[..., 0], every[..., -1], share)
    drawn = plots.forecasts(
        history[..., 0], future[..., 0], point, name=name, part=part, band=band, series=split.series
    )
    return {"forecasts": drawn}


def write_run_report(
    run: RunDirectory,
    result: TrainResult,
    task: Task,
    baselines: Mapping[str, Any],
    calibration: Mapping[str, Any],
) -> None:
    """Writes the report: what is known of baselines, and the pictures and tables that are there."""
    part, skipped = baselines["part"], baselines["skipped"]
    table = score_table(result.model.name, result.metrics[part], baselines["scores"])
    left_out = [{"baseline": name, "left out because": reason} for name, reason in skipped.items()]
    watched = [] if result.gradients is None else [Section("Gradients", text=result.gradients.verdict)]
    config = run.read_config()
    pictures = [run.plots / f"{name}.png" for name in _PICTURES]
    write_report(
        run.report,
        title=f"{result.model.name}: {task.name.replace('_', ' ')}",
        lead=f"Best epoch: {result.best_epoch} of {len(result.history)}. Why it ended: {result.stop_reason}.",
        sections=[
            Section(
                f"Scores on the {part} part",
                text=_said_of_scores(
                    verdict(result.metrics[part], baselines["scores"]), config["data"], part
                ),
                rows=table,
                best=0,
            ),
            *([Section("Baselines left out", rows=left_out)] if left_out else []),
            Section(
                "Pictures",
                images=[(path, path.stem.replace("_", " ")) for path in pictures if path.is_file()],
            ),
            *report_sections(run, calibration),
            *watched,
            Section("cuDNN", text="\n\n".join(str(explain_cudnn(result.model)).splitlines())),
            *setting_sections(config),
            Section("Data", rows=_pairs(config["data"])),
        ],
    )


def _said_of_scores(said: str, data: Mapping[str, Any], part: str) -> str:
    """Returns what the report says of scores: whether the model is better, and whether rows count unlike."""
    if part not in (data.get("weighted") or ()):
        return said
    by = f" in the column {data['weight']!r}" if isinstance(data.get("weight"), str) else ""
    return f"{said} Scores are weighted: each row counts as much as its weight{by} says.".strip()


def _pairs(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"field": name, "value": shown_value(value)} for name, value in values.items()]
