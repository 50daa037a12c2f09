"""Truth of ``rnnzoo.evaluation.score_directions``: what every score and metric of ours wants is known."""

from __future__ import annotations

import pytest

from rnnzoo.evaluation.score_directions import direction_of
from rnnzoo.recipes.table import RECIPES
from rnnzoo.task import Task
from rnnzoo.tasks import TASKS


@pytest.mark.parametrize(
    "task", [task for task in TASKS.values() if task.objective != "val_loss"], ids=lambda t: t.name
)
def test_it_is_that_of_the_objective_of_a_task(task: Task) -> None:
    assert direction_of(task.objective) == {"max": 1, "min": -1}[task.direction]


def test_it_is_known_of_the_metric_of_every_recipe() -> None:
    directions = {recipe.metric: direction_of(recipe.metric) for recipe in RECIPES.values()}
    assert {metric for metric, direction in directions.items() if direction == 1} == {
        "accuracy",
        "span_f1",
        "auroc",
    }
    assert {metric for metric, direction in directions.items() if direction == -1} == {"mae", "scaled_mse"}
    assert 0 not in directions.values()


@pytest.mark.parametrize(
    "score",
    [
        *(
            "loss",
            "mae",
            "rmse",
            "scaled_mse",
            "scaled_mae",
            "perplexity",
            "bits_per_token",
            "cer",
            "wer",
            "pinball",
        ),
        *("weighted_quantile_loss", "interval_width", "nll", "crps"),
    ],
)
def test_less_of_an_error_is_better(score: str) -> None:
    assert direction_of(score) == direction_of(f"val_{score}") == -1
