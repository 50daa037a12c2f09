"""The baselines of a run that is written already: their scores, one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.baselines import Answered, answer_each, list_baselines
from rnnzoo.evaluation.compatibility import choose_task
from rnnzoo.evaluation.evaluation import Evaluation, evaluate_part, score_outputs
from rnnzoo.evaluation.scores import Scores
from rnnzoo.files import write_json
from rnnzoo.tasks import Task
from rnnzoo.training.result import TrainResult
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.training.run.run_files import draw_errors_by_step, errors_by_step, scored_part, write_run_report
from rnnzoo.training.run.saved_result import saved_result
from rnnzoo.training.watching.progress import BaselineReporter

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
    known, part = metrics["baselines"], scored_part(splits)
    scored = known["scores"]
    names = list_baselines(splits, getattr(splits, part))
    known["skipped"] = skipped = {name: STOPPED for name in names if name not in scored}
    if not skipped:
        return
    forecasts = task.forecasts
    # The picture of forecasts has a line for each, so that all are fitted.
    wanted = names if forecasts else list(skipped)
    errors = {"model": errors_by_step(task, evaluation.outputs, evaluation)} if forecasts else {}
    answers = score_baselines(
        splits, task, part, evaluation, seconds=seconds, progress=progress, names=wanted
    )
    try:
        for answered, scores in answers:
            if answered.outputs is not None:
                scored[answered.name] = scores
                skipped.pop(answered.name, None)
                if forecasts:
                    errors[answered.name] = errors_by_step(task, answered.outputs, evaluation)
            elif answered.name in skipped:
                skipped[answered.name] = str(answered.skipped)
            write_json(run.metrics, metrics)
    finally:
        if 1 < len(errors) > len(scored):
            draw_errors_by_step(run, splits, errors)
        write_run_report(run, result, task, known, metrics.get("calibration", {}))


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
    task, splits = choose_task(model, splits)
    evaluation = evaluate_part(model, getattr(splits, part), splits, task)
    if part == scored_part(splits):
        result = saved_result(model, run)
        add_baselines(run, result, splits, task, evaluation, seconds=seconds, progress=True)
        kept: dict[str, Any] = run.read_metrics()["baselines"]
        return kept
    found: dict[str, Any] = {"part": part, "scores": {}, "skipped": {}}
    for answered, scores in score_baselines(splits, task, part, evaluation, seconds=seconds, progress=True):
        if answered.outputs is None:
            found["skipped"][answered.name] = answered.skipped
        else:
            found["scores"][answered.name] = scores
    return found


def score_baselines(
    splits: Splits,
    task: Task,
    part: str,
    evaluation: Evaluation,
    *,
    seconds: float,
    progress: bool,
    names: Sequence[str] | None = None,
) -> Iterator[tuple[Answered, Scores]]:
    """Yields each baseline and its scores, which are empty where it was left out.

    Args:
        splits: The data.
        task: The task.
        part: The part to answer.
        evaluation: The model on it.
        seconds: Seconds for all of them together.
        progress: Whether to show each on standard error.
        names: Those that are wanted; ``None`` for all.
    """
    split = getattr(splits, part)
    names = list_baselines(splits, split) if names is None else names
    report = BaselineReporter(names, seconds, enabled=progress)
    with contextlib.closing(report):
        for answered in answer_each(splits, split, seconds=seconds, names=names, started=report.start):
            scores: Scores = {}
            if answered.outputs is not None:
                scores = score_outputs(
                    answered.outputs,
                    evaluation.targets,
                    splits,
                    task,
                    lengths=evaluation.stretches,
                    weights=evaluation.weights,
                    naive_errors=evaluation.naive_errors,
                )
            yield answered, scores
            # Once it is kept.
            report.end(answered.name, answered.skipped or scores, answered.seconds)
