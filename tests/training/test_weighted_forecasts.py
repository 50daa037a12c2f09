"""Truth of ``rnnzoo.training.loop``: losses and scores of forecasts where rows of the table have weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, TrainConfig, TrainResult, evaluate, read_series, train
from rnnzoo.evaluation.baselines import run_baselines
from rnnzoo.evaluation.evaluation import evaluate_whole, forward_function
from rnnzoo.layers.distributions import GaussianParameters, MonotoneQuantiles
from rnnzoo.tasks import get_task

LEVELS = np.array(get_task("quantile_forecasting").quantiles)
HEADS = {"forecasting": "point", "quantile_forecasting": "quantile", "gaussian_forecasting": "gaussian"}


def table(*, closed: float = 0.0) -> pd.DataFrame:
    """Three shops with two targets, of which the last counts nowhere and is moved by ``closed``."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(3):
        steps = np.arange(70)
        sales = 10 + np.sin(steps * np.pi / 3) + 0.3 * rng.normal(size=70)
        share = rng.integers(0, 4, size=70) if number < 2 else np.zeros(70)
        moved = closed * np.cos(steps) * (number == 2)
        frames.append(
            pd.DataFrame(
                {
                    "shop": f"shop {number}",
                    "day": pd.date_range("2025-01-01", periods=70),
                    "sales": sales + moved,
                    "visits": 100 + 5 * rng.normal(size=70) + moved,
                    "share": share,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def read(frame: pd.DataFrame | None = None, **options: Any) -> Splits:
    known: Any = {
        "target": ["sales", "visits"],
        "series": "shop",
        "time": "day",
        "weight": "share",
        "window": 6,
        "horizon": 3,
        "seasonality": 6,
    }
    return read_series(table() if frame is None else frame, **{**known, **options})


def linear_model(splits: Splits, head: str) -> keras.Model:
    """A linear map of the window, which takes less time than a recurrent network."""
    keras.utils.set_random_seed(0)
    arguments = splits.model_arguments
    shape = (arguments["horizon"], arguments["num_targets"])
    values: tuple[int, ...] = {"point": (), "quantile": (3,), "gaussian": (2,)}[head]
    features = keras.Input((arguments["window"], arguments["num_features"]), name="features")
    flat = keras.layers.Flatten(name="flat")(features)
    steps = keras.layers.Dense(int(np.prod([*shape, *values])), name="steps")(flat)
    found = keras.layers.Reshape((*shape, *values), name="values" if head == "point" else "numbers")(steps)
    if head == "quantile":
        found = MonotoneQuantiles(name="quantiles")(found)
    if head == "gaussian":
        found = GaussianParameters(name="distribution")(found)
    return keras.Model(features, found, name="linear")


def fit(splits: Splits, directory: Path | None = None, *, head: str = "point", **options: Any) -> TrainResult:
    model = linear_model(splits, head)
    config = TrainConfig(tensorboard=False, **{"epochs": 2, "batch_size": 16, **options})
    seconds = 0 if directory is None else 60
    return train(model, splits, config=config, directory=directory, progress=False, baseline_seconds=seconds)


def losses(task: str, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The loss of each step and target, of scaled outputs."""
    outputs, truth = outputs.astype(np.float64), truth.astype(np.float64)
    if task == "forecasting":
        return np.abs(outputs - truth)
    if task == "gaussian_forecasting":
        mean, scale = outputs[..., 0], outputs[..., 1]
        return np.asarray(np.log(scale) + 0.5 * ((truth - mean) / scale) ** 2 + 0.5 * np.log(2 * np.pi))
    error = truth[..., None] - outputs
    return np.asarray(np.maximum(LEVELS * error, (LEVELS - 1) * error).mean(axis=-1))


def weighed(values: np.ndarray, weights: np.ndarray) -> float:
    """The mean of values ``(windows, horizon, targets)``, each as much as its step."""
    return float(np.average(values, weights=np.broadcast_to(weights[..., None], values.shape)))


@pytest.mark.parametrize("task", HEADS)
def test_losses_and_scores_are_means_that_steps_are_weighed_in(task: str) -> None:
    splits = read()
    # So slow that the model of the epoch's end is that of its start.
    result = fit(splits, head=HEADS[task], epochs=1, learning_rate=1e-12)
    for name, loss in (("train", result.history[0]["loss"]), ("validation", result.history[0]["val_loss"])):
        inputs, truth, weights = splits.rows(name).gather(range(len(splits.rows(name))))
        assert weights is not None
        assert weights.shape == truth.shape[:2]
        outputs = forward_function(result.model)(inputs)
        assert loss == pytest.approx(weighed(losses(task, outputs, truth), weights), rel=1e-4), name
    found, _, _ = evaluate_whole(result.model, splits, part="test")
    point = found.outputs
    if task == "quantile_forecasting":
        point = point[..., 1]
    if task == "gaussian_forecasting":
        point = point[..., 0]
    test: Any = splits.test
    raw = test.raw_weights()
    errors = point - test.raw_targets()[1]
    scores = found.metrics
    assert scores["mae"] == pytest.approx(weighed(np.abs(errors), raw), rel=1e-5)
    assert scores["rmse"] == pytest.approx(np.sqrt(weighed(errors**2, raw)), rel=1e-5)
    if task == "forecasting":
        assert scores["scaled_mse"] == pytest.approx(
            weighed((errors / splits.get_decoding().scale) ** 2, raw), rel=1e-5
        )
    else:
        levels = (
            found.outputs
            if task == "quantile_forecasting"
            else get_task(task).forecast_quantiles(found.outputs)
        )
        truth = test.raw_targets()[1]
        inside = (truth >= levels[..., 0]) & (truth <= levels[..., -1])
        assert scores["coverage"] == pytest.approx(weighed(inside, raw), rel=1e-5)
        assert scores["pinball"] == pytest.approx(
            weighed(losses("quantile_forecasting", levels, truth), raw), rel=1e-5
        )


@pytest.mark.parametrize(
    ("head", "scaling"),
    [
        ("point", "series"),
        pytest.param("quantile", "all", marks=pytest.mark.slow),
        pytest.param("gaussian", "window", marks=pytest.mark.slow),
    ],
)
def test_what_weighs_nothing_does_not_change_what_is_learned(head: str, scaling: str) -> None:
    plain, moved = (fit(read(table(closed=c), scaling=scaling), head=head) for c in (0.0, 50.0))
    for kept, found in zip(plain.model.get_weights(), moved.model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, found)
    assert plain.history[-1]["val_loss"] == moved.history[-1]["val_loss"]


def test_the_end_of_a_training_part_that_weighs_nothing_is_not_learned() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"load": rng.normal(size=120), "share": 1.0})
    frame.loc[60:83, "share"] = 0.0  # behind which validation begins
    broken = frame.assign(load=np.where(frame["share"] == 0, rng.normal(size=120) - 40, frame["load"]))
    options: Any = {"target": "load", "series": (), "time": None}
    plain, found, without = (
        fit(read(data, **options, weight=weight), epochs=1).model.get_weights()
        for data, weight in ((frame, "share"), (broken, "share"), (broken.assign(share=1.0), "share"))
    )
    for kept, same, other in zip(plain, found, without, strict=True):
        np.testing.assert_array_equal(kept, same)
        assert not np.array_equal(kept, other) or not kept.any()


@pytest.mark.parametrize("loss", ["mean_squared_error", "huber", "own"])
def test_a_loss_of_each_value_is_weighed_by_step(loss: str) -> None:
    def own(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.abs(y_true - y_pred)

    splits = read()
    result = fit(splits, loss=own if loss == "own" else loss, epochs=1, learning_rate=1e-12)
    inputs, truth, weights = splits.rows("train").gather(range(len(splits.rows("train"))))
    errors = np.abs(forward_function(result.model)(inputs) - truth)
    values = {
        "own": errors,
        "mean_squared_error": errors**2,
        "huber": np.where(errors <= 1, errors**2 / 2, errors - 0.5),
    }
    assert weights is not None
    assert result.history[0]["loss"] == pytest.approx(weighed(values[loss], weights), rel=1e-4)
    squares = result.history[0]["mean_squared_error"]
    assert squares == pytest.approx(weighed(errors**2, weights), rel=1e-4)


def test_a_run_says_that_its_scores_are_weighted_and_baselines_are_scored_alike(tmp_path: Path) -> None:
    splits = read()
    result = fit(splits, tmp_path / "run")
    report = (tmp_path / "run" / "report.html").read_text()
    assert (
        "Scores are weighted: each row counts as much as its weight in the column &#x27;share&#x27; says."
        in report
    )
    kept = json.loads((tmp_path / "run" / "metrics.json").read_text())
    test: Any = splits.test
    raw, truth = test.raw_weights(), test.raw_targets()[1]
    outputs = run_baselines(splits, test)
    assert set(outputs) == set(kept["baselines"]["scores"])
    for name, answers in outputs.items():
        mae = weighed(np.abs(answers - truth), raw)
        assert kept["baselines"]["scores"][name]["mae"] == pytest.approx(mae, rel=1e-5), name
    scores = evaluate(result.model, splits)
    assert kept["test"]["mae"] == pytest.approx(scores["mae"])
    by_step = pd.read_csv(tmp_path / "run" / "errors_by_step.csv")
    errors = np.abs(evaluate_whole(result.model, splits)[0].outputs - truth)
    own = np.average(errors[:, 0, 0], weights=raw[:, 0])
    assert by_step.loc[
        (by_step["target"] == "sales") & (by_step["step"] == 1), "mae"
    ].item() == pytest.approx(own)
    plain = fit(read(weight=None, ignore="share"), tmp_path / "plain")
    assert plain.metrics["test"]["mae"] != pytest.approx(scores["mae"])
    assert "Scores are weighted" not in (tmp_path / "plain" / "report.html").read_text()
