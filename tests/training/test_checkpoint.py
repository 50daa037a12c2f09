"""Truth of ``rnnzoo.training.run.checkpoint``: every switch of training across an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from rnnzoo import load_model, train
from rnnzoo.evaluation import evaluation
from rnnzoo.training.loop import fit
from rnnzoo.training.problem import prepare
from rnnzoo.training.run.run_directory import RunDirectory
from toy_training import config, model, series


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


def test_a_trial_gets_model_and_history_once_with_its_best_weights(tmp_path: Path) -> None:
    splits, run = series(), RunDirectory(tmp_path / "trial")
    run.path.mkdir()
    problem = prepare(model(), splits, None, config(epochs=4))
    seen: list[bool] = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(run.model.exists() or run.history.exists())

    fitted = fit(problem, run=run, callbacks=[Look()], once=True)
    assert seen == [False] * len(fitted.history)
    assert len(run.history.read_text().splitlines()) == 1 + len(fitted.history)
    for one, other in zip(load_model(run.model).get_weights(), problem.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


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
