"""The tables of the layers that look whole numbers or texts up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import keras
import tensorflow as tf
from keras import layers

from rnnzoo.keras_models.model_layers import all_layers
from rnnzoo_export.network.input_facts import Table

if TYPE_CHECKING:
    from rnnzoo.tensors import Layer, Tensor


def read_tables(model: keras.Model, captures: Iterable[tuple[Tensor, Tensor]]) -> dict[str, Table]:
    """Returns what layers look up, by the tensor of a graph that stands for a table.

    Args:
        model: The model.
        captures: What the graph takes from outside: each tensor with what stands for it inside.
    """
    lookups = _lookups(model)
    return {
        inner.name: Table(_keys(layer), layer.mask_token)
        for outer, inner in captures
        for layer in lookups
        if outer is layer.lookup_table.resource_handle
    }


def closed_tables(model: keras.Model) -> frozenset[int]:
    """Returns the ``id`` of each table that refuses what it does not know."""
    return frozenset(id(layer.lookup_table) for layer in _lookups(model) if not layer.num_oov_indices)


def _lookups(model: keras.Model) -> list[Layer]:
    kinds = layers.IntegerLookup | layers.StringLookup
    return [layer for layer in all_layers(model) if isinstance(layer, kinds)]


def _keys(layer: Layer) -> Sequence[int | str]:
    """Returns the keys of a table, and one more where it takes any; none of a layer without a vocabulary."""
    try:
        keys = layer.lookup_table.export()[0].numpy()
    except (tf.errors.AbortedError, tf.errors.FailedPreconditionError):  # it has never been adapted
        return []
    takes_any = bool(layer.num_oov_indices)
    if isinstance(layer, layers.IntegerLookup):
        numbers = [int(key) for key in keys]
        return [*numbers, *([max(numbers, default=0) + 1] if takes_any else [])]
    words = [key.decode() for key in keys]
    return [*words, *([max(words, default="") + "?"] if takes_any else [])]
