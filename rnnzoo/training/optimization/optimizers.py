"""From a config to a Keras optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from rnnzoo.errors import ArgumentError, one_line
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.group_rates import GROUPED_OPTIMIZERS, GroupRate
from rnnzoo.training.optimization.schedules import learning_rate
from rnnzoo.training.own_objects import copy_optimizer, look_up

_CLIP_ARGUMENT = {"global_norm": "global_clipnorm", "norm": "clipnorm", "value": "clipvalue"}


def build_optimizer(
    config: TrainConfig,
    *,
    steps_per_epoch: int,
    rates: Sequence[GroupRate] | None = None,
    variables: Sequence[Any] = (),
) -> Any:
    """Builds the optimizer that ``config`` describes.

    Args:
        config: The training configuration.
        steps_per_epoch: Batches per epoch, to lay a schedule over the whole of training.
        rates: What ``group_rates`` says of the model's weights; ``None`` to train all alike.
        variables: The model's weights: of those, biases and vectors (gains, decays, queries) are free of weight decay.

    Returns:
        A Keras optimizer with gradient clipping and decoupled weight decay.
    """
    clip = {} if config.clip is None else {_CLIP_ARGUMENT[config.clip]: config.clip_bound}
    if not isinstance(config.optimizer, str):
        return _scaled(config, copy_optimizer(config.optimizer, clip))
    arguments: dict[str, Any] = {"learning_rate": learning_rate(config, steps_per_epoch), **clip}
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
    kind = kinds.get(config.optimizer)
    optimizer = _own(config.optimizer, arguments) if kind is None else kind(**arguments)
    if config.weight_decay:
        vectors = [variable for variable in variables if len(variable.shape) < 2]
        optimizer.exclude_from_weight_decay(var_list=vectors, var_names=["bias"])
    return _scaled(config, optimizer)


def _own(name: str, arguments: Mapping[str, Any]) -> Any:
    """Makes an optimizer of another class with the arguments that all of Keras's take."""
    kind = look_up("optimizer", name)
    if not (isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)):
        raise ArgumentError(
            f"optimizer: received {name!r}, which is {kind!r}; expected a class of Keras optimizers. Name one, such as "
            "'keras.optimizers:Lion'."
        )
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ArgumentError(
            f"optimizer: {name} does not take {', '.join(arguments)} ({one_line(error)}); expected the arguments of "
            "keras.optimizers.Optimizer. Pass them on to its __init__, or pass an object."
        ) from error


def _scaled(config: TrainConfig, optimizer: Any) -> Any:
    if config.mixed_precision == "float16":
        # Small gradients are zero in float16: the loss is scaled up, and the gradients down again in float32.
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
