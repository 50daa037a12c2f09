"""Learning rates of their own for groups of layers: smaller ones near the input, and none before its time.

The factor is applied to the update, not to the gradient, which Adam and its kin would divide away again. A frozen group
has the factor 0: its weights stay what they are to the last bit, while the optimizer goes on averaging its gradients.
That is on purpose. Keras corrects Adam's averages for their start at zero by the number of all steps; averages that
began only when the group is unfrozen would not be corrected, and some of its first hundred steps would be six times too
long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.training.config import TrainConfig
from rnnzoo.training.optimization.layer_groups import LayerGroup, layer_groups

#: What the learning rate is multiplied by, and the step before which the weight is frozen.
GroupRate = tuple[float, int]


def group_rates(model: keras.Model, config: TrainConfig, *, steps_per_epoch: int) -> list[GroupRate] | None:
    """Returns factor and first step of each weight that is trained, or ``None`` where all are trained alike.

    Args:
        model: The model.
        config: The training configuration: ``discriminative`` and ``gradual_unfreezing``.
        steps_per_epoch: Batches per epoch.

    Returns:
        One pair for each of ``model.trainable_variables``: what its learning rate is multiplied by, and the step
        (counted from 0) before which it is frozen.

    Raises:
        ArgumentError: If the model has no recurrent layer or one group only, or a group would never be unfrozen.
    """
    if config.discriminative is None and config.gradual_unfreezing is None:
        return None
    groups = layer_groups(model)
    _check_groups(groups, config)
    rates: dict[int, GroupRate] = {}
    for height, group in enumerate(reversed(groups)):
        factor = (config.discriminative or 1.0) ** -height
        start = height * (config.gradual_unfreezing or 0) * steps_per_epoch // config.accumulation
        rates |= {id(variable): (factor, start) for variable in group.variables}
    return [rates[id(variable)] for variable in model.trainable_variables]


def _check_groups(groups: list[LayerGroup], config: TrainConfig) -> None:
    names = ", ".join(group.name for group in groups)
    if len(groups) < 2:
        raise ArgumentError(
            f"discriminative, gradual_unfreezing: received a model with one group of layers to train ({names}); "
            "expected two at least. Leave them out, or let more of the model be trained."
        )
    needed = (config.gradual_unfreezing or 0) * (len(groups) - 1)
    if needed >= config.epochs:
        raise ArgumentError(
            f"gradual_unfreezing: received {config.gradual_unfreezing} with epochs={config.epochs} and {len(groups)} "
            f"groups of layers ({names}); expected more than {needed} epochs, so that all are trained. Raise epochs."
        )


class GroupRates:
    """What the five optimizers share: a factor on the learning rate of each weight, 0 before its first step.

    The rates come in the order of the variables that the optimizer is built with. The step is that of the optimizer,
    which a checkpoint holds, so that a resumed run freezes what the run would have frozen.

    Args:
        group_rates: Factor and first step of each variable.
        **arguments: Those of the Keras optimizer.
    """

    def __init__(self, *, group_rates: Sequence[Sequence[float]], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._group_rates = tuple((float(factor), int(start)) for factor, start in group_rates)

    def build(self, variables: Any) -> None:
        """Makes the optimizer's own variables."""
        if len(variables) != len(self._group_rates):
            raise ArgumentError(
                f"group_rates: received {len(self._group_rates)} for {len(variables)} variables; expected one for each."
            )
        super().build(variables)  # type: ignore[misc]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable at its own rate."""
        super().update_step(gradient, variable, self._own(variable, learning_rate))  # type: ignore[misc]

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        optimizer: Any = self
        if optimizer.weight_decay is None:
            return
        for variable in variables:
            if optimizer._use_weight_decay(variable):
                rate = keras.ops.cast(self._own(variable, optimizer.learning_rate), variable.dtype)
                optimizer.assign_sub(variable, variable * (optimizer.weight_decay * rate))

    def _own(self, variable: Any, learning_rate: Any) -> Any:
        optimizer: Any = self
        factor, start = self._group_rates[optimizer._get_variable_index(variable)]
        if not start:
            return learning_rate * factor
        return keras.ops.where(optimizer.iterations < start, 0.0, learning_rate * factor)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {**config, "group_rates": [list(rate) for rate in self._group_rates]}


@keras.saving.register_keras_serializable("rnnzoo")
class GroupedAdam(GroupRates, keras.optimizers.Adam):
    """Adam with a rate for each group of layers."""


@keras.saving.register_keras_serializable("rnnzoo")
class GroupedAdamW(GroupRates, keras.optimizers.AdamW):
    """AdamW with a rate for each group of layers."""


@keras.saving.register_keras_serializable("rnnzoo")
class GroupedRMSprop(GroupRates, keras.optimizers.RMSprop):
    """RMSprop with a rate for each group of layers."""


@keras.saving.register_keras_serializable("rnnzoo")
class GroupedSGD(GroupRates, keras.optimizers.SGD):
    """SGD with a rate for each group of layers."""


@keras.saving.register_keras_serializable("rnnzoo")
class GroupedNadam(GroupRates, keras.optimizers.Nadam):
    """Nadam with a rate for each group of layers."""


#: The optimizers by name, as configs call them.
GROUPED_OPTIMIZERS: dict[str, Any] = {
    "adam": GroupedAdam,
    "adamw": GroupedAdamW,
    "rmsprop": GroupedRMSprop,
    "sgd": GroupedSGD,
    "nadam": GroupedNadam,
}
