"""Truth of ``rnnzoo.evaluation.details.examination``: details of rows that count more, less or not at all."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits
from rnnzoo.data.readers.series import series_splits
from rnnzoo.evaluation.details.examination import Details, examine
from rnnzoo.evaluation.evaluation import Evaluation, evaluate_part
from rnnzoo.tasks import get_task

RNG = np.random.default_rng(3)
ROWS = 24
WEIGHTS = np.arange(ROWS) % 4
#: Numbers of rows, which are not weighed, and what is of single rows.
COUNTS = {"support", "predicted", "count", "windows"}


def rates(details: Details) -> dict[str, Any]:
    """The tables without numbers of rows, and the calibration."""
    tables = {
        name: sorted(
            (
                {
                    column: value
                    for column, value in row.items()
                    if column not in COUNTS or isinstance(value, str)
                }
                for row in rows
            ),
            key=str,
        )
        for name, rows in details.tables.items()
        if name != "worst_rows"
    }
    return {**tables, "numbers": details.calibration}


def assert_close(one: Any, two: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_close(one[key], two[key])
    elif isinstance(one, list):
        assert len(one) == len(two)
        for first, second in zip(one, two, strict=True):
            assert_close(first, second)
    else:
        assert one == (two if isinstance(one, str) else pytest.approx(two))


def data_of(task: str) -> tuple[Splits, np.ndarray, np.ndarray]:
    """Data with as many validation rows as are weighed, outputs for them, and the truth."""
    if get_task(task).forecasts:
        frame = pd.DataFrame({"load": RNG.normal(10.0, 2.0, 200)})
        splits = series_splits(frame, target=["load"], window=8, horizon=3)
        came = RNG.normal(size=(ROWS, 3, 1))
        quantiles = np.sort(RNG.normal(size=(ROWS, 3, 1, 3)), axis=-1)
        return splits, quantiles if task == "quantile_forecasting" else came + quantiles[..., 0], came
    texts = [f"text {number}" for number in range(100)]
    if task == "multilabel_classification":
        truth = RNG.integers(0, 2, (ROWS, 2))
        labels: Any = [["a"] if number % 2 else ["a", "b"] for number in range(100)]
        return Splits.from_arrays(texts, labels, task=task), RNG.normal(size=(ROWS, 2)), truth
    names = ("cat", "dog", "emu")[: 2 if task == "binary_classification" else 3]
    splits = Splits.from_arrays(texts, [names[number % len(names)] for number in range(100)], task=task)
    width = 1 if task == "binary_classification" else 3
    return splits, RNG.normal(size=(ROWS, width)), RNG.integers(0, len(names), ROWS)


@pytest.mark.parametrize(
    "task",
    [
        "classification",
        "binary_classification",
        "multilabel_classification",
        "forecasting",
        "quantile_forecasting",
    ],
)
def test_a_row_of_weight_2_counts_like_the_same_row_twice(task: str) -> None:
    splits, outputs, truth = data_of(task)
    known = get_task(task)
    twice = np.repeat(np.arange(ROWS), WEIGHTS)
    repeated = examine(Evaluation({}, outputs[twice], truth[twice]), splits, known, "validation")
    # What a model answers to rows that weigh nothing is not looked at.
    outputs = np.where(WEIGHTS.reshape(-1, *[1] * (outputs.ndim - 1)) > 0, outputs, np.nan)
    weighed = examine(Evaluation({}, outputs, truth, weights=WEIGHTS / 7), splits, known, "validation")
    assert_close(rates(weighed), rates(repeated))
    if "class_scores" in weighed.tables and truth.ndim == 1:
        supports = [row["support"] for row in weighed.tables["class_scores"]]
        assert supports == np.bincount(truth[WEIGHTS > 0]).tolist()


def test_steps_ahead_may_weigh_each_their_own() -> None:
    splits, outputs, truth = data_of("forecasting")
    weights = np.ones((ROWS, 3))
    weights[:, 1] = 0.0
    weights[0] = 0.0
    found = examine(
        Evaluation({}, outputs, truth, weights=weights), splits, get_task("forecasting"), "validation"
    )
    errors = np.abs(outputs - truth)[1:, :, 0].mean(axis=0)
    assert [row["mae"] for row in found.tables["errors_by_step"]] == pytest.approx(
        [errors[0], 0.0, errors[2]]
    )


def test_rows_that_weigh_nothing_are_none_of_the_worst_and_the_others_keep_their_numbers() -> None:
    texts = [f"text {number}" for number in range(200)]
    classes = [("cat", "dog", "emu")[number % 3] for number in range(200)]
    weights = np.arange(200) % 2
    splits = Splits.from_arrays(texts, classes, weights=weights)
    part: Any = splits.validation
    logits = RNG.normal(size=(len(part), 3))
    places = iter(range(len(part)))
    evaluation = evaluate_part(
        None,
        part,
        splits,
        get_task("classification"),
        forward=lambda inputs: np.stack([logits[next(places)] for _ in next(iter(inputs.values()))]),
    )
    details = examine(evaluation, splits, get_task("classification"), "validation")
    rows = details.tables["worst_rows"]
    assert {row["row"] for row in rows} == {number for number in part.row_numbers if number % 2}
    for place, row in zip(details.worst, rows, strict=True):
        assert part.row_numbers[place] == row["row"]
        assert row["text"] == texts[row["row"]]
        assert row["true"] == classes[row["row"]]
        assert row["predicted"] == ("cat", "dog", "emu")[int(logits[place].argmax())]


@pytest.mark.parametrize("weighed", [False, True])
def test_steps_without_a_tag_are_no_errors_and_words_keep_their_places(weighed: bool) -> None:
    words = [[f"w{number}x{step}" for step in range(1 + number % 4)] for number in range(80)]
    # Every other step has no tag, and so all of some rows.
    tags: list[list[str | None]] = [
        [None if (step + number // 4) % 2 else f"t{step % 2}" for step in range(len(row))]
        for number, row in enumerate(words)
    ]
    weights = [
        [float((number + step) % 3 > 0) for step in range(len(row))] for number, row in enumerate(words)
    ]
    options: dict[str, Any] = {"weights": weights} if weighed else {}
    splits = Splits.from_arrays(
        words, tags, task="tagging", unlabelled="leave_out", validation_fraction=0.5, **options
    )
    part: Any = splits.rows("validation")
    task = get_task("tagging")
    evaluation = evaluate_part(
        None,
        part,
        splits,
        task,
        forward=lambda inputs: RNG.normal(size=(*next(iter(inputs.values())).shape[:2], 2)),
    )
    details = examine(evaluation, splits, task, "validation")
    counted = {
        number: [
            step for step, tag in enumerate(tags[number]) if tag and (not weighed or weights[number][step])
        ]
        for number in part.row_numbers
    }
    rows = details.tables["worst_rows"]
    assert {row["row"] for row in rows} == {number for number, steps in counted.items() if steps}
    assert len(rows) < len(part)
    for place, row in zip(details.worst, rows, strict=True):
        number = part.row_numbers[place]
        assert (row["row"], row["text"]) == (number, " ".join(words[number]))
        assert row["steps"] == len(counted[number])
        assert row["step"] in counted[number]
        assert (row["word"], row["true"]) == (words[number][row["step"]], tags[number][row["step"]])
    support = sum(row["support"] for row in details.tables["class_scores"])
    assert support == sum(map(len, counted.values()))
    assert (
        dataclasses.replace(evaluation, weights=None).counted()[0].outputs.shape == evaluation.outputs.shape
    )
