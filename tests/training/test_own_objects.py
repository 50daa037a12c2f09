"""Truth of ``rnnzoo.training.own_objects`` and ``rnnzoo.training.optimization.own_trial``.

Losses, metrics and optimizers of a user: used as they are, kept by what makes them again, tried before the first epoch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from rnnzoo import Splits, TrainConfig, create_model, load_model, read_series, train
from rnnzoo.cli.config_file import read_config
from rnnzoo.errors import ArgumentError, RunError, UnknownNameError
from rnnzoo.keras_models.feeding import feed
from rnnzoo.keras_names import LOSSES, make
from rnnzoo.training.loop import compile_model
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.own_objects import describe
from rnnzoo.training.problem import Problem, prepare
from rnnzoo.training.run.run_directory import RunDirectory
from rnnzoo.yaml_text import write_yaml
from toy_training import config, model, series, weights_of

RNG = np.random.default_rng(2)
X = RNG.normal(size=(60, 4, 2)).astype(np.float32)
VALUES = X[:, :, 0].sum(axis=1) + 3


def absolute(y_true: Any, y_pred: Any) -> Any:
    """A loss of the module: a run says where it is."""
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def largest(y_true: Any, y_pred: Any) -> Any:
    """A metric of the module."""
    return ops.max(ops.abs(y_true - y_pred), axis=-1)


class Slow(keras.optimizers.SGD):
    """An optimizer whose get_config forgets an argument."""

    def __init__(self, learning_rate: float = 0.1, slowness: float = 2.0, **options: Any) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self.slowness = slowness


def numbers(**options: Any) -> Splits:
    return Splits.from_arrays(X, VALUES, task="regression", **options)


def network(splits: Splits) -> keras.Model:
    keras.utils.set_random_seed(0)
    return create_model("series-classifier-gru", **{**splits.model_arguments, "units": (4,), "dropout": 0.0})


def prepared(splits: Splits, **fields: Any) -> Problem:
    return prepare(network(splits), splits, None, config(**fields))


def loss_of(problem: Problem, inputs: Any, truth: Any, weights: Any) -> float:
    """The loss that Keras computes of a compiled model."""
    fed = feed(problem.model, inputs)
    found: dict[str, float] = problem.model.evaluate(
        fed, truth, sample_weight=weights, verbose=0, return_dict=True
    )
    return found["loss"]


def history_of(splits: Splits, **fields: Any) -> list[dict[str, float]]:
    found = train(network(splits), splits, config=config(epochs=2, **fields), progress=False).history
    return [{name: value for name, value in row.items() if name != "seconds"} for row in found]


def test_an_own_loss_is_what_is_minimised_weights_and_all() -> None:
    splits = numbers(weights=RNG.integers(0, 3, 60))
    problem = prepared(splits, loss=keras.losses.Huber(0.3))
    inputs, truth, weights = splits.rows("train").gather(range(9))
    compile_model(problem)
    found = problem.model.evaluate(
        feed(problem.model, inputs), truth, sample_weight=weights, verbose=0, return_dict=True
    )["loss"]
    error = np.abs(np.asarray(problem.model(feed(problem.model, inputs))) - truth)[:, 0]
    each = np.where(error <= 0.3, 0.5 * error**2, 0.3 * error - 0.5 * 0.3**2)
    assert weights is not None
    assert found == pytest.approx((each * weights).mean(), rel=1e-5)
    # The scores of a run have the loss of the task.
    assert problem.task_loss.name == "mean_squared_error"


@pytest.mark.parametrize("loss", [absolute, "test_own_objects:absolute", keras.losses.MeanAbsoluteError()])
def test_a_function_its_name_and_an_object_are_the_same_loss(loss: Any) -> None:
    assert history_of(numbers(), loss=loss) == history_of(numbers(), loss="mean_absolute_error")


def test_masked_steps_are_out_of_an_own_loss() -> None:
    words, tags = [["a", "b", "c"], ["b"]] * 20, [["x", "y", "x"], ["y"]] * 20
    splits = Splits.from_arrays(words, tags, task="tagging")
    net = create_model("text-tagger-bilstm", **{**splits.model_arguments, "units": (2,), "embedding_size": 2})
    own = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    problem = prepare(net, splits, None, config(loss=own))
    compile_model(problem)
    inputs, truth, weights = splits.rows("train").gather(range(8))
    assert weights is not None
    wrong = np.where(weights > 0, truth, 1 - truth)
    first, second = (
        problem.model.evaluate(
            feed(problem.model, inputs), target, sample_weight=weights, verbose=0, return_dict=True
        )["loss"]
        for target in (truth, wrong)
    )
    assert first == second


def test_own_metrics_are_shown_and_watched() -> None:
    watched = {"monitor": "val_largest", "monitor_direction": "min"}
    result = train(
        network(numbers()),
        numbers(),
        config=config(epochs=2, metrics=[largest, "keras.metrics:RootMeanSquaredError"], **watched),
        progress=False,
    )
    assert {"val_largest", "val_root_mean_squared_error", "val_mean_absolute_error"} <= set(result.history[0])
    assert result.best_epoch == 1 + int(np.argmin([row["val_largest"] for row in result.history]))


def test_an_own_optimizer_is_clipped_and_stays_as_it_was() -> None:
    own = keras.optimizers.SGD(1.0)
    built = build_optimizer(TrainConfig(optimizer=own, clip_bound=0.5), steps_per_epoch=3)
    variable = keras.Variable(np.zeros(2))
    built.apply([ops.array([3.0, 4.0])], [variable])
    np.testing.assert_allclose(np.asarray(variable), [-0.3, -0.4], rtol=1e-6)
    assert own.global_clipnorm is None
    assert not own.built
    clipped = keras.optimizers.SGD(1.0, clipvalue=0.1)
    with pytest.raises(ArgumentError, match=r"with clipvalue=0\.1; .* Pass clip=None"):
        TrainConfig(optimizer=clipped)
    assert build_optimizer(TrainConfig(optimizer=clipped, clip=None), steps_per_epoch=1).clipvalue == 0.1


def test_a_class_of_optimizers_takes_the_fields() -> None:
    setting = TrainConfig(
        optimizer="keras.optimizers:Lion", learning_rate=3e-4, clip="norm", weight_decay=0.1, accumulation=2
    )
    built = build_optimizer(setting, steps_per_epoch=1)
    assert isinstance(built, keras.optimizers.Lion)
    assert (built.clipnorm, built.weight_decay, built.gradient_accumulation_steps) == (1.0, 0.1, 2)
    assert float(built.learning_rate) == pytest.approx(3e-4)
    train(model(), series(), config=config(epochs=1, optimizer="keras.optimizers:Lion"), progress=False)


def test_a_run_keeps_what_makes_its_objects_again(tmp_path: Path) -> None:
    setting = config(
        epochs=1,
        loss=keras.losses.Huber(0.5),
        optimizer=keras.optimizers.Lion(1e-3, beta_1=0.8),
        metrics=[keras.metrics.RootMeanSquaredError(), largest],
    )
    train(
        network(numbers()),
        numbers(),
        config=setting,
        directory=tmp_path / "run",
        progress=False,
        baseline_seconds=0,
    )
    kept = RunDirectory(tmp_path / "run").read_config()["train_config"]
    assert kept["loss"]["config"]["delta"] == 0.5
    assert kept["metrics"][1] == "test_own_objects:largest"
    again = TrainConfig.from_dict(kept)
    assert again.optimizer.beta_1 == 0.8
    assert again.to_dict() == setting.to_dict() == json.loads(json.dumps(setting.to_dict()))
    # A file of the command has the same.
    file = tmp_path / "config.yaml"
    file.write_text(write_yaml({"training": kept}))
    assert TrainConfig.from_dict(read_config(str(file)).training).to_dict() == kept
    assert load_model(tmp_path / "run" / "model.keras").count_params()
    more = {"directory": tmp_path / "run", "resume": True, "progress": False, "baseline_seconds": 0.0}
    with pytest.raises(RunError, match=r"train_config differs: .*loss was .*Huber.*, now None"):
        train(network(numbers()), numbers(), config=config(epochs=1), **more)  # type: ignore[arg-type]


def test_what_no_file_can_make_again_is_named_and_passed_again(tmp_path: Path) -> None:
    def inner(y_true: Any, y_pred: Any) -> Any:
        return absolute(y_true, y_pred)

    setting = config(epochs=2, loss=inner)
    run = tmp_path / "run"
    stop = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: 1 // (1 - epoch))
    options: dict[str, Any] = {"directory": run, "progress": False, "baseline_seconds": 0}
    with pytest.raises(ZeroDivisionError):
        train(network(numbers()), numbers(), config=setting, callbacks=[stop], **options)
    kept = RunDirectory(run).read_config()["train_config"]
    assert kept["loss"] == describe(inner) == {"own": f"test_own_objects:{inner.__qualname__}"}
    with pytest.raises(
        ArgumentError, match=r"an object that no file can make again.*TrainConfig\(loss=\.\.\.\)"
    ):
        TrainConfig.from_dict(kept)
    same = keras.callbacks.LambdaCallback()
    resumed = train(network(numbers()), numbers(), config=setting, callbacks=[same], resume=True, **options)
    whole = train(network(numbers()), numbers(), config=setting, progress=False)
    for found, expected in zip(weights_of(resumed.model), weights_of(whole.model), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_losses_of_tasks_keep_their_arguments() -> None:
    assert make(keras.losses.Huber(0.25), LOSSES)._fn_kwargs == {"delta": 0.25}


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"loss": keras.losses.Huber}, ArgumentError, r"loss: received the class Huber; .* Pass Huber\(\)"),
        ({"loss": 3}, ArgumentError, "loss: received 3; expected a name"),
        ({"loss": "hubre"}, UnknownNameError, "unknown loss: received 'hubre'; did you mean 'huber'"),
        (
            {"loss": "keras.losses:Hubre"},
            ArgumentError,
            "loss: received 'keras.losses:Hubre', which is not there",
        ),
        ({"optimizer": "adma"}, UnknownNameError, "did you mean 'adam'"),
        ({"optimizer": 1}, ArgumentError, r"optimizer: received 1; .* keras\.optimizers\.Lion"),
        ({"optimizer": "keras.losses:Huber"}, ArgumentError, "expected a class of Keras optimizers"),
        ({"optimizer": Slow(slowness=3.0)}, ArgumentError, "get_config of Slow does not have slowness"),
        ({"metrics": "acc"}, ArgumentError, "metrics: received 'acc'; expected one of accuracy"),
        ({"metrics": 3}, ArgumentError, "metrics: received 3; expected a list of metrics"),
        (
            {"metrics": [keras.metrics.MeanAbsoluteError()]},
            ArgumentError,
            "metrics: received one named 'mean_absolute_error', as another of task 'regression'",
        ),
        (
            {"optimizer": keras.optimizers.Adam(), "learning_rate": 0.1},
            ArgumentError,
            "learning_rate: received 0.1 beside an optimizer object",
        ),
        (
            {"optimizer": keras.optimizers.Adam(), "discriminative": 2.6},
            ArgumentError,
            "discriminative: received 2.6 with an optimizer of your own",
        ),
        ({"loss": absolute, "label_smoothing": 0.1}, ArgumentError, "Smooth in the loss, or leave one out"),
        ({"loss": lambda a, b: a[:, None] - b}, ArgumentError, "Axes were laid against each other"),
        (
            {"loss": lambda a, b: ops.matmul(a, b)},
            ArgumentError,
            r"raised .* for targets \(\d, 1\) and outputs",
        ),
        ({"loss": lambda a, b: ops.log(-ops.abs(b))}, ArgumentError, "is nan of one batch"),
        ({"loss": lambda a, b: ops.abs(a)}, ArgumentError, "has no gradient for any weight"),
        ({"loss": keras.losses.Huber(reduction=None)}, ArgumentError, "returned shape"),
        (
            {"metrics": [keras.metrics.SparseCategoricalAccuracy(), "keras.metrics:F1Score"]},
            ArgumentError,
            "f1_score",
        ),
    ],
)
def test_mistakes_are_told_before_the_first_epoch(
    fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        compile_model(prepared(numbers(), **fields))


def test_a_loss_that_cannot_be_weighed_is_refused() -> None:
    splits = numbers(weights=RNG.integers(0, 3, 60))
    with pytest.raises(ArgumentError, match="one number for all rows"):
        prepared(splits, loss=lambda a, b: ops.mean(ops.abs(a - b)))
    prepared(numbers(), loss=lambda a, b: ops.mean(ops.abs(a - b)))  # without weights it may
    table = pd.DataFrame({"a": np.sin(np.arange(90.0)), "b": np.cos(np.arange(90.0))})
    windows = read_series(table, target=["a", "b"], window=6, horizon=3)
    net = create_model("forecaster-gru", **{**windows.model_arguments, "units": (2,)})
    assert prepare(net, windows, None, config(loss=absolute)).loss.name == "absolute"


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (keras.callbacks.TerminateOnNaN(), "received TerminateOnNaN; expected a list of Keras callbacks"),
        ([keras.callbacks.TerminateOnNaN], "received the class TerminateOnNaN at place 0"),
        ([print], "received builtin_function_or_method at place 0; expected a Keras callback"),
        ([keras.callbacks.TerminateOnNaN()] * 2, "the same TerminateOnNaN twice"),
    ],
)
def test_callbacks_that_are_none_are_refused(callbacks: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=f"callbacks: received .*{message.removeprefix('received ')}"):
        train(model(), series(), callbacks=callbacks, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()
