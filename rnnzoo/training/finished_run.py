"""A finished run read back, as ``train`` returned it."""

from __future__ import annotations

import csv

from rnnzoo.loading import load_model
from rnnzoo.training.gradient_monitor import GradientSummary
from rnnzoo.training.run_directory import RunDirectory
from rnnzoo.training.trainer import TrainResult

_PARTS = ("train", "validation", "test")


def read_result(run: RunDirectory) -> TrainResult:
    """Reads what training gave, without training again.

    Args:
        run: A finished run.

    Returns:
        The result; its model is not compiled, and its gradients have no norms, of which a run keeps only the table.
    """
    metrics, history = run.read_metrics(), _read_history(run)
    watched = metrics.get("gradients")
    return TrainResult(
        model=load_model(run.model),
        history=history,
        metrics={part: metrics[part] for part in _PARTS if part in metrics},
        best_epoch=metrics["best_epoch"],
        stop_reason=metrics["stop_reason"],
        seconds=sum(row["seconds"] for row in history),
        directory=run.path,
        gradients=None
        if watched is None
        else GradientSummary(None, watched["clipped_steps"], watched["verdict"]),
    )


def _read_history(run: RunDirectory) -> list[dict[str, float]]:
    with run.history.open(newline="", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    return [{**row, "epoch": int(row["epoch"])} for row in rows]
