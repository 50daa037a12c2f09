"""Learning rates that change from step to step."""

from __future__ import annotations

import math
from typing import Any

import keras

from rnnzoo.training.config import TrainConfig


def learning_rate(config: TrainConfig, steps_per_epoch: int) -> Any:
    """The rate that ``config`` describes: a number, or a schedule laid over the whole of training."""
    steps = max(1, steps_per_epoch * config.epochs // config.accumulation)
    if config.schedule == "one_cycle":
        return OneCycle(config.learning_rate, climb=config.warmup or 0.3, total_steps=steps)
    warmup = round(config.warmup * steps)
    if config.schedule == "constant" and not warmup:
        return config.learning_rate
    if config.schedule == "slanted_triangular":
        return SlantedTriangular(config.learning_rate, total_steps=steps)
    return WarmupDecay(config.learning_rate, config.schedule, warmup_steps=warmup, total_steps=steps)


@keras.saving.register_keras_serializable("rnnzoo")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A linear climb to the peak, then a constant, cosine, exponential or linear fall.

    Args:
        peak: The highest rate.
        shape: ``"constant"``, ``"cosine"``, ``"exponential"`` (to a hundredth) or ``"linear"`` (to zero).
        warmup_steps: Steps of the climb.
        total_steps: Steps of climb and fall together; the rate stays at its last value after them.

    Reference:
        Loshchilov & Hutter 2017, SGDR, arXiv:1608.03983 (the cosine, without restarts).
    """

    def __init__(self, peak: float, shape: str, *, warmup_steps: int, total_steps: int) -> None:
        self.peak, self.shape = peak, shape
        self.warmup_steps, self.total_steps = warmup_steps, total_steps

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, counted from 0."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        climb = (step + 1.0) / max(1, self.warmup_steps)
        done = ops.clip((step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps), 0.0, 1.0)
        fall = {
            "constant": lambda: ops.ones_like(done),
            "cosine": lambda: 0.5 * (1.0 + ops.cos(math.pi * done)),
            "exponential": lambda: ops.exp(math.log(0.01) * done),
            "linear": lambda: 1.0 - done,
        }[self.shape]()
        return self.peak * ops.where(step < self.warmup_steps, climb, fall)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, so that a compiled model can be saved."""
        return {
            "peak": self.peak,
            "shape": self.shape,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
        }


@keras.saving.register_keras_serializable("rnnzoo")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A rise from a 25th of the peak and a fall to a 10,000th of that, both along half a cosine.

    The momentum, which the paper moves the other way, stays as it is.

    Args:
        peak: The highest rate.
        climb: Share of the steps in which it rises.
        total_steps: Steps of rise and fall together; the rate stays at its last value after them.

    Reference:
        Smith & Topin 2018, Super-Convergence, arXiv:1708.07120.
    """

    def __init__(self, peak: float, *, climb: float, total_steps: int) -> None:
        self.peak, self.climb, self.total_steps = peak, climb, total_steps

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, counted from 0."""
        ops = keras.ops
        first, last = self.peak / 25.0, self.peak / 250_000.0
        done = ops.clip(ops.cast(step, "float32") / max(1, self.total_steps - 1), 0.0, 1.0)
        rise = 0.5 * (1.0 - ops.cos(math.pi * done / self.climb))
        fall = 0.5 * (1.0 + ops.cos(math.pi * (done - self.climb) / (1.0 - self.climb)))
        return ops.where(
            done < self.climb, first + (self.peak - first) * rise, last + (self.peak - last) * fall
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, so that a compiled model can be saved."""
        return {"peak": self.peak, "climb": self.climb, "total_steps": self.total_steps}


@keras.saving.register_keras_serializable("rnnzoo")
class SlantedTriangular(keras.optimizers.schedules.LearningRateSchedule):
    """A short linear climb to the peak and a long linear fall back to where it began.

    At step ``t`` of ``T``, with ``cut = floor(T * cut_fraction)``, the share of the way to the peak is ``p = t / cut``
    before ``cut`` and ``p = 1 - (t - cut) / (T - cut)`` after it; the rate is ``peak * (1 + p * (ratio - 1)) / ratio``.
    The paper divides by ``cut * (1 / cut_fraction - 1)``, which is ``T - cut`` where ``T * cut_fraction`` is whole;
    elsewhere its rate would end below zero.

    Args:
        peak: The highest rate.
        total_steps: Steps of climb and fall together; the rate stays at its last value after them.
        cut_fraction: Share of the steps that climb; 0.1 in the paper.
        ratio: How many times the peak is above the first and the last rate; 32 in the paper.

    Example:
        >>> rate = SlantedTriangular(0.01, total_steps=100)
        >>> [round(float(rate(step)), 6) for step in (0, 10, 100)]
        [0.000312, 0.01, 0.000312]

    Reference:
        Howard & Ruder 2018, Universal Language Model Fine-tuning for Text Classification, arXiv:1801.06146 (section
        3.2).
    """

    def __init__(
        self, peak: float, *, total_steps: int, cut_fraction: float = 0.1, ratio: float = 32.0
    ) -> None:
        self.peak, self.total_steps = peak, total_steps
        self.cut_fraction, self.ratio = cut_fraction, ratio

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, counted from 0."""
        ops = keras.ops
        step = ops.cast(step, "float32")
        cut = max(1, math.floor(self.total_steps * self.cut_fraction))
        fall = 1.0 - ops.clip((step - cut) / max(1, self.total_steps - cut), 0.0, 1.0)
        share = ops.where(step < cut, step / cut, fall)
        return self.peak * (1.0 + share * (self.ratio - 1.0)) / self.ratio

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, so that a compiled model can be saved."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "cut_fraction": self.cut_fraction,
            "ratio": self.ratio,
        }
