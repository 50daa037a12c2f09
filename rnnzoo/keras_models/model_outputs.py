"""What a model's outputs say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_layers import all_layers
from rnnzoo.layers.distributions import MonotoneQuantiles

if TYPE_CHECKING:
    import keras


def output_quantiles(model: keras.Model) -> tuple[float, ...] | None:
    """Returns the levels of the quantiles that a model answers; ``None`` where no layer of it says so.

    Args:
        model: A Keras model.

    Raises:
        ArgumentError: If layers say different things.
    """
    found = {layer.quantiles for layer in all_layers(model) if isinstance(layer, MonotoneQuantiles)}
    if len(found) > 1:
        raise ArgumentError(
            f"model {model.name!r}: answers the quantiles {sorted(found)}; expected one set. Build it with one."
        )
    return next(iter(found), None)
