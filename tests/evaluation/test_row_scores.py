"""Truth of ``rnnzoo.evaluation.row_scores``: their mean is the score, and windows that overlap hang together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import rnnzoo
from rnnzoo.evaluation.row_scores import row_groups, row_scores
from rnnzoo.evaluation.scores import score
from rnnzoo.tasks import get_task

RNG = np.random.default_rng(0)
SCALE = np.array([2.0, 5.0])
VALUES = RNG.normal(size=(7, 4, 2))


@pytest.mark.parametrize(
    ("task", "metric", "outputs", "targets"),
    [
        ("classification", "accuracy", RNG.normal(size=(50, 3)), RNG.integers(0, 3, 50)),
        ("binary_classification", "accuracy", RNG.normal(size=(50, 1)), RNG.integers(0, 2, (50, 1))),
        ("tagging", "accuracy", RNG.normal(size=(50, 3)), RNG.integers(0, 3, 50)),
        ("crf_tagging", "accuracy", np.eye(3)[RNG.integers(0, 3, 50)], RNG.integers(0, 3, 50)),
        ("regression", "mae", VALUES[:, 0], VALUES[:, 1]),
        *(
            ("forecasting", metric, VALUES, RNG.normal(size=VALUES.shape))
            for metric in ("mae", "scaled_mae", "scaled_mse")
        ),
        *(
            ("quantile_forecasting", metric, np.sort(RNG.normal(size=(7, 4, 2, 3))), VALUES)
            for metric in ("mae", "pinball")
        ),
        *(
            ("gaussian_forecasting", metric, RNG.random(size=(7, 4, 2, 2)) + 0.1, VALUES)
            for metric in ("mae", "pinball")
        ),
    ],
)
def test_their_mean_is_the_score(task: str, metric: str, outputs: np.ndarray, targets: np.ndarray) -> None:
    found = row_scores(metric, outputs, targets, get_task(task), scale=SCALE)
    assert found is not None
    assert found.shape == (len(targets),)
    known = score(task, outputs, targets, scale=SCALE, quantiles=get_task(task).quantiles)
    assert found.mean() == pytest.approx(known[metric])


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        ("classification", "macro_f1"),
        ("multilabel_classification", "accuracy"),
        ("forecasting", "rmse"),
        ("forecasting", "scaled_mse"),
        ("transcription", "cer"),
    ],
)
def test_what_is_no_mean_over_rows_has_none(task: str, metric: str) -> None:
    outputs, targets = np.zeros((5, 4, 2)), np.zeros((5, 4, 2))
    assert row_scores(metric, outputs, targets, get_task(task)) is None


def test_windows_are_in_blocks_that_have_nothing_in_common_but_with_their_neighbours() -> None:
    hours = pd.date_range("2024-01-01", periods=100, freq="h")
    frame = pd.DataFrame(
        {"load": np.arange(200.0), "town": ["a"] * 100 + ["b"] * 100, "hour": [*hours, *hours]}
    )
    splits = rnnzoo.read_series(frame, target="load", series="town", time="hour", window=6, horizon=4)
    groups = row_groups(splits.train)
    assert groups is not None
    starts, series = splits.train.starts, splits.train.series_of()  # type: ignore[attr-defined]
    for a in range(len(starts)):
        for b in range(a):
            overlap = series[a] == series[b] and abs(starts[a] - starts[b]) < 10
            assert not overlap or abs(groups[a] - groups[b]) <= 1
            assert series[a] == series[b] or groups[a] != groups[b]
    assert np.bincount(groups).max() == 10


def test_steps_of_a_row_hang_together_and_other_rows_have_nothing_in_common() -> None:
    splits = rnnzoo.Splits.from_arrays(["a b", "c"] * 20, ["x", "y"] * 20)
    assert row_groups(splits.train) is None
    steps = row_groups(splits.train, np.array([2, 0, 3]))
    assert steps is not None
    assert steps.tolist() == [0, 0, 2, 2, 2]
