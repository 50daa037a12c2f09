"""Truth of ``rnnzoo.training.optimization.schedules`` and ``rnnzoo.training.optimization.optimizers``."""

from __future__ import annotations

import keras
import numpy as np

from rnnzoo.tasks import get_task
from rnnzoo.training.optimization.optimizers import build_optimizer
from rnnzoo.training.optimization.schedules import OneCycle
from toy_training import config, model, series, weights_of


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
