"""Truth of ``rnnzoo.recipes.row_comparison``: models and baseline row by row, whatever the task and its score are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

import rnnzoo
from rnnzoo.data.splits import Splits
from rnnzoo.evaluation.evaluation import Evaluation
from rnnzoo.evaluation.spans import span_f1
from rnnzoo.recipes.row_comparison import Judge
from rnnzoo.tasks import Task, get_task


def judge(metric: str, splits: Splits, task: Task | None = None) -> Judge:
    return Judge(metric, splits, task or get_task(splits.task), splits.test)  # type: ignore[arg-type]


def evaluations(outputs: Sequence[np.ndarray], targets: np.ndarray, **facts: np.ndarray) -> list[Evaluation]:
    return [Evaluation({}, one, targets, **facts) for one in outputs]


@pytest.fixture(scope="module")
def texts() -> Splits:
    return Splits.from_arrays([f"film {number}" for number in range(90)], ["good", "bad", "none"] * 30)


@pytest.fixture(scope="module")
def logits() -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    return [2.0 * np.eye(3)[truth] + rng.normal(size=(60, 3)) for _ in range(3)], truth


def test_accuracy_is_compared_row_by_row_in_the_mean_over_the_runs(
    texts: Splits, logits: tuple[list[np.ndarray], np.ndarray]
) -> None:
    (first, second, baseline), truth = logits
    *models, other = evaluations([first, second, baseline], truth)
    found = judge("accuracy", texts).compare(models, other)
    right = [(outputs.argmax(axis=1) == truth).astype(float) for outputs in (first, second, baseline)]
    difference = (right[0] + right[1]) / 2 - right[2]
    assert found.mean == pytest.approx(difference.mean())
    assert found.standard_error == pytest.approx(difference.std(ddof=1) / np.sqrt(60))
    assert (found.groups, found.method) == (60, "rows")


def test_weights_of_rows_count(texts: Splits, logits: tuple[list[np.ndarray], np.ndarray]) -> None:
    (first, _, baseline), truth = logits
    weights = np.random.default_rng(1).integers(1, 4, 60).astype(float)
    model, other = evaluations([first, baseline], truth, weights=weights)
    found = judge("accuracy", texts).compare([model], other)
    right = [(outputs.argmax(axis=1) == truth) for outputs in (first, baseline)]
    assert found.mean == pytest.approx(np.average(right[0] * 1.0 - right[1], weights=weights))
    assert found.method == "rows"


def test_an_f1_is_compared_on_the_same_drawn_rows(
    texts: Splits, logits: tuple[list[np.ndarray], np.ndarray]
) -> None:
    (first, second, baseline), truth = logits
    *models, other = evaluations([first, second, baseline], truth)
    found = judge("macro_f1", texts).compare(models, other)
    f1 = [f1_score(truth, outputs.argmax(axis=1), average="macro") for outputs in (first, second, baseline)]
    assert found.mean == pytest.approx((f1[0] + f1[1]) / 2 - f1[2])
    assert found.method == "bootstrap"
    assert 0.01 < found.standard_error < 0.2
    assert judge("macro_f1", texts).compare(models, other) == found
    same = judge("macro_f1", texts).compare([other], other)
    assert (same.mean, same.standard_error) == (0.0, 0.0)


def test_an_auroc_too() -> None:
    films = [f"film {number}" for number in range(60)]
    splits = Splits.from_arrays(films, [1, 0] * 30, task="binary_classification")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (80, 1))
    first, baseline = (truth + rng.normal(size=(80, 1)) for _ in range(2))
    model, other = evaluations([first, baseline], truth)
    found = judge("auroc", splits).compare([model], other)
    assert found.mean == pytest.approx(roc_auc_score(truth, first) - roc_auc_score(truth, baseline))
    assert 0.0 < found.standard_error < 0.2


def test_tags_of_a_row_stay_together() -> None:
    rows = [["to", "new", "york"], ["go"], ["paris", "now"]] * 20
    tags = [["O", "B-city", "I-city"], ["O"], ["B-city", "O"]] * 20
    splits = Splits.from_arrays(rows, tags, task="tagging")
    labels = splits.get_decoding().labels
    assert labels is not None
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 5, 25)
    truth = rng.integers(0, 3, lengths.sum())
    first, baseline = (np.eye(3)[np.where(rng.random(len(truth)) < 0.8, truth, 0)] for _ in range(2))
    model, other = evaluations([first, baseline], truth, lengths=lengths, stretches=lengths)
    for metric in ("span_f1", "strict_span_f1"):
        found = judge(metric, splits).compare([model], other)
        expected = [
            span_f1(labels, truth, outputs.argmax(axis=1), lengths, strict=metric.startswith("strict"))
            for outputs in (first, baseline)
        ]
        assert found.mean == pytest.approx(expected[0] - expected[1])
        assert (found.groups, found.method) == (25, "bootstrap")
        assert 0.0 < found.standard_error < 0.5
    accuracy = judge("accuracy", splits).compare([model], other)
    assert (accuracy.groups, accuracy.method) == (25, "rows")


def test_windows_are_compared_in_blocks() -> None:
    frame = pd.DataFrame({"load": np.random.default_rng(0).normal(size=600).cumsum()})
    splits = rnnzoo.read_series(frame, target="load", window=6, horizon=4)
    part = splits.test
    assert part is not None
    targets = np.random.default_rng(1).normal(size=(len(part), 4, 1))
    rng = np.random.default_rng(2)
    first, baseline = (targets + rng.normal(size=targets.shape) for _ in range(2))
    model, other = evaluations([first, baseline], targets)
    found = judge("mae", splits).compare([model], other)
    assert found.mean == pytest.approx(np.abs(first - targets).mean() - np.abs(baseline - targets).mean())
    starts = part.starts  # type: ignore[attr-defined]
    assert found.groups == len(set(starts // 10))
    assert judge("rmse", splits).compare([model], other).groups == found.groups


def test_a_score_of_ones_own_by_a_known_name_is_resampled(
    texts: Splits, logits: tuple[list[np.ndarray], np.ndarray]
) -> None:
    def scores(outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        return {"accuracy": float(np.mean(outputs.argmax(axis=1) == targets)) ** 2}

    own = dataclasses.replace(get_task("classification"), scores=scores)
    (first, _, baseline), truth = logits
    model, other = evaluations([first, baseline], truth)
    found = judge("accuracy", texts, own).compare([model], other)
    assert found.method == "bootstrap"
    shares = [np.mean(outputs.argmax(axis=1) == truth) ** 2 for outputs in (first, baseline)]
    assert found.mean == pytest.approx(shares[0] - shares[1])
