"""Truth of ``rnnzoo.training.watching.epoch_scores``: any score of a task is watched, and only then computed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, TrainConfig, create_model, read_series, running_text_splits, train
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.monitor import choose_monitor
from rnnzoo.training.watching.epoch_scores import EpochScores
from toy_training import config, model, series


@pytest.mark.slow
def test_a_watched_score_is_in_the_history_and_chooses_the_epoch(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    setting = config(monitor="val_macro_f1", epochs=5, learning_rate=0.02)
    result = train(model(), series(), config=setting, directory=tmp_path / "run", baseline_seconds=0)
    scores = [row["val_macro_f1"] for row in result.history]
    assert result.best_epoch == 1 + int(np.argmax(scores))
    # What was scored after the epoch is what the run reports of its weights.
    assert result.metrics["validation"]["macro_f1"] == pytest.approx(max(scores), abs=1e-9)
    assert len(set(scores)) > 1
    assert "val_macro_f1 " in capfd.readouterr().err
    assert "val_macro_f1" in (tmp_path / "run" / "history.csv").read_text().splitlines()[0]


def test_scores_cost_nothing_where_a_metric_is_watched() -> None:
    result = train(model(), series(), config=config(epochs=1, monitor="val_loss"), progress=False)
    assert "val_macro_f1" not in result.history[0]


def test_scores_of_values_are_in_original_units_and_less_is_better() -> None:
    table = pd.DataFrame({"load": 1000 + 50 * np.sin(np.arange(300) / 4)})
    splits = read_series(table, target="load", window=12, horizon=3)
    net = create_model("forecaster-gru", **{**splits.model_arguments, "units": (4,)})
    setting = config(monitor="val_mae", epochs=3, learning_rate=0.02, reduce_on_plateau=1)
    result = train(net, splits, config=setting, progress=False)
    scores = [row["val_mae"] for row in result.history]
    assert result.best_epoch == 1 + int(np.argmin(scores))
    assert result.metrics["validation"]["mae"] == pytest.approx(min(scores), rel=1e-5)
    assert min(scores) > 2  # not in deviations
    assert {"val_rmse", "val_scaled_mse"} <= set(result.history[0])


def test_averaged_weights_are_what_is_scored() -> None:
    setting = config(monitor="val_macro_f1", averaging="ema", epochs=2, learning_rate=0.05)
    result = train(model(), series(), config=setting, progress=False)
    best = result.history[result.best_epoch - 1]
    assert result.metrics["validation"]["macro_f1"] == pytest.approx(best["val_macro_f1"], abs=1e-9)


def test_an_epoch_without_finite_answers_has_no_score() -> None:
    def fails() -> dict[str, float]:
        raise DataError("model 'net': answers NaN or infinity")

    logs = {"loss": 1.0, "val_accuracy": 0.5}
    EpochScores(fails, "val_macro_f1").on_epoch_end(0, logs)
    assert math.isnan(logs["val_macro_f1"])
    EpochScores(lambda: {"accuracy": 0.7, "macro_f1": 0.6}, "val_macro_f1").on_epoch_end(0, logs)
    assert logs == {"loss": 1.0, "val_accuracy": 0.5, "val_macro_f1": 0.6}
    logs = {"loss": math.nan}
    EpochScores(lambda: {"macro_f1": 0.6}, "val_macro_f1").on_epoch_end(0, logs)
    assert math.isnan(logs["val_macro_f1"])
    logs = {"loss": 1.0}  # undefined in this epoch
    EpochScores(lambda: {"accuracy": 0.7}, "val_auroc").on_epoch_end(0, logs)
    assert math.isnan(logs["val_auroc"])
    assert logs["val_accuracy"] == 0.7


def test_a_misspelt_score_is_told_the_nearest_of_all() -> None:
    with pytest.raises(UnknownNameError) as error:
        train(model(), series(), config=config(monitor="val_macrof1"), progress=False)
    assert str(error.value) == (
        "unknown monitor: received 'val_macrof1'; did you mean 'val_macro_f1'? expected one of accuracy, loss, "
        "val_accuracy, val_loss, val_macro_f1."
    )


def test_a_score_that_few_rows_do_not_have_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(700, 3, 1)).astype(np.float32)
    labels = ["a"] * 300 + ["b"] * 400
    splits = Splits.from_arrays(
        x[:40], ["a", "b"] * 20, validation=(x, labels), test_fraction=0, task="binary_classification"
    )
    net = create_model("series-classifier-gru", **{**splits.model_arguments, "units": (2,)})
    result = train(net, splits, config=config(epochs=1, monitor="val_auroc"), progress=False)
    assert 0 <= result.history[0]["val_auroc"] <= 1


def test_the_direction_is_said_where_the_name_does_not_say_it() -> None:
    task = get_task("gaussian_forecasting")
    scores: Any = ["coverage", "crps"].copy
    assert choose_monitor(task, TrainConfig(monitor="val_crps"), scores).direction == "min"
    with pytest.raises(ArgumentError, match="Pass monitor_direction='max' or monitor_direction='min' too"):
        choose_monitor(task, TrainConfig(monitor="val_coverage"), scores)
    own = TrainConfig(monitor="val_coverage", monitor_direction="max")
    assert choose_monitor(task, own, scores).direction == "max"
    with pytest.raises(ArgumentError, match="monitor_direction: received 'max' without monitor"):
        TrainConfig(monitor_direction="max")


def test_running_text_is_watched_by_its_loss(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("one two three four\n" * 200)
    splits = running_text_splits(file, window=5)
    net: keras.Model = create_model(
        "language-model-lstm", **{**splits.model_arguments, "units": (2,), "embedding_size": 2}
    )
    with pytest.raises(ArgumentError, match=r"monitor: received 'val_perplexity' for running text.*val_loss"):
        train(net, splits, config=config(monitor="val_perplexity", batch_size=4), progress=False)
