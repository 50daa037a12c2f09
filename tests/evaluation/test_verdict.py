"""Truth of ``rnnzoo.evaluation.verdict``: whether a baseline is better, by scores of which more or less is better."""

from __future__ import annotations

import pytest

from rnnzoo.evaluation.verdict import verdict


@pytest.mark.parametrize(
    ("model", "baseline", "sentence"),
    [
        (0.9, 0.8, "No baseline is better; the best is trees, accuracy 0.8 beside 0.9."),
        (0.8, 0.9, "A baseline is better: trees, accuracy 0.9 beside 0.8."),
        (0.8, 0.8, "A baseline is as good: trees, accuracy 0.8 beside 0.8."),
    ],
)
def test_more_of_an_accuracy_is_better(model: float, baseline: float, sentence: str) -> None:
    baselines = {"majority class": {"accuracy": 0.1}, "trees": {"accuracy": baseline}}
    assert verdict({"loss": 0.3, "accuracy": model}, baselines) == sentence


def test_less_of_an_error_is_better() -> None:
    baselines = {"persistence": {"mae": 4.0}, "ridge regression": {"mae": 2.5, "rmse": 9.0}}
    assert (
        verdict({"mae": 3.0, "rmse": 1.0}, baselines)
        == "A baseline is better: ridge regression, mae 2.5 beside 3."
    )


def test_nothing_is_said_of_what_cannot_be_compared() -> None:
    assert verdict({"accuracy": 0.9}, {}) == ""
    assert verdict({"coverage": 0.9}, {"trees": {"coverage": 0.8}}) == ""
    assert verdict({"accuracy": 0.9}, {"trees": {"f1": 0.8}}) == ""
