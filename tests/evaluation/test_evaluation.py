"""Truth of ``rnnzoo.evaluation.evaluation``: what a model scores does not hang on how its rows are cut into batches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, create_model, load_dataset
from rnnzoo.data.batching import BatchOrder
from rnnzoo.data.readers.pairs import pair_splits
from rnnzoo.evaluation import evaluation
from rnnzoo.evaluation.evaluation import evaluate_part, evaluate_parts
from rnnzoo.tasks import get_task


def trained(model: Any, splits: Splits, rows: int) -> Any:
    task = get_task(splits.task)
    return SimpleNamespace(
        model=model, splits=splits, task=task, task_loss=task.loss(), validation_order=BatchOrder(rows)
    )


def test_one_batch_scores_as_many_do() -> None:
    splits = load_dataset("digits")
    model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
    whole, cut = (evaluate_parts(trained(model, splits, rows)) for rows in (1000, 50))
    assert list(whole) == list(cut) == ["validation", "test"]
    for name, part in whole.items():
        np.testing.assert_array_equal(part.targets, cut[name].targets)
        np.testing.assert_allclose(part.outputs, cut[name].outputs, atol=1e-5)
        assert part.metrics == pytest.approx(cut[name].metrics, rel=1e-5)
    alone = evaluate_part(model, splits.test or splits.validation, splits, get_task(splits.task))
    assert alone.metrics == pytest.approx(whole["test"].metrics, rel=1e-5)


def test_tokens_are_scored_in_batches_that_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a b c", "b c"] * 150
    splits = pair_splits((texts, texts), validation=(texts, texts))
    sizes: list[int] = []

    def answer(inputs: dict[str, np.ndarray]) -> np.ndarray:
        rows, steps = next(iter(inputs.values())).shape
        sizes.append(rows)
        return np.zeros((rows, steps, 20))

    monkeypatch.setattr(evaluation, "forward_function", lambda model: answer)
    for rows in (200, 4096):
        evaluate_parts(trained(None, splits, rows))
    assert sizes == [200, 100, 256, 44]
