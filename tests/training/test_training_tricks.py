"""Truth of ``rnnzoo.training.config``.

Every switch of training does what its paper says, alone and across a resume.
"""

from __future__ import annotations

import csv
import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import Regularization, Splits, TrainConfig, create_model, load_model, train
from rnnzoo.data.split import as_rows
from rnnzoo.errors import ArgumentError, UnknownNameError
from rnnzoo.evaluation import evaluation
from rnnzoo.losses.smoothed_crossentropy import SmoothedCrossentropy
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.averaging import AveragedWeights
from rnnzoo.training.optimization.class_weights import class_weights, weigh_by_class
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.precision import computing_in
from rnnzoo.training.optimization.schedules import OneCycle
from rnnzoo.training.optimization.training_loss import training_loss
from rnnzoo.training.watching.gradient_norms import measure_gradient_norms


@functools.cache
def series() -> Splits:
    """Two classes, three times as many of one as of the other."""
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1] * 40)
    x = rng.normal(size=(160, 6, 3)) + labels[:, None, None]
    return Splits.from_arrays(x, np.where(labels == 1, "rare", "usual"), validation_fraction=0.2)


def model(seed: int = 0, **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return create_model(
        "series-classifier-gru", **{**series().model_arguments, "units": (6,), "dropout": 0.3, **arguments}
    )


def config(**fields: Any) -> TrainConfig:
    return TrainConfig(**{"epochs": 4, "early_stopping": None, "tensorboard": False, **fields})


def weights_of(net: Any) -> list[np.ndarray]:
    return [v.numpy() for v in net.trainable_variables]


class Spy(keras.callbacks.Callback):
    """Notes the weights after every step, and those that are seen at the end of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.steps_seen: list[list[np.ndarray]] = []
        self.ends_seen: list[list[np.ndarray]] = []

    def _now(self) -> list[np.ndarray]:
        return weights_of(self.model)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps_seen.append(self._now())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends_seen.append(self._now())


# One-cycle


def test_one_cycle_rises_and_falls_along_cosines() -> None:
    schedule = OneCycle(0.5, climb=0.3, total_steps=101)
    rates = np.array([float(schedule(step)) for step in range(110)])
    done = np.arange(101) / 100
    first, last = 0.5 / 25, 0.5 / 25 / 1e4
    rise = first + (0.5 - first) * 0.5 * (1 - np.cos(np.pi * done / 0.3))
    fall = last + (0.5 - last) * 0.5 * (1 + np.cos(np.pi * (done - 0.3) / 0.7))
    np.testing.assert_allclose(rates[:101], np.where(done < 0.3, rise, fall), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(rates[101:], last, rtol=1e-2, atol=1e-7)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert float(again(42)) == rates[42]


# Gradient accumulation


def test_accumulated_batches_move_weights_as_one_large_batch() -> None:
    rows = series().rows("train").gather(np.arange(32))

    def moved(accumulation: int) -> list[np.ndarray]:
        net = model(dropout=0.0)
        setting = config(optimizer="sgd", learning_rate=0.5, accumulation=accumulation, clip_bound=0.1)
        net.compile(
            optimizer=build_optimizer(setting, steps_per_epoch=1), loss=get_task("classification").loss()
        )
        for part in np.split(np.arange(32), accumulation):
            net.train_on_batch(rows[0]["features"][part], rows[1][part])
        return weights_of(net)

    for one, four in zip(moved(1), moved(4), strict=True):
        np.testing.assert_allclose(four, one, rtol=1e-4, atol=1e-6)


def test_a_schedule_is_laid_over_the_updates_not_the_batches() -> None:
    setting = config(schedule="linear", accumulation=2, epochs=10)
    assert build_optimizer(setting, steps_per_epoch=8)._learning_rate.total_steps == 40


# Averages


def test_the_moving_average_is_that_of_the_steps_and_what_is_validated_and_kept() -> None:
    spy = Spy()
    net = model()
    train(net, series(), config=config(averaging="ema", ema_decay=0.9), callbacks=[spy], progress=False)
    average = None
    per_epoch = len(spy.steps_seen) // 4
    for step, weights in enumerate(spy.steps_seen, start=1):
        keep = min(0.9, (step - 1) / (9 + step))
        average = [keep * a + (1 - keep) * w for a, w in zip(average or weights, weights, strict=True)]
        if step % per_epoch == 0:
            for found, expected in zip(spy.ends_seen[step // per_epoch - 1], average, strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    kept = weights_of(net)
    assert any(all(np.array_equal(a, b) for a, b in zip(kept, end, strict=True)) for end in spy.ends_seen)


def test_nt_asgd_starts_when_validation_stands_still_and_means_all_steps_since() -> None:
    spy, judge = Spy(), _Scripted([1.0, 0.9, 0.8, 0.85, 0.85, 0.9, 0.9, 0.9])
    average = AveragedWeights("nt_asgd", decay=0.9, patience=2, monitor="val_loss", direction="min")
    net = model()
    net.compile(optimizer="sgd", loss=get_task("classification").loss())
    rows = series().rows("train").gather(np.arange(32))
    net.fit(
        rows[0]["features"],
        rows[1],
        batch_size=16,
        epochs=8,
        verbose=0,
        validation_data=(rows[0]["features"], rows[1]),
        callbacks=[judge, average, spy],
    )
    # Epoch 6 (.9) is the first that is worse than the best (.8) of all epochs but the last two.
    assert average.updates == 2 * 2
    since = spy.steps_seen[2 * 6 :]
    for found, *steps in zip(spy.ends_seen[-1], *since, strict=True):
        np.testing.assert_allclose(found, np.mean(steps, axis=0), rtol=1e-5, atol=1e-6)


class _Scripted(keras.callbacks.Callback):
    """Lets validation have a given course."""

    def __init__(self, losses: list[float]) -> None:
        super().__init__()
        self._losses = losses

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] = self._losses[epoch]


# Smoothing, weights of classes


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


def test_balanced_classes_weigh_the_same() -> None:
    weights = class_weights(series(), get_task("classification"), "balanced")
    counts = np.bincount(series().rows("train").gather(np.arange(len(series().train)))[1])
    assert counts[0] * weights[0] == pytest.approx(counts[1] * weights[1])
    assert counts @ weights == pytest.approx(counts.sum())
    rare = class_weights(series(), get_task("classification"), {"rare": 5.0})
    assert rare.tolist() == [5.0, 1.0]


@pytest.mark.parametrize(
    "task", ["classification", pytest.param("binary_classification", marks=pytest.mark.slow)]
)
def test_a_class_that_weighs_nothing_is_not_learned(task: str) -> None:
    data = series()
    pairs: list[Any] = [
        (part.raw, as_rows(part).gather(np.arange(len(part)))[1]) for part in (data.train, data.validation)
    ]
    splits = Splits.from_arrays(*pairs[0], validation=pairs[1], test_fraction=0.0, task=task)
    net = create_model("series-classifier-gru", **{**splits.model_arguments, "units": (6,)})
    setting = config(class_weights={"1": 0.0}, learning_rate=0.05, monitor="loss", epochs=12)
    result = train(net, splits, config=setting, progress=False)
    # Answers "0" nearly always, which a quarter of the rows is; with equal weights nearly all are right.
    assert result.metrics["validation"]["accuracy"] < 0.35


def test_weights_of_classes_multiply_those_of_steps() -> None:
    words = [["a", "b"], ["b", "a", "a"]] * 10
    tags = [["x", "y"], ["y", "x", "x"]] * 10
    splits = Splits.from_arrays(words, tags, task="tagging")
    assert class_weights(splits, get_task("tagging"), "balanced").tolist() == pytest.approx(
        [5 / 6, 5 / 4], rel=0.2
    )
    inputs, targets, given = splits.rows("train").gather([0, 1])
    assert given is not None
    table = np.array([3.0, 0.5], np.float32)
    _, _, found = weigh_by_class(table)(inputs, targets, given)
    np.testing.assert_allclose(found, table[targets] * given)
    net = create_model("text-tagger-bigru", **{**splits.model_arguments, "units": (4,), "embedding_size": 4})
    result = train(net, splits, config=config(class_weights="balanced", learning_rate=0.05), progress=False)
    assert result.history[-1]["loss"] < result.history[0]["loss"]


def test_wrong_weights_of_classes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown class: received 'rar'; did you mean 'rare'"):
        train(model(), series(), config=config(class_weights={"rar": 2.0}), progress=False)
    with pytest.raises(UnknownNameError, match="unknown class weights: received 'balance'"):
        config(class_weights="balance")
    with pytest.raises(ArgumentError, match=r"class_weights\['a'\]: received -1; expected a finite number"):
        config(class_weights={"a": -1})
    rng = np.random.default_rng(0)
    splits = Splits.from_arrays(rng.normal(size=(40, 4, 2)), rng.normal(size=40), task="regression")
    with pytest.raises(ArgumentError, match="class_weights: received 'balanced' for task 'regression'"):
        class_weights(splits, get_task("regression"), "balanced")


# Half precision


@pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.slow), "float16"])
def test_layers_compute_in_half_precision_only_while_training(precision: str, tmp_path: Path) -> None:
    net = model(dropout=0.0)
    x = series().rows("train").gather(np.arange(8))[0]["features"]
    exact = np.asarray(net(x))
    with computing_in(net, precision):
        half = net(x)
        assert str(keras.backend.standardize_dtype(half.dtype)) == precision
        assert all(str(v.dtype) == "float32" for v in net.trainable_variables)
    np.testing.assert_allclose(np.asarray(half, np.float32), exact, rtol=0.1, atol=0.05)
    np.testing.assert_array_equal(np.asarray(net(x)), exact)

    setting = config(mixed_precision=precision, epochs=12, learning_rate=0.02)
    result = train(net, series(), config=setting, directory=tmp_path / "run", progress=False)
    assert result.metrics["validation"]["accuracy"] > 0.9
    again = load_model(tmp_path / "run" / "model.keras")
    assert {layer.dtype_policy.name for layer in again.layers} == {"float32"}
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(net(x)))


def test_a_model_with_a_precision_of_its_own_is_refused() -> None:
    x = keras.Input((None, 3), name="features")
    y = keras.layers.GRU(4, dtype="mixed_bfloat16", name="gru_1")(x)
    net = keras.Model(x, keras.layers.Dense(2, name="logits")(y), name="own")
    with pytest.raises(ArgumentError) as caught, computing_in(net, "float16"):
        pass
    assert str(caught.value) == (
        "mixed_precision: received 'float16' for model 'own', whose layer 'gru_1' computes in mixed_bfloat16; expected "
        "float32 layers. Build the model without a policy of its own, or leave mixed_precision out."
    )


# Gradients watched


def test_the_monitor_counts_clipped_steps_and_keeps_norms(tmp_path: Path) -> None:
    setting = config(monitor_gradients=True, clip_bound=1e-3, epochs=2)
    result = train(model(), series(), config=setting, directory=tmp_path / "run", progress=False)
    assert [row["clipped_steps"] for row in result.history] == [1.0, 1.0]
    assert all(row["gradient_norm"] > 1e-3 for row in result.history)
    assert result.gradients is not None
    assert result.gradients.verdict == (
        "gradients reach the first step; 100 % of the steps were clipped at 0.001, so that clip_bound sets the size of "
        "nearly all of them: raise it, or lower learning_rate if the loss jumps"
    )
    with (tmp_path / "run" / "gradients.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["epoch"] for row in rows} == {"1", "2"}
    assert [row["step"] for row in rows if row["of"] == "step" and row["epoch"] == "2"] == list("012345")
    assert (tmp_path / "run" / "plots" / "gradients.png").stat().st_size > 5000
    assert result.gradients.verdict in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    ("clip", "bound"),
    [("global_norm", 1e6), pytest.param("norm", 1e6, marks=pytest.mark.slow), ("value", 1e6), (None, 1.0)],
)
def test_a_wide_bound_clips_nothing(clip: Any, bound: float) -> None:
    setting = config(monitor_gradients=True, clip=clip, clip_bound=bound, epochs=1)
    row = train(model(), series(), config=setting, progress=False).history[-1]
    assert row.get("clipped_steps") == (None if clip is None else 0.0)


def test_the_watched_norm_is_that_of_the_gradients() -> None:
    rows = series().rows("train").gather(np.arange(len(series().train)))
    net = model(dropout=0.0)
    norms = measure_gradient_norms(net, rows[0], rows[1], loss=get_task("classification").loss())
    setting = config(monitor_gradients=True, epochs=1, batch_size=len(series().train))
    history = train(net, series(), config=setting, progress=False).history
    assert history[0]["gradient_norm"] == pytest.approx(norms.total, rel=1e-4)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"class_weights": {"rare": 50}}, marks=pytest.mark.slow),
        {"class_weights": "balanced", "label_smoothing": 0.2},
        {"mixed_precision": "float16"},
    ],
)
def test_the_watched_batch_has_the_loss_of_the_steps(fields: dict[str, Any]) -> None:
    penalties = Regularization(kernel_l2=0.1, recurrent_l1=0.05)
    net = model(dropout=0.0, regularization=penalties)
    # So small a step that the weights after it, which are measured, are the ones before it, which move.
    setting = config(
        monitor_gradients=True, epochs=1, batch_size=len(series().train), learning_rate=1e-9, **fields
    )
    result = train(net, series(), config=setting, progress=False)
    assert result.gradients is not None
    assert result.gradients.norms is not None
    found = _watched_rows(net, fields)
    expected = result.history[0]["gradient_norm"]
    assert found == pytest.approx(expected, rel=2e-2 if "mixed_precision" in fields else 1e-3)


def _watched_rows(net: Any, fields: dict[str, Any]) -> float:
    """The norm over all training rows, measured as the monitor measures it."""
    setting = config(**fields)
    rows = series().rows("train").gather(np.arange(len(series().train)))
    if setting.class_weights is not None:
        table = class_weights(series(), get_task("classification"), setting.class_weights)
        rows = weigh_by_class(table)(*rows[:2])
    loss = training_loss(get_task("classification"), setting)
    with computing_in(net, setting.mixed_precision):
        return measure_gradient_norms(net, rows[0], rows[1], loss=loss, weights=rows[2]).total


def test_gradients_of_each_direction_are_seen_apart() -> None:
    net = model(bidirectional=True, cell="simple_rnn")
    for variable in net.trainable_variables:
        if variable.name == "recurrent_kernel":
            variable.assign(variable * 0.2)
    x = np.random.default_rng(0).normal(size=(4, 40, 3)).astype("float32")
    found = measure_gradient_norms(
        net, {"features": x}, np.array([0, 1, 0, 1]), loss=get_task("classification").loss()
    )
    forward, backward = sorted(found.steps)[::-1]
    for name in (forward, backward):
        assert found.steps[name][0] < 1e-12 < 1e-3 < found.steps[name][-1]
        assert f"{name}: gradients vanish" in found.verdict()
    assert not np.allclose(found.steps[forward], found.steps[backward])


@pytest.mark.slow
def test_a_run_killed_after_its_last_epoch_keeps_what_its_gradients_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = config(monitor_gradients=True, clip_bound=1e-3)
    whole = train(model(), series(), config=setting, directory=tmp_path / "whole", progress=False)

    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "evaluate_parts", killed)
        with pytest.raises(KeyboardInterrupt):
            train(model(), series(), config=setting, directory=tmp_path / "cut", progress=False)
    again = train(model(), series(), config=setting, directory=tmp_path / "cut", resume=True, progress=False)
    assert whole.gradients is not None
    assert again.gradients is not None
    assert again.gradients.verdict == whole.gradients.verdict
    assert again.gradients.clipped == 1.0
    assert (tmp_path / "cut" / "plots" / "gradients.png").is_file()
    texts = [(tmp_path / name / "gradients.csv").read_text() for name in ("whole", "cut")]
    assert texts[0] == texts[1]


def test_watching_changes_nothing() -> None:
    ends = []
    for watched in (False, True):
        net = model()
        train(net, series(), config=config(monitor_gradients=watched), progress=False)
        ends.append(net.get_weights())
    for plain, seen in zip(*ends, strict=True):
        np.testing.assert_array_equal(seen, plain)


# All of them across a resume


class Interrupt(keras.callbacks.Callback):
    """Stops training as Ctrl-C does after an epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self._epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "fields",
    [
        {"averaging": "ema", "monitor_gradients": True},
        pytest.param(
            {"averaging": "nt_asgd", "averaging_patience": 1, "optimizer": "sgd", "learning_rate": 0.3},
            marks=pytest.mark.slow,
        ),
        pytest.param({"mixed_precision": "float16", "schedule": "one_cycle"}, marks=pytest.mark.slow),
        pytest.param(
            {"accumulation": 3, "label_smoothing": 0.1, "class_weights": "balanced", "averaging": "ema"},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_interrupted_run_ends_as_an_uninterrupted_one(fields: dict[str, Any], tmp_path: Path) -> None:
    setting = config(epochs=5, **fields)
    whole = model()
    result = train(whole, series(), config=setting, directory=tmp_path / "whole", progress=False)
    cut = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        train(model(), series(), config=setting, directory=cut, callbacks=[Interrupt(1)], progress=False)
    net = model(seed=7)
    again = train(
        net,
        series(),
        config=setting,
        directory=cut,
        callbacks=[Interrupt(9)],
        resume=True,
        progress=False,
    )
    for found, expected in zip(net.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    strip = [{k: v for k, v in row.items() if k != "seconds"} for row in again.history]
    assert strip == [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    if "monitor_gradients" in fields:
        texts = [(tmp_path / name / "gradients.csv").read_text() for name in ("whole", "cut")]
        assert texts[0] == texts[1]
        assert result.gradients is not None
        assert again.gradients is not None
        assert again.gradients.verdict == result.gradients.verdict
