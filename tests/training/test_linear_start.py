"""Truth of ``rnnzoo.training.optimization.linear_start`` and ``rnnzoo.training.watching.start_candidate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from rnnzoo import (
    Splits,
    TrainConfig,
    TrainResult,
    create_model,
    load_model,
    read_series,
    train,
    transfer,
)
from rnnzoo.data.split import Batches
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.evaluation import evaluate_part
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.linear_start import start_at_ridge

WINDOW, HORIZON = 12, 4
NAMES = ("forecaster-nlinear-gru", "forecaster-segrnn")


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Two series that a linear map of their own lags forecasts, and one that is known ahead and moves the first."""
    rng = np.random.default_rng(seed)
    values = np.zeros((rows, 2))
    known = rng.normal(size=rows)
    for step in range(2, rows):
        values[step] = 0.6 * values[step - 1] + 0.3 * values[step - 2] + rng.normal(0, 1.0, 2)
    values[:, 0] += 2 * known
    return pd.DataFrame({"first": values[:, 0], "second": 50 + 10 * values[:, 1], "known": known})


def read(**options: Any) -> Splits:
    given: dict[str, Any] = {"target": ["first", "second"], "ignore": ["known"], **options}
    return read_series(table(), window=WINDOW, horizon=HORIZON, **given)


def known_ahead(**options: Any) -> Splits:
    return read(ignore=[], future=["known"], **options)


def small(splits: Splits, name: str = NAMES[0], **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    return create_model(name, **{**splits.model_arguments, "units": (4,), "linear": True, **arguments})


def config(**arguments: Any) -> TrainConfig:
    return TrainConfig(**{"epochs": 2, "batch_size": 64, "tensorboard": False, **arguments})


def fitted(model: keras.Model, splits: Splits, **arguments: Any) -> TrainResult:
    return train(model, splits, config=config(**arguments), progress=False)


def weights(model: keras.Model) -> dict[str, np.ndarray]:
    return {weight.path: np.asarray(weight) for weight in model.weights if "seed" not in weight.path}


def outputs(model: keras.Model, splits: Splits, part: str = "test", task: str = "forecasting") -> np.ndarray:
    return evaluate_part(model, splits.rows(part), splits, get_task(task)).outputs


@pytest.mark.parametrize("name", NAMES)
def test_the_first_forecast_is_the_linear_map_of_own_lags(name: str) -> None:
    splits = read()
    model = small(splits, name)
    assert start_at_ridge(model, splits)
    baseline = run_baselines(splits, splits.rows("test"))["NLinear on each series' own lags"]
    np.testing.assert_allclose(outputs(model, splits), baseline, rtol=1e-3, atol=1e-3)


def test_without_normalization_it_is_least_squares_of_all_training_windows() -> None:
    splits = read()
    model = small(splits, normalization=None)
    assert start_at_ridge(model, splits)
    inputs, ahead, _ = splits.rows("train").gather(range(len(splits.train)))
    lags = inputs["features"].transpose(0, 2, 1).reshape(-1, WINDOW)
    ahead = ahead.transpose(0, 2, 1).reshape(-1, HORIZON)
    own, ones = model.get_layer("linear_map"), np.ones((len(lags), 1))
    exact = np.linalg.lstsq(np.hstack([lags, ones]), ahead, rcond=None)[0]
    best = np.mean((np.hstack([lags, ones]) @ exact - ahead) ** 2)
    found = np.mean((lags @ np.asarray(own.kernel) + np.asarray(own.bias) - ahead) ** 2)
    assert best <= found < 1.02 * best


@pytest.mark.parametrize("normalization", [None, "last", "reversible"])
def test_what_is_known_ahead_is_part_of_the_map(normalization: str | None) -> None:
    splits = known_ahead()
    without, model = (small(one, normalization=normalization) for one in (read(), splits))
    assert start_at_ridge(without, read())
    assert start_at_ridge(model, splits)
    windows: Any = splits.rows("test")
    truth = windows.raw_targets()[1][..., 0]
    errors = [
        np.abs(outputs(one, part)[..., 0] - truth).mean()
        for one, part in ((without, read()), (model, splits))
    ]
    assert errors[1] < 0.75 * errors[0]


@pytest.mark.parametrize("normalization", [None, "last", "reversible"])
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("forecaster-quantile-lstm", "quantile_forecasting"),
        ("forecaster-gaussian-gru", "gaussian_forecasting"),
    ],
)
def test_the_spread_begins_at_that_of_the_errors(name: str, task: str, normalization: str | None) -> None:
    splits = read()
    model = small(splits, name, normalization=normalization)
    assert start_at_ridge(model, splits)
    part = splits.rows("test")
    inputs, truth, _ = part.gather(range(len(part)))
    answers = np.asarray(model.predict(inputs["features"], verbose=0))
    if task == "gaussian_forecasting":
        inside = np.abs(truth - answers[..., 0]) < 1.2816 * answers[..., 1]
    else:
        assert np.all(np.diff(answers, axis=-1) > 0)
        inside = (truth > answers[..., 0]) & (truth < answers[..., 2])
    assert abs(inside.mean() - 0.8) < 0.15


def test_what_was_learned_is_left_as_it_is() -> None:
    splits = read()
    source, target = small(splits), small(splits, name="forecaster-nlinear-gru")
    assert start_at_ridge(source, splits)
    before = weights(source)
    assert not start_at_ridge(source, splits)
    report = transfer(source, target)
    assert report.unused == ()
    assert not start_at_ridge(target, splits)
    for path, value in weights(target).items():
        np.testing.assert_array_equal(value, before[path])


def test_a_network_with_weights_of_another_is_not_silenced() -> None:
    splits = read()
    source = create_model("forecaster-gru", units=(4,), **{**splits.model_arguments, "linear": False})
    model = small(splits, "forecaster-gru")
    transfer(source, model)
    assert not start_at_ridge(model, splits)


def test_models_without_a_linear_map_are_left_alone() -> None:
    splits = read()
    model = create_model("forecaster-gru", units=(4,), **{**splits.model_arguments, "linear": False})
    assert not start_at_ridge(model, splits)
    frozen = small(splits)
    frozen.get_layer("linear_map").trainable = False
    assert not start_at_ridge(frozen, splits)


def test_no_result_is_worse_than_the_start_on_validation() -> None:
    """A rate that spoils everything: the start is the result, in the file and after a resume, too."""
    splits = read()
    model = small(splits)
    result = fitted(model, splits, learning_rate=5.0, clip=None)
    assert result.best_epoch == 0
    assert result.stop_reason.endswith("no epoch was better than the linear start")
    fresh = small(splits)
    assert start_at_ridge(fresh, splits)
    for path, value in weights(model).items():
        np.testing.assert_array_equal(value, weights(fresh)[path])
    kept = fitted(small(splits), splits, learning_rate=5.0, clip=None, restore_best=False)
    assert kept.best_epoch == 2


def test_the_start_can_be_left_out() -> None:
    splits = read()
    result = fitted(small(splits), splits, linear_start=False, learning_rate=1e-6)
    started = fitted(small(splits), splits, learning_rate=1e-6)
    assert started.metrics["validation"]["loss"] < 0.9 * result.metrics["validation"]["loss"]
    assert result.best_epoch > 0


def test_two_trainings_are_the_same_to_the_bit() -> None:
    splits = known_ahead()
    first, second = small(splits), small(splits)
    for model in (first, second):
        fitted(model, splits)
    for path, value in weights(first).items():
        np.testing.assert_array_equal(value, weights(second)[path])


class _Stop(keras.callbacks.Callback):
    """Raises behind an epoch, like a machine that dies there."""

    def __init__(self, epoch: int | None) -> None:
        super().__init__()
        self._epoch = epoch
        self.stateless = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self._epoch:
            raise OSError("killed")


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("learning_rate", [1e-3, 5.0])
def test_a_resumed_run_ends_as_one_that_was_not_stopped(
    tmp_path: Path, epoch: int, learning_rate: float
) -> None:
    splits, setting = read(), config(epochs=3, learning_rate=learning_rate, clip=None)
    whole, stopped = small(splits), small(splits)

    def run(model: keras.Model, name: str, stop: int | None, **options: Any) -> TrainResult:
        return train(
            model,
            splits,
            config=setting,
            directory=tmp_path / name,
            callbacks=[_Stop(stop)],
            progress=False,
            baseline_seconds=0,
            **options,
        )

    result = run(whole, "whole", None)
    with pytest.raises(OSError, match="killed"):
        run(stopped, "stopped", epoch)
    resumed = small(splits)
    again = run(resumed, "stopped", None, resume=True)
    assert (again.best_epoch, again.stop_reason) == (result.best_epoch, result.stop_reason)
    for path, value in weights(whole).items():
        np.testing.assert_array_equal(weights(resumed)[path], value)
        np.testing.assert_array_equal(weights(load_model(tmp_path / "stopped" / "model.keras"))[path], value)
    assert json.loads((tmp_path / "stopped" / "metrics.json").read_text())["best_epoch"] == result.best_epoch
    assert (result.best_epoch == 0) == (learning_rate == 5.0)


class _Batches(Batches):
    """A part that comes in batches alone, whose rows have no numbers."""

    def __init__(self, part: Any) -> None:
        self._part, self.raw = part, part.raw

    def __len__(self) -> int:
        return len(self._part)

    def iterate(self, order: Any) -> Any:
        return self._part.iterate(order)

    def count(self, order: Any) -> int:
        return int(self._part.count(order))


def test_parts_that_come_in_batches_are_read_too() -> None:
    splits = read()
    model, other = small(splits), small(splits)
    assert start_at_ridge(model, splits)
    streamed = Splits(
        train=_Batches(splits.train),
        validation=_Batches(splits.validation),
        test=None,
        preprocessing=splits.preprocessing,
        decoding=splits.decoding,
        task="forecasting",
        description=splits.description,
    )
    assert start_at_ridge(other, streamed)
    for path, value in weights(model).items():
        np.testing.assert_allclose(weights(other)[path], value, atol=1e-5)


def test_windows_that_weigh_nothing_are_not_learned_from() -> None:
    frame = table().assign(weight=1.0)
    spoiled = frame.copy()
    spoiled.loc[100:140, "weight"] = frame.loc[100:140, "weight"] = 0.0
    spoiled.loc[112:140, "first"] = 1e4
    found = []
    for one in (frame, spoiled):
        splits = read_series(
            one.iloc[:, [0, 3]],
            target="first",
            weight="weight",
            window=WINDOW,
            horizon=HORIZON,
            scaling="all",
        )
        model = small(splits, normalization="last")
        assert start_at_ridge(model, splits)
        found.append(np.asarray(model.get_layer("linear_map").kernel))
    assert np.isfinite(found).all()


def test_a_search_trial_starts_there_and_is_judged_by_its_epochs() -> None:
    from rnnzoo.training.loop import fit
    from rnnzoo.training.problem import prepare

    splits = read()
    model = small(splits)
    found = fit(prepare(model, splits, None, config(learning_rate=5.0, clip=None)), epochs=(0, 1))
    assert found.best_epoch == 1
    assert np.any(np.asarray(model.get_layer("linear_map").kernel))
