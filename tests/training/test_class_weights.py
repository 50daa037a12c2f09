"""Truth of ``rnnzoo.training.optimization.class_weights``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, create_model, train
from rnnzoo.data.split import as_rows
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.class_weights import class_weights, weigh_by_class
from toy_training import config, model, series


def test_balanced_classes_weigh_the_same() -> None:
    weights = class_weights(series(), get_task("classification"), "balanced")
    counts = np.bincount(series().rows("train").gather(np.arange(len(series().train)))[1])
    assert counts[0] * weights[0] == pytest.approx(counts[1] * weights[1])
    assert counts @ weights == pytest.approx(counts.sum())
    rare = class_weights(series(), get_task("classification"), {"rare": 5.0})
    assert rare.tolist() == [5.0, 1.0]


@pytest.mark.parametrize(
    "task", ["classification", pytest.param("binary_classification", marks=pytest.mark.slow)]
)
def test_a_class_that_weighs_nothing_is_not_learned(task: str) -> None:
    data = series()
    pairs: list[Any] = [
        (part.raw, as_rows(part).gather(np.arange(len(part)))[1]) for part in (data.train, data.validation)
    ]
    splits = Splits.from_arrays(*pairs[0], validation=pairs[1], test_fraction=0.0, task=task)
    net = create_model("series-classifier-gru", **{**splits.model_arguments, "units": (6,)})
    setting = config(class_weights={"1": 0.0}, learning_rate=0.05, monitor="loss", epochs=12)
    result = train(net, splits, config=setting, progress=False)
    # Answers "0" nearly always, which a quarter of the rows is; with equal weights nearly all are right.
    assert result.metrics["validation"]["accuracy"] < 0.35


def test_weights_of_classes_multiply_those_of_steps() -> None:
    words = [["a", "b"], ["b", "a", "a"]] * 10
    tags = [["x", "y"], ["y", "x", "x"]] * 10
    splits = Splits.from_arrays(words, tags, task="tagging")
    assert class_weights(splits, get_task("tagging"), "balanced").tolist() == pytest.approx(
        [5 / 6, 5 / 4], rel=0.2
    )
    inputs, targets, given = splits.rows("train").gather([0, 1])
    assert given is not None
    table = np.array([3.0, 0.5], np.float32)
    _, _, found = weigh_by_class(table)(inputs, targets, given)
    np.testing.assert_allclose(found, table[targets] * given)
    net = create_model("text-tagger-bigru", **{**splits.model_arguments, "units": (4,), "embedding_size": 4})
    result = train(net, splits, config=config(class_weights="balanced", learning_rate=0.05), progress=False)
    assert result.history[-1]["loss"] < result.history[0]["loss"]


def test_wrong_weights_of_classes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown class: received 'rar'; did you mean 'rare'"):
        train(model(), series(), config=config(class_weights={"rar": 2.0}), progress=False)
    with pytest.raises(UnknownNameError, match="unknown class weights: received 'balance'"):
        config(class_weights="balance")
    with pytest.raises(ArgumentError, match=r"class_weights\['a'\]: received -1; expected a finite number"):
        config(class_weights={"a": -1})
    rng = np.random.default_rng(0)
    splits = Splits.from_arrays(rng.normal(size=(40, 4, 2)), rng.normal(size=40), task="regression")
    with pytest.raises(ArgumentError, match="class_weights: received 'balanced' for task 'regression'"):
        class_weights(splits, get_task("regression"), "balanced")
