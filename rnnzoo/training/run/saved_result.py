"""The result that a finished run keeps."""

from __future__ import annotations

import keras

from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.watching.gradient_monitor import read_summary


def saved_result(model: keras.Model, run: RunDirectory) -> TrainResult:
    """Returns the result that a finished run keeps.

    Args:
        model: Its model, with the weights of the best epoch.
        run: The run.
    """
    metrics, history = run.read_metrics(), run.read_history()
    return TrainResult(
        model=model,
        history=history,
        metrics={name: metrics[name] for name in ("validation", "test") if name in metrics},
        best_epoch=metrics["best_epoch"],
        stop_reason=metrics["stop_reason"],
        seconds=sum(row["seconds"] for row in history),
        directory=run.path,
        gradients=read_summary(run.gradients, metrics["gradients"]) if "gradients" in metrics else None,
    )
