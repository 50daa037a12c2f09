"""Truth of ``rnnzoo_tuning.best_model``: the best model's weights are its trial's, or learn from more rows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Splits, TrainConfig, create_model, load_dataset, train
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.training.watching.callbacks import Recorder
from rnnzoo_tuning import Choice, SearchSpace, best_model, run_search

NAME = "series-classifier-gru"
SPACE = SearchSpace(model={"units": Choice(((8,), (12,)))}, training={"learning_rate": Choice((0.01, 0.02))})
CONFIG = TrainConfig(epochs=3, batch_size=128, tensorboard=False)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return load_dataset("digits")


def search(splits: Splits, directory: Path, **options: Any) -> Any:
    arguments: dict[str, Any] = {
        "space": SPACE,
        "config": CONFIG,
        "algorithm": "grid",
        "max_trials": 2,
        "progress": False,
        "baseline_seconds": 0,
        "bundle": False,
        **options,
    }
    return run_search(NAME, splits, directory=directory, **arguments)


def test_the_checkpoint_of_the_trial_is_what_training_anew_would_give(splits: Splits, tmp_path: Path) -> None:
    result = search(splits, tmp_path / "search")
    assert result.best.metrics["validation"]["accuracy"] == pytest.approx(result.score, abs=1e-6)
    assert not (tmp_path / "search/best_trials").exists()
    assert not (tmp_path / "search/running").exists()
    keras.utils.set_random_seed(CONFIG.seed)
    anew = train(create_model(NAME, **result.arguments), splits, config=result.config, progress=False)
    assert [row["val_loss"] for row in anew.history] == [row["val_loss"] for row in result.best.history]
    for one, other in zip(anew.model.get_weights(), result.best.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_nothing_is_trained_but_the_trials(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs: list[int] = []
    kept = Recorder.on_epoch_end

    def count(self: Any, epoch: int, logs: Any = None) -> None:
        epochs.append(epoch)
        kept(self, epoch, logs)

    monkeypatch.setattr(Recorder, "on_epoch_end", count)
    search(splits, tmp_path / "search")
    assert epochs == [0, 1, 2] * 2


@pytest.mark.slow
def test_where_the_checkpoint_is_gone_the_model_is_trained_again(
    splits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(splits, tmp_path / "whole")
    monkeypatch.setattr(best_model, "checkpoint_of", lambda *_: None)
    again = search(splits, tmp_path / "again")
    for one, other in zip(whole.best.model.get_weights(), again.best.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_best_model_may_learn_from_the_validation_rows_too(splits: Splits, tmp_path: Path) -> None:
    result = search(splits, tmp_path / "search", refit="train+validation")
    rows = json.loads((tmp_path / "search/trials.json").read_text())["trials"]
    assert result.score == max(row["score"] for row in rows)
    assert result.best.best_epoch == len(result.best.history)
    assert set(result.best.metrics) == {"validation", "test"}
    saved = json.loads((tmp_path / "search/best/config.json").read_text())
    assert saved["data"]["learned_from"] == "train+validation"
    assert saved["details"]["search"]["refit"] == "train+validation"
    assert saved["train_config"]["restore_best"] is False
    again = search(splits, tmp_path / "search", refit="train+validation", resume=True)
    assert again.best.metrics == result.best.metrics


def test_without_a_test_part_no_row_would_be_left(splits: Splits, tmp_path: Path) -> None:
    without = dataclasses.replace(splits, test=None)
    with pytest.raises(ArgumentError, match=r"data without a test part.*pass refit='checkpoint'"):
        search(without, tmp_path / "search", refit="train+validation")
    assert not (tmp_path / "search").exists()
    assert search(without, tmp_path / "search", refit="checkpoint", max_trials=1).best.metrics
    with pytest.raises(UnknownNameError, match="train\\+validation"):
        search(splits, tmp_path / "other", refit="train")
