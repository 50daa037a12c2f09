"""Truth of ``rnnzoo.training.optimization.averaging``."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from rnnzoo import train
from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.averaging import AveragedWeights
from rnnzoo.training.optimization.monitor import Monitor
from toy_training import config, model, series, weights_of


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
    average = AveragedWeights("nt_asgd", decay=0.9, patience=2, monitor=Monitor("val_loss", "min"))
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
