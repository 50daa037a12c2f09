"""Truth of ``rnnzoo.training.watching.gradient_norms`` and ``rnnzoo.training.watching.gradient_monitor``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Regularization, train
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.class_weights import class_weights, weigh_by_class
from rnnzoo.training.optimization.precision import half_precision
from rnnzoo.training.optimization.training_loss import training_loss
from rnnzoo.training.watching.gradient_norms import measure_gradient_norms
from toy_training import config, model, series


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
    with half_precision(net, setting.mixed_precision):
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
def test_watching_changes_nothing() -> None:
    ends = []
    for watched in (False, True):
        net = model()
        train(net, series(), config=config(monitor_gradients=watched), progress=False)
        ends.append(net.get_weights())
    for plain, seen in zip(*ends, strict=True):
        np.testing.assert_array_equal(seen, plain)
