"""What forecasters know beside the past: the values of the steps ahead, and what does not change within a series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
from keras import layers

from rnnzoo import checks
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.covariates import RepeatOverSteps
from rnnzoo.tensors import Tensor


@dataclass(frozen=True)
class Covariates:
    """The inputs of a forecaster beside its window; ``None`` for those that it does not take.

    Attributes:
        future: Known features of the steps ahead ``(batch, horizon, known)``.
        static: Features of the series ``(batch, static)``.
        encoded: What a dense layer makes of the static ones ``(batch, width)``.
    """

    future: Tensor | None
    static: Tensor | None
    encoded: Tensor | None

    def join(self, features: Tensor) -> Tensor | list[Tensor]:
        """Returns all inputs of a model in their order: ``features`` alone, or a list."""
        others = [given for given in (self.future, self.static) if given is not None]
        return [features, *others] if others else features

    def at_each_step(self, x: Tensor, *, name: str) -> Tensor:
        """Joins what is known of a series to each step of a sequence ``(batch, time, features)``."""
        if self.encoded is None:
            return x
        repeated = RepeatOverSteps(name=f"{name}_static")(self.encoded, x)
        return layers.Concatenate(name=f"{name}_with_static")([x, repeated])


def covariate_inputs(
    options: Mapping[str, object], *, num_features: int, num_targets: int, horizon: int, width: int
) -> Covariates:
    """Makes the inputs ``future`` and ``static``, those of them that are asked for.

    Args:
        options: ``num_future`` and ``num_static``.
        num_features: Number of features of the past, the targets' own and the known ones included.
        num_targets: Number of targets.
        horizon: Number of steps ahead.
        width: Units of the layer that reads the static ones.

    Raises:
        ArgumentError: If a number is out of range.
    """
    future = static = encoded = None
    if options.get("num_future") is not None:
        known = checks.integer("num_future", options["num_future"], minimum=1)
        most = checks.integer("num_features", num_features, minimum=1) - num_targets
        if known > most:
            raise ArgumentError(
                f"num_future: received {known} with num_features={num_features} and num_targets={num_targets}; "
                f"expected at most {max(most, 0)}, for the first features are the targets' own past and the last ones "
                "what is known ahead. Count both in num_features."
            )
        future = keras.Input((horizon, known), dtype="float32", name="future")
    if options.get("num_static") is not None:
        size = checks.integer("num_static", options["num_static"], minimum=1)
        static = keras.Input((size,), dtype="float32", name="static")
        encoded = layers.Dense(width, activation="relu", name="static_projection")(static)
    return Covariates(future, static, encoded)
