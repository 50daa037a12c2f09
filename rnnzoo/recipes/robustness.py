"""How well a model, and the best baseline, answer test rows that are disturbed."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.compatibility import choose_task
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.recipes.disturbances import disturbed, list_disturbances
from rnnzoo.recipes.fitted_baseline import answer_again
from rnnzoo.recipes.row_comparison import Judge
from rnnzoo.training.run.run_files import scored_part


def measure_robustness(
    metric: str, model: keras.Model, splits: Splits, baseline: str | None
) -> list[dict[str, Any]]:
    """Scores a model, and a baseline, on disturbed test rows.

    Args:
        metric: The score that counts.
        model: A trained model.
        splits: Its data.
        baseline: The name of a baseline, which is fitted again; ``None`` for none. Baselines of forecasts read the
            table that windows are cut from, and have no score.

    Returns:
        For clean rows (``"none"``) and for each disturbance and strength: ``"disturbance"``, ``"strength"``, the
        ``"score"`` of the model and, where it could be measured, that of the ``"baseline"``. Empty for data that
        nothing is known to disturb.
    """
    task, splits = choose_task(model, splits)
    clean = getattr(splits, scored_part(splits))
    wanted = list_disturbances(splits)
    parts = [(one.name, one.strength, disturbed(clean, splits, one.change)) for one in wanted]
    if not parts:
        return []
    baseline = None if task.forecasts else baseline
    found = []
    for name, strength, part in [("none", 0.0, clean), *parts]:
        evaluation = evaluate_part(model, part, splits, task)
        row = {"disturbance": name, "strength": strength, "score": _rounded(evaluation.metrics[metric])}
        outputs = None if baseline is None else answer_again(baseline, splits, part)
        if outputs is not None:
            answered = dataclasses.replace(evaluation, outputs=outputs)
            row["baseline"] = _rounded(Judge(metric, splits, task, part).score(answered))
        found.append(row)
    return found


def _rounded(score: float) -> float:
    return round(float(score), 5)
