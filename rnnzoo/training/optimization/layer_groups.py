"""The layers of a recurrent model in groups, from its input to its answer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_layers import all_layers

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer


@dataclass(frozen=True)
class LayerGroup:
    """Layers that are trained alike.

    Attributes:
        name: ``"embedding"`` (``"input"`` in a model without one), the name of the recurrent layer, or ``"head"``.
        layers: The names of its layers that have weights to train.
        variables: Those weights.
    """

    name: str
    layers: tuple[str, ...]
    variables: tuple[Any, ...]


def layer_groups(model: keras.Model) -> list[LayerGroup]:
    """Returns the groups of a model's layers, from the input to the answer.

    What stands before the first recurrent layer is one group; each recurrent layer is one, with what stands between it
    and the next; all that stands behind the last is the head. Groups without weights to train are left out, such as
    that of an embedding which is kept as it is.

    Args:
        model: A model with one recurrent layer at least, plain or in a wrapper.

    Returns:
        The groups. Every weight that is trained is in one of them; one that is used twice, such as a tied embedding, is
        in the first.

    Raises:
        ArgumentError: If the model has no recurrent layer.

    Example:
        >>> from rnnzoo import build_classifier
        >>> model = build_classifier(num_classes=2, vocabulary_size=9, units=(4, 4))
        >>> [group.name for group in layer_groups(model)]
        ['embedding', 'lstm_1', 'lstm_2', 'head']
    """
    recurrent = [number for number, layer in enumerate(model.layers) if _is_recurrent(layer)]
    if not recurrent:
        raise ArgumentError(f"model {model.name!r}: has no recurrent layer; expected one at least.")
    bounds = [0, *recurrent, recurrent[-1] + 1, len(model.layers)]
    parts = [model.layers[first:end] for first, end in itertools.pairwise(bounds)]
    embeds = any(isinstance(one, keras.layers.Embedding) for layer in parts[0] for one in _with_inner(layer))
    names = [
        "embedding" if embeds else "input",
        *(model.layers[number].name for number in recurrent),
        "head",
    ]
    seen: set[int] = set()
    groups = [_group(name, part, seen) for name, part in zip(names, parts, strict=True)]
    return [group for group in groups if group.variables]


def _group(name: str, layers: list[Any], seen: set[int]) -> LayerGroup:
    own: list[Any] = []
    for variable in (variable for layer in layers for variable in layer.trainable_variables):
        if id(variable) not in seen:
            seen.add(id(variable))
            own.append(variable)
    trained = tuple(layer.name for layer in layers if layer.trainable_variables)
    return LayerGroup(name=name, layers=trained, variables=tuple(own))


def _is_recurrent(layer: Layer) -> bool:
    return any(isinstance(one, keras.layers.RNN) for one in _with_inner(layer))


def _with_inner(layer: Layer) -> list[Any]:
    return [layer, *all_layers(layer)]
