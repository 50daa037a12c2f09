"""From a config to a Keras optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras

from rnnzoo.training.config import TrainConfig
from rnnzoo.training.group_rates import GROUPED_OPTIMIZERS, GroupRate
from rnnzoo.training.slanted_triangular import SlantedTriangular

_CLIP_ARGUMENT = {"global_norm": "global_clipnorm", "norm": "clipnorm", "value": "clipvalue"}


def build_optimizer(
    config: TrainConfig, *, steps_per_epoch: int, rates: Sequence[GroupRate] | None = None
) -> Any:
    """Builds the optimizer that ``config`` describes.

    Args:
        config: The training configuration.
        steps_per_epoch: Batches per epoch, to lay a schedule over the whole of training.
        rates: What ``group_rates`` says of the model's weights; ``None`` to train all alike.

    Returns:
        A Keras optimizer with gradient clipping and decoupled weight decay (never on biases).
    """
    arguments: dict[str, Any] = {"learning_rate": _learning_rate(config, steps_per_epoch)}
    if config.clip is not None:
        arguments[_CLIP_ARGUMENT[config.clip]] = config.clip_bound
    if config.optimizer == "sgd":
        arguments.update(momentum=0.9, nesterov=True)
    # Always stated: AdamW would otherwise decay by a default of its own.
    arguments["weight_decay"] = config.weight_decay or None
    if config.optimizer == "adamw":
        arguments["weight_decay"] = config.weight_decay
    kinds: dict[str, Any] = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
        "nadam": keras.optimizers.Nadam,
    }
    if config.accumulation > 1:
        arguments["gradient_accumulation_steps"] = config.accumulation
    if rates is not None:
        kinds = GROUPED_OPTIMIZERS
        arguments["group_rates"] = rates
    optimizer = kinds[config.optimizer](**arguments)
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    if config.mixed_precision == "float16":
        # Small gradients are zero in float16: the loss is scaled up, and the gradients down again in float32.
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _learning_rate(config: TrainConfig, steps_per_epoch: int) -> Any:
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
