"""Truth of ``rnnzoo.training.optimization.training_loss`` and ``rnnzoo.losses.smoothed_crossentropy``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rnnzoo import Splits, create_model, train
from rnnzoo.errors import ArgumentError
from rnnzoo.losses.smoothed_crossentropy import SmoothedCrossentropy
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.training_loss import training_loss
from toy_training import config


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    rng = np.random.default_rng(1)
    logits, truth = rng.normal(size=(2, 3, 5)).astype("float32"), rng.integers(0, 5, (2, 3))
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    targets = 0.8 * np.eye(5)[truth] + 0.2 / 5
    expected = -(targets * log_p).sum(-1)
    np.testing.assert_allclose(SmoothedCrossentropy(0.2)(truth, logits), expected.mean(), rtol=1e-5)
    weights = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    loss = training_loss(get_task("translation"), config(label_smoothing=0.2))
    np.testing.assert_allclose(
        loss(truth, logits, weights), (expected * weights).sum() / weights.sum(), rtol=1e-5
    )
    plain = get_task("classification").loss()
    np.testing.assert_allclose(SmoothedCrossentropy(0.0)(truth, logits), plain(truth, logits), rtol=1e-5)


def test_smoothing_where_there_are_no_classes_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    splits = Splits.from_arrays(rng.normal(size=(40, 4, 2)), rng.normal(size=40), task="regression")
    net = create_model("series-classifier-gru", **splits.model_arguments)
    with pytest.raises(ArgumentError) as caught:
        train(net, splits, config=config(label_smoothing=0.1), directory=tmp_path / "run", progress=False)
    assert str(caught.value) == (
        "label_smoothing: received 0.1 for task 'regression'; expected 0, for its loss compares no class with its "
        "probability. Leave it out."
    )
    assert not (tmp_path / "run").exists()
