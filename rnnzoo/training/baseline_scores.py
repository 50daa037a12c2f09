"""The baselines of a run that is written already: their scores, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from rnnzoo.data.splits import Splits
from rnnzoo.files import write_json
from rnnzoo.tasks import FORECASTING_TASKS, Task
from rnnzoo.training.baselines import answer_each, list_baselines
from rnnzoo.training.compatibility import suited
from rnnzoo.training.evaluation import Evaluation, evaluate_part, score_outputs
from rnnzoo.training.progress import BaselineReporter
from rnnzoo.training.run_directory import RunDirectory
from rnnzoo.training.run_files import draw_errors_by_step, errors_by_step, scored_part, write_run_report
from rnnzoo.training.scores import Scores
from rnnzoo.training.trainer import TrainResult, saved_result

#: Why a baseline has no score.
STOPPED = "fitting was stopped"
NOT_WANTED = "no baselines were wanted"


def add_baselines(
    run: RunDirectory,
    result: TrainResult,
    splits: Splits,
    task: Task,
    evaluation: Evaluation,
    *,
    seconds: float,
    progress: bool,
) -> None:
    """Fits the baselines that a finished run lacks; each is kept as soon as it is scored.

    An interruption leaves a whole run, with the baselines that were done.

    Args:
        run: The run.
        result: What training gave.
        splits: The data.
        task: The task.
        evaluation: The model on the part that is compared.
        seconds: Seconds for all of them together.
        progress: Whether to show each on standard error.
    """
    metrics = run.read_metrics()
    known = metrics["baselines"]
    forecasts = task.name in FORECASTING_TASKS
    # The picture of forecasts has a line for each, so that all are fitted.
    done = {} if forecasts else known["scores"]
    names = list_baselines(splits, getattr(splits, scored_part(splits)))
    known |= {"scores": dict(done), "skipped": {name: STOPPED for name in names if name not in done}}
    errors = {"model": errors_by_step(task, evaluation.outputs, evaluation)} if forecasts else {}

    def keep(name: str, outputs: np.ndarray | None, scores: Scores, skipped: str | None) -> None:
        del known["skipped"][name]
        if outputs is None:
            known["skipped"][name] = skipped
        else:
            known["scores"][name] = scores
            if forecasts:
                errors[name] = errors_by_step(task, outputs, evaluation)
        write_json(run.metrics, metrics)

    try:
        for name, outputs, scores, skipped in score_baselines(
            splits, task, scored_part(splits), evaluation, seconds=seconds, progress=progress, without=done
        ):
            keep(name, outputs, scores, skipped)
    finally:
        if len(errors) > 1:
            draw_errors_by_step(run, splits, errors)
        write_run_report(run, result, task, known)
        write_json(run.metrics, metrics)


def baselines_of_run(
    run: RunDirectory, model: keras.Model, splits: Splits, part: str, *, seconds: float
) -> dict[str, Any]:
    """Fits the baselines of a finished run; on the part that the run compares, it keeps them.

    Args:
        run: The run.
        model: Its model.
        splits: Its data.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        seconds: Seconds for all of them together.

    Returns:
        ``"part"``, the ``"scores"`` by name, and why others were ``"skipped"``.
    """
    task, splits = suited(model, splits)
    evaluation = evaluate_part(model, getattr(splits, part), splits, task)
    if part == scored_part(splits):
        result = saved_result(model, run)
        add_baselines(run, result, splits, task, evaluation, seconds=seconds, progress=True)
        kept: dict[str, Any] = run.read_metrics()["baselines"]
        return kept
    found: dict[str, Any] = {"part": part, "scores": {}, "skipped": {}}
    for name, outputs, scores, skipped in score_baselines(
        splits, task, part, evaluation, seconds=seconds, progress=True
    ):
        if outputs is None:
            found["skipped"][name] = skipped
        else:
            found["scores"][name] = scores
    return found


def score_baselines(
    splits: Splits,
    task: Task,
    part: str,
    evaluation: Evaluation,
    *,
    seconds: float,
    progress: bool,
    without: Any = (),
) -> Iterator[tuple[str, np.ndarray | None, Scores, str | None]]:
    """Yields each baseline's name, outputs (``None`` if it was left out), scores, and why it was left out."""
    split = getattr(splits, part)
    names = [name for name in list_baselines(splits, split) if name not in without]
    report = BaselineReporter(names, seconds, enabled=progress)
    with contextlib.closing(report):
        for answered in answer_each(splits, split, seconds=seconds, without=without, started=report.start):
            scores: Scores = {}
            if answered.outputs is not None:
                scores = score_outputs(
                    answered.outputs, evaluation.targets, splits, task, lengths=evaluation.lengths
                )
            yield answered.name, answered.outputs, scores, answered.skipped
            # Once it is kept.
            report.end(answered.name, answered.skipped or scores, answered.seconds)
