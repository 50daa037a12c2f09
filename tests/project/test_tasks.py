"""Truth of ``rnnzoo.tasks``: every line of the table names what there is, and answers the questions asked of it."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from rnnzoo.decoding.answers import DECODINGS
from rnnzoo.errors import ArgumentError
from rnnzoo.keras_names import resolve
from rnnzoo.tasks import TASKS, get_task, row_tasks, task_of_outputs, tasks_of_same_data


@pytest.mark.parametrize("name", TASKS)
def test_what_a_task_names_is_there(name: str) -> None:
    task = TASKS[name]
    assert list(inspect.signature(resolve(task.scores)).parameters)[:2] == ["outputs", "targets"]
    assert list(inspect.signature(resolve(task.baselines)).parameters) == ["splits", "part"]
    assert all(isinstance(task.loss(loss), keras.losses.Loss) for loss in task.losses)
    metrics = task.keras_metrics()
    assert all(isinstance(metric, keras.metrics.Metric) for metric in metrics)
    assert task.objective in {"val_loss", *(f"val_{metric.name}" for metric in metrics)}
    assert task.decoding is DECODINGS.get(name)
    assert task.data_of is None or TASKS[task.data_of].data == task.data


@pytest.mark.parametrize(
    ("name", "targets", "expected"),
    [
        ("classification", (8,), (8, 5)),
        ("binary_classification", (8, 1), (8, 1)),
        ("multilabel_classification", (8, 5), (8, 5)),
        ("regression", (8, 2), (8, 2)),
        ("tagging", (8, 7), (8, 7, 5)),
        ("crf_tagging", (8, 7), (8, 7, 5, 5)),
        ("language_modeling", (8, 7), (8, 7, 5)),
        ("translation", (8, 7), (8, 7, 5)),
        ("forecasting", (8, 4, 2), (8, 4, 2)),
        ("quantile_forecasting", (8, 4, 2), (8, 4, 2, 3)),
        ("gaussian_forecasting", (8, 4, 2), (8, 4, 2, 2)),
        ("transcription", (8, 6), (8, 40, 5)),
    ],
)
def test_a_task_says_which_output_fits_its_targets(
    name: str, targets: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert get_task(name).output_shape(targets, (8, 40, 99), classes=5) == expected


def test_outputs_stand_for_classes() -> None:
    logits = np.array([[1.0, 3.0, 2.0], [5.0, 1.0, 0.0]])
    assert get_task("classification").class_numbers(logits).tolist() == [1, 0]
    assert get_task("binary_classification").class_numbers(logits[:, :1] - 2).tolist() == [0, 1]
    # Each step alone would be tag 0; a change of tags pays more.
    turn = np.array([[0.0, 1.0], [1.0, 0.0]])
    potentials = np.stack([np.array([[2.0, 0.0], [2.0, 0.0]]), turn, turn])
    assert get_task("crf_tagging").class_numbers(potentials).tolist() == [0, 1, 0]


def test_heads_are_as_wide_as_the_task_says() -> None:
    assert list(row_tasks()) == [
        "classification",
        "binary_classification",
        "multilabel_classification",
        "regression",
    ]
    assert get_task("classification").head_units(2) == 2
    assert get_task("binary_classification").head_units(2) == 1
    with pytest.raises(ArgumentError) as error:
        get_task("binary_classification").head_units(3)
    assert str(error.value) == (
        "num_classes: received 3 with task 'binary_classification'; expected 2. Use task='classification' for more "
        "classes."
    )


def test_the_name_of_an_output_chooses_among_tasks_of_the_same_data() -> None:
    windows, tags = get_task("forecasting"), get_task("tagging")
    assert [task.output for task in tasks_of_same_data(windows)] == ["values", "quantiles", "distribution"]
    assert task_of_outputs(windows, ["distribution"]).name == "gaussian_forecasting"
    assert task_of_outputs(get_task("gaussian_forecasting"), ["values"]) is windows
    assert task_of_outputs(windows, ["something"]) is windows
    assert task_of_outputs(tags, ["potentials", "logits"]) is tags


def test_only_distributions_have_quantiles() -> None:
    means = np.array([[10.0, 2.0]])
    assert get_task("gaussian_forecasting").forecast_quantiles(means).round(2).tolist() == [
        [7.44, 10.0, 12.56]
    ]
    with pytest.raises(ArgumentError, match="task 'forecasting': forecasts no distribution"):
        get_task("forecasting").forecast_quantiles(means)
