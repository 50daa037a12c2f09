"""A linear map beside a network: from each target's own past, and from what is known ahead, to the steps ahead."""

from __future__ import annotations

from collections.abc import Mapping

from keras import layers, ops

from rnnzoo import checks
from rnnzoo.builders.parts.horizon import Head, check_targets
from rnnzoo.errors import ArgumentError
from rnnzoo.layers.queries import StepQueries
from rnnzoo.tensors import Tensor


def linear_window(options: Mapping[str, object], *, num_features: int, num_targets: int) -> int | None:
    """Returns the number of steps that the linear map reads; ``None`` where there is to be none.

    Args:
        options: ``linear`` and ``window``; where nothing is said of ``linear``, the window says whether there is one.
        num_features: Number of features.
        num_targets: Number of targets.

    Raises:
        ArgumentError: If the number is out of range or missing, or the targets are not among the features.
    """
    window = options.get("window")
    if window is not None:
        window = checks.integer("window", window, minimum=1)
    linear = options.get("linear")
    if linear is None:
        return window if num_targets <= num_features else None
    if not checks.flag("linear", linear):
        return None
    if window is None:
        raise ArgumentError(
            "linear: received True without window; expected the number of steps that the linear map reads. Pass "
            "window= too, as **splits.model_arguments does."
        )
    check_targets(num_features, num_targets, "linear=True")
    return window


def add_linear_map(
    x: Tensor, past: Tensor, future: Tensor | None, *, answers: Head, horizon: int, num_targets: int
) -> Tensor:
    """Adds a linear map of the window to the numbers of a forecaster, to those of them that say where a value lies.

    All targets share its weights, as in NLinear; what is known ahead is read at its own step. Of quantiles and
    Gaussians it has the spread at each step ahead, too. All is zero at first: ``TrainConfig.linear_start`` fits it.

    Args:
        x: The numbers, ``horizon * num_targets * answers.numbers`` a row.
        past: The window ``(batch, window, features)`` as the network reads it, the targets first.
        future: What is known ahead ``(batch, horizon, known)``, or ``None``.
        answers: What is answered for each value ahead.
        horizon: Number of steps ahead.
        num_targets: Number of series.

    Returns:
        The numbers ``(batch, horizon, targets, numbers)``.
    """
    own = layers.Permute((2, 1), dtype="float32", name="own_past")(past[..., :num_targets])
    linear = layers.Dense(horizon, kernel_initializer="zeros", dtype="float32", name="linear_map")(own)
    linear = layers.Permute((2, 1), dtype="float32", name="linear_forecast")(linear)
    if future is not None:
        known = layers.Dense(
            num_targets, use_bias=False, kernel_initializer="zeros", dtype="float32", name="linear_future"
        )(future)
        linear = layers.Add(dtype="float32", name="linear_sum")([linear, known])
    numbers = [ops.zeros_like(linear)] * answers.numbers
    numbers[answers.location] = linear
    x = layers.Reshape((horizon, num_targets, answers.numbers), dtype="float32", name="network_numbers")(x)
    x = layers.Add(dtype="float32", name="with_linear_map")([x, ops.stack(numbers, axis=-1)])
    if answers.numbers == 1:
        return x
    spread = StepQueries(horizon, answers.numbers, zeros=True, dtype="float32", name="linear_spread")(past)
    return layers.Add(dtype="float32", name="with_linear_spread")([x, ops.expand_dims(spread, 2)])
