"""The learning rate of ULMFiT: a short climb, then a long fall."""

from __future__ import annotations

import math
from typing import Any

import keras


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
