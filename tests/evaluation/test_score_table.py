"""Truth of ``rnnzoo.evaluation.score_table``: the model first, then the baselines in the scores that it has."""

from __future__ import annotations

from rnnzoo.evaluation.score_table import score_table


def test_rows_hold_the_scores_of_the_model_without_the_loss() -> None:
    scores = {"loss": 0.3, "mae": 3.0, "coverage": 0.8}
    baselines = {"persistence": {"mae": 4.0}, "ridge regression": {"coverage": 0.7, "mae": 2.5, "smape": 9.0}}
    assert score_table("lstm", scores, baselines) == [
        {"method": "lstm", "mae": 3.0, "coverage": 0.8},
        {"method": "persistence", "mae": 4.0},
        {"method": "ridge regression", "mae": 2.5, "coverage": 0.7},
    ]
    assert score_table("lstm", scores, {}) == [{"method": "lstm", "mae": 3.0, "coverage": 0.8}]
