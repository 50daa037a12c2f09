"""Truth of ``rnnzoo.training.trainer``.

Training: the best epoch is kept, runs repeat, every task trains, and what does not fit is refused.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import (
    Splits,
    TrainConfig,
    build_classifier,
    create_model,
    evaluate,
    load_dataset,
    load_model,
    train,
)
from rnnzoo.errors import ArgumentError, DataError, PathExistsError, RunError, UnknownNameError
from rnnzoo.training.loop import fit
from rnnzoo.training.problem import prepare
from rnnzoo.training.run.run_directory import RunDirectory, open_run


@pytest.fixture(scope="module")
def digits() -> Splits:
    return load_dataset("digits")


def small(splits: Splits, seed: int = 0, **overrides: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return create_model(
        "series-classifier-gru", **{"units": (8,), "dropout": 0.3, **splits.model_arguments, **overrides}
    )


def test_the_same_seed_gives_the_same_run(digits: Splits) -> None:
    results = [
        train(small(digits), digits, config=TrainConfig(epochs=2, seed=seed), progress=False)
        for seed in (1, 1, 2)
    ]
    histories = [[{k: v for k, v in row.items() if k != "seconds"} for row in r.history] for r in results]
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]
    for first, second in zip(results[0].model.get_weights(), results[1].model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_result_is_the_best_epoch_and_the_file_too(digits: Splits, tmp_path: Path) -> None:
    config = TrainConfig(epochs=12, learning_rate=0.03, early_stopping=2)
    result = train(small(digits), digits, config=config, directory=tmp_path / "run", progress=False)
    accuracies = [row["val_accuracy"] for row in result.history]
    assert result.best_epoch == 1 + int(np.argmax(accuracies))
    assert result.metrics["validation"]["accuracy"] == pytest.approx(max(accuracies), abs=1e-6)
    saved = load_model(tmp_path / "run" / "model.keras")
    assert evaluate(saved, digits, part="validation")["accuracy"] == pytest.approx(max(accuracies), abs=1e-6)
    if len(result.history) < 12:
        assert result.stop_reason == "val_accuracy did not improve for 2 epochs"
        assert len(result.history) == result.best_epoch + 2


def test_a_run_directory_holds_everything(digits_run: Path) -> None:
    names = {path.relative_to(digits_run).as_posix() for path in digits_run.rglob("*") if path.is_file()}
    assert {
        "model.keras",
        "preprocessing.json",
        "decoding.json",
        "config.json",
        "history.csv",
        "metrics.json",
        "report.html",
        "samples.npz",
        "example.json",
        "plots/learning_curves.png",
        "plots/confusion_matrix.png",
    } <= names
    assert "checkpoint.npz" not in names
    assert any(name.startswith("tensorboard/train/events") for name in names)
    metrics = json.loads((digits_run / "metrics.json").read_text())
    assert metrics["baselines"]["scores"]["logistic regression on all values"]["accuracy"] > 0.9
    assert metrics["test"]["accuracy"] > 0.5
    with (digits_run / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    report = (digits_run / "report.html").read_text()
    assert "data:image/png;base64," in report
    assert "http" not in report.replace("http://www.w3.org", "")
    assert open_run(digits_run).read_config()["train_config"]["seed"] == 3


def test_runs_are_not_overwritten_unasked(digits: Splits, tmp_path: Path) -> None:
    config, model = TrainConfig(epochs=1), small(digits)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    for overwrite in (False, True):
        with pytest.raises(PathExistsError, match="holds files but no training run"):
            train(
                model, digits, config=config, directory=tmp_path / "mine", overwrite=overwrite, progress=False
            )
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"
    train(model, digits, config=config, directory=tmp_path / "run", progress=False)
    with pytest.raises(PathExistsError, match="already holds a run; expected a new or empty directory"):
        train(model, digits, config=config, directory=tmp_path / "run", progress=False)
    train(model, digits, config=config, directory=tmp_path / "run", overwrite=True, progress=False)


class Poison(keras.callbacks.Callback):
    """Makes the weights NaN when an epoch begins."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.at = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 == self.at:
            self.model.trainable_variables[0].assign(self.model.trainable_variables[0] * np.nan)


def test_nan_ends_training_with_the_best_weights_before_it(digits: Splits) -> None:
    result = train(small(digits), digits, config=TrainConfig(epochs=6), callbacks=[Poison(3)], progress=False)
    assert (
        result.stop_reason == "the loss became NaN or infinite in epoch 3; the best epoch before it was kept"
    )
    assert result.best_epoch <= 2
    assert all(np.isfinite(weight).all() for weight in result.model.get_weights())
    assert result.metrics["validation"]["accuracy"] == pytest.approx(
        max(row["val_accuracy"] for row in result.history[:2])
    )


def test_nan_from_the_start_is_an_error(digits: Splits) -> None:
    with pytest.raises(
        RunError, match="the loss became NaN or infinite in epoch 1, before any epoch was finished"
    ):
        train(small(digits), digits, config=TrainConfig(epochs=3), callbacks=[Poison(1)], progress=False)


def test_the_plateau_rule_lowers_the_rate(digits: Splits) -> None:
    config = TrainConfig(
        epochs=4, learning_rate=1e-7, reduce_on_plateau=1, plateau_factor=0.1, early_stopping=None
    )
    rates = [
        row["learning_rate"] for row in train(small(digits), digits, config=config, progress=False).history
    ]
    assert rates[-1] < rates[0]


def rows(count: int, steps: int = 6) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(int(rng.integers(2, steps + 1)), 3)) for _ in range(count)]


def task_data(task: str) -> tuple[Any, Any]:
    series = rows(120)
    first = np.array([row[0, 0] for row in series])
    if task == "binary_classification":
        return series, np.where(first > 0, "up", "down").tolist()
    if task == "multilabel_classification":
        return series, np.stack([first > 0, first > 1], axis=1).astype(int)
    if task == "regression":
        return series, 100.0 + 10.0 * np.stack([first, -first], axis=1)
    if task == "tagging":
        return series, [["+" if step[0] > 0 else "-" for step in row] for row in series]
    return series, np.where(first > 0.5, "c", np.where(first > -0.5, "b", "a")).tolist()


@pytest.mark.parametrize(
    ("task", "score", "least"),
    [
        ("classification", "accuracy", 0.7),
        pytest.param("binary_classification", "accuracy", 0.85, marks=pytest.mark.slow),
        pytest.param("multilabel_classification", "micro_f1", 0.7, marks=pytest.mark.slow),
        pytest.param("regression", "r2", 0.7, marks=pytest.mark.slow),
        ("tagging", "accuracy", 0.95),
    ],
)
def test_every_task_learns_from_series_of_any_length(
    task: str, score: str, least: float, tmp_path: Path
) -> None:
    splits = Splits.from_arrays(*task_data(task), task=task, seed=1)
    keras.utils.set_random_seed(0)
    name = "series-tagger-bigru" if task == "tagging" else "series-classifier-gru"
    model = create_model(name, **{"units": (16,), "dropout": 0.0, **splits.model_arguments})
    config = TrainConfig(epochs=25, learning_rate=0.02, early_stopping=None, tensorboard=False)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert evaluate(model, splits, part="train")[score] > least
    if task == "regression":
        restored = RunDirectory(tmp_path / "run").read_decoding()
        assert restored is not None
        assert restored.target_names == ["value_0", "value_1"]
        assert result.metrics["test"]["mae"] < 10.0  # in original units, whose deviation is 10


def test_ready_tf_data_trains_too(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(64, 5, 3)).astype(np.float32)
    y = (x[:, -1, 0] > 0).astype(np.int32)
    keras.utils.set_random_seed(0)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    splits = Splits.from_datasets(dataset, dataset, task="classification", labels=["no", "yes"])
    model = build_classifier(num_classes=2, num_features=3, cell="gru", units=8)
    config = TrainConfig(epochs=12, learning_rate=0.02, early_stopping=None)
    result = train(model, splits, config=config, directory=tmp_path / "run", progress=False)
    assert result.metrics["validation"]["accuracy"] > 0.8
    assert (tmp_path / "run" / "plots" / "confusion_matrix.png").is_file()


@pytest.mark.slow
def test_schedules_over_ready_tf_data_are_laid_over_all_its_batches() -> None:
    x = np.random.default_rng(0).normal(size=(64, 5, 3)).astype(np.float32)
    y = (x[:, -1, 0] > 0).astype(np.int32)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    config = TrainConfig(epochs=4, schedule="linear", early_stopping=None)

    def rates(dataset: Any) -> list[float]:
        splits = Splits.from_datasets(dataset, dataset, task="classification", labels=["no", "yes"])
        model = build_classifier(num_classes=2, num_features=3, cell="gru", units=4)
        return [row["learning_rate"] for row in train(model, splits, config=config, progress=False).history]

    assert rates(dataset) == pytest.approx([0.00075, 0.0005, 0.00025, 0.0], abs=1e-9)
    unknown = dataset.filter(lambda *_: True)
    with pytest.raises(
        ArgumentError, match=r"schedule: received linear with data of unknown size; .* cardinality"
    ):
        rates(unknown)
    assert rates(unknown.apply(tf.data.experimental.assert_cardinality(4)))[0] == pytest.approx(0.00075)
    with pytest.raises(DataError, match="received a dataset that never ends"):
        rates(dataset.repeat())


def test_a_search_in_rungs_goes_on_with_the_schedule(digits: Splits) -> None:
    config = TrainConfig(epochs=4, schedule="linear", early_stopping=None, batch_size=512)
    found = [
        row["learning_rate"]
        for rung in ((0, 2), (2, 4))
        for row in fit(prepare(small(digits), digits, None, config), epochs=rung).history
    ]
    assert found == pytest.approx([0.00075, 0.0005, 0.00025, 0.0], abs=1e-9)


def test_why_training_ended_is_told_as_it_was(digits: Splits) -> None:
    def stop(epoch: int, logs: Any) -> None:
        callback.model.stop_training = epoch == 1

    callback = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    config = TrainConfig(epochs=9, batch_size=512, early_stopping=None)
    result = train(small(digits), digits, config=config, callbacks=[callback], progress=False)
    assert (len(result.history), result.stop_reason) == (2, "a callback ended training")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"monitor": "val_acc"}, "unknown monitor"),
        ({"accumulation": 999}, "accumulation: received 999 with 3 batches in each of 2 epochs, so that no"),
        ({"epochs": 2, "gradual_unfreezing": 1}, r"expected more than \d epochs"),
        ({"tokens_per_batch": 1}, "tokens_per_batch"),
        ({"class_weights": {"9": 1, "ten": 2}}, "unknown class: received 'ten'"),
        ({"class_weights": dict.fromkeys("0123456789", 0)}, "class_weights: received 0 for all of 0, 1"),
        ({"reset_states": 0.5}, "reset_states"),
    ],
)
def test_what_is_refused_leaves_a_finished_run_as_it_was(
    digits: Splits, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("config.json", "metrics.json", "model.keras"):
        (run / name).write_text(name)
    config = TrainConfig(**{"epochs": 2, "batch_size": 512, **fields})
    model = small(digits, units=(8, 8))
    with pytest.raises(ArgumentError, match=message):
        train(model, digits, config=config, directory=run, overwrite=True, progress=False)
    assert sorted(path.name for path in run.iterdir()) == ["config.json", "metrics.json", "model.keras"]
    with pytest.raises(ArgumentError, match=message):
        train(model, digits, config=config, directory=tmp_path / "new", progress=False)
    assert not (tmp_path / "new").exists()


def test_own_callbacks_run(digits: Splits) -> None:
    seen: list[int] = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    train(small(digits), digits, config=TrainConfig(epochs=2), callbacks=[callback], progress=False)
    assert seen == [0, 1]


def test_what_does_not_fit_is_refused_before_training(digits: Splits) -> None:
    with pytest.raises(
        ArgumentError, match=r"gives output of shape \(batch, 7\); the data ask for \(batch, 10\)"
    ):
        train(small(digits, num_classes=7), digits, progress=False)
    with pytest.raises(ArgumentError, match="cannot read inputs of shapes"):
        train(small(digits, num_features=5), digits, progress=False)
    with pytest.raises(ArgumentError, match="model 'my model': received a name that no graph can hold"):
        train(small(digits, name="my model"), digits, progress=False)
    with pytest.raises(UnknownNameError, match="unknown monitor: received 'val_acc'; did you mean"):
        train(small(digits), digits, config=TrainConfig(monitor="val_acc"), progress=False)
    texts = Splits.from_arrays(["a b c", "d e f"] * 20, ["x", "y"] * 20)
    model = create_model("text-classifier-gru", vocabulary_size=4, num_classes=2, units=(4,))
    with pytest.raises(ArgumentError, match="its embedding 'embedding' knows 4 token ids, the data have 8"):
        train(model, texts, progress=False)
    with pytest.raises(ArgumentError, match="part: received 'test', which these data do not have"):
        evaluate(
            small(digits), Splits.from_arrays(np.zeros((20, 2, 8)), [0, 1] * 10, test_fraction=0), part="test"
        )


def test_the_weights_of_the_last_epoch_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    splits = load_dataset("digits")
    rate = {"learning_rate": 0.01, "epochs": 5, "batch_size": 256, "early_stopping": None}

    class Worsen(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 4:
                self.model.optimizer.learning_rate = 10.0

    found = {}
    for kept in (True, False):
        keras.utils.set_random_seed(0)
        model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
        config = TrainConfig(**rate, monitor="val_loss", restore_best=kept, tensorboard=False)  # type: ignore[arg-type]
        found[kept] = train(
            model, splits, config=config, directory=tmp_path / str(kept), callbacks=[Worsen()], progress=False
        )
        saved = keras.models.load_model(tmp_path / str(kept) / "model.keras", compile=False)
        for one, other in zip(saved.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    last = found[False]
    assert last.best_epoch == 5
    assert last.metrics["validation"]["loss"] == pytest.approx(last.history[4]["val_loss"], rel=1e-4)
    best = min(row["val_loss"] for row in found[True].history)
    assert found[True].metrics["validation"]["loss"] == pytest.approx(best, rel=1e-4)
    assert best < last.history[4]["val_loss"]


def test_where_no_earlier_weights_are_kept_a_loss_that_breaks_is_an_error() -> None:
    splits = load_dataset("digits")
    model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)

    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.optimizer.learning_rate = float("nan")

    config = TrainConfig(epochs=3, batch_size=256, restore_best=False)
    with pytest.raises(
        RunError, match=r"infinite in epoch 2, and with restore_best=False.*leave restore_best out"
    ):
        train(model, splits, config=config, callbacks=[Break()], progress=False)
    model = create_model("series-classifier-gru", units=(8,), **splits.model_arguments)
    again = train(
        model, splits, config=TrainConfig(epochs=3, batch_size=256), callbacks=[Break()], progress=False
    )
    assert again.best_epoch == 1
