"""Truth of ``rnnzoo.evaluation.task_trial``: mistakes of a task come to light before the first epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from own_task import task_with
from rnnzoo.errors import ArgumentError
from rnnzoo.evaluation.task_trial import score_names
from rnnzoo.tasks import TASKS

TEXTS, LABELS = ["abc", "zy", "de"] * 14, ["a", "b", "c"] * 14


@pytest.fixture(autouse=True)
def _leave_nothing_registered() -> Iterator[None]:
    yield
    if "own_classes" in TASKS:
        TASKS.remove("own_classes")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"scores": "own_preprocessing:score"},
            "scores: received 'own_preprocessing:score' for task 'own_classes', which is not there (module "
            "'own_preprocessing' has no attribute 'score'); expected 'module:name'. Correct it, or install the module.",
        ),
        (
            {"baselines": "no_such:name"},
            "baselines: received 'no_such:name' for task 'own_classes', which is not there (No module named "
            "'no_such'); expected 'module:name'. Correct it, or install the module.",
        ),
        (
            {"losses": ("math:pi",)},
            "losses: received 'math:pi' for task 'own_classes', which is 3.141592653589793; expected a function or "
            "class.",
        ),
        (
            {"metrics": ("own_task:ordinal_loss",)},
            "metrics: received <OrdinalCrossentropy> for task 'own_classes'; expected a Keras metric.",
        ),
        (
            {"scores": lambda targets: {}},
            "scores: received <lambda>(targets) for task 'own_classes'; expected a function of outputs, targets and "
            "any of labels, lengths, quantiles, scale, weights, naive_errors (too many positional arguments).",
        ),
        (
            {"scores": lambda outputs, targets: 0.5},
            "scores: received float of the function of task 'own_classes'; expected a mapping from names to numbers.",
        ),
        (
            {"scores": lambda outputs, targets: {"a": "much"}},
            "scores: received 'much' for 'a' of task 'own_classes'; expected a number.",
        ),
        (
            {"scores": lambda outputs, targets: {"a": float("nan")}},
            "scores: received nan for 'a' of task 'own_classes'; expected a finite number. Leave a score out of the "
            "mapping where it is undefined.",
        ),
        (
            {"scores": lambda outputs, targets: {"a": targets["b"]}},
            "task 'own_classes': loss and scores of one batch raised IndexError (only integers, slices (`:`), ellipsis "
            "(`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices); expected numbers. "
            "Correct losses or scores of the task.",
        ),
        (
            {"objective": "val_distance"},
            "objective: received 'val_distance' for task 'own_classes'; expected one of val_loss, val_accuracy. Name "
            "one of its metrics, not of its scores.",
        ),
    ],
)
def test_a_task_is_tried_before_the_first_epoch(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rnnzoo.register("task", "own_classes", task_with(**changes))
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, task="own_classes")
    model = rnnzoo.build_classifier(units=3, embedding_size=3, **splits.model_arguments)
    with pytest.raises(ArgumentError) as error:
        rnnzoo.train(model, splits, directory=tmp_path / "run", progress=False)
    assert str(error.value) == message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"losses": "mse"},
            "losses: received 'mse' for task 'own_classes'; expected a sequence or mapping of losses.",
        ),
        (
            {"metrics": "mse"},
            "metrics: received 'mse' for task 'own_classes'; expected a sequence of metrics.",
        ),
        (
            {"scores": None},
            "scores: received None for task 'own_classes'; expected a function or 'module:name'.",
        ),
        (
            {"baselines": "a"},
            "baselines: received 'a' for task 'own_classes'; expected a function or 'module:name'.",
        ),
        (
            {"output_axes": "classes"},
            "output_axes: received 'classes' for task 'own_classes'; expected a tuple such as ('classes',).",
        ),
        (
            {"objective": "accuracy"},
            "objective: received 'accuracy' for task 'own_classes'; expected 'val_loss', or 'val_' and the name of one "
            "of its metrics.",
        ),
    ],
)
def test_the_fields_of_a_task_are_checked_when_it_is_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        task_with(**changes)
    assert str(error.value) == message


def test_a_score_that_is_undefined_at_the_end_is_refused_by_name() -> None:
    seen: list[int] = []

    def scores(outputs: Any, targets: Any) -> dict[str, float]:
        seen.append(len(targets))
        return {"agreement": 0.5 if len(seen) == 1 else float("nan")}

    rnnzoo.register("task", "own_classes", task_with(scores=scores))
    splits = rnnzoo.Splits.from_arrays(TEXTS, LABELS, task="own_classes")
    model = rnnzoo.build_classifier(units=3, embedding_size=3, **splits.model_arguments)
    with pytest.raises(
        ArgumentError, match="received nan for 'agreement' of task 'own_classes'; expected a finite"
    ):
        rnnzoo.train(model, splits, config=rnnzoo.TrainConfig(epochs=1), progress=False)
    assert len(seen) == 2


@pytest.mark.parametrize("scaling", ["all", "series", "window"])
def test_scores_of_forecasts_whose_rows_have_levels_of_their_own_are_known(scaling: Any) -> None:
    frame = pd.DataFrame(
        {
            "shop": np.repeat(["a", "b"], 80),
            "day": np.tile(pd.date_range("2026-01-01", periods=80, freq="D"), 2),
            "sales": np.concatenate([np.arange(80.0), 1000.0 + np.arange(80.0) % 7]),
        }
    )
    splits = rnnzoo.read_series(
        frame, target="sales", time="day", series="shop", window=6, horizon=2, scaling=scaling
    )
    model = rnnzoo.create_model("forecaster-gru", units=(4,), **splits.model_arguments)
    assert {"mae", "rmse"} <= set(score_names(model, splits, TASKS["forecasting"], wanted="mae"))
