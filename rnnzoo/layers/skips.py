"""What leads around a recurrent layer."""

from __future__ import annotations

from keras import layers

from rnnzoo.layers.highway import Highway
from rnnzoo.tensors import Layer, Tensor


def skip_layer(skip: str, name: str) -> Layer:
    """Makes the layer that joins a layer's input to its output.

    Args:
        skip: ``"residual"`` (the sum), ``"highway"`` (a learned mix) or ``"none"``.
        name: Its name.

    Returns:
        The layer; ``None`` for ``"none"``.
    """
    if skip == "none":
        return None
    return layers.Add(name=name) if skip == "residual" else Highway(name=name)


def lead_around(layer: Layer, x: Tensor, y: Tensor) -> Tensor:
    """Joins what went into a recurrent layer, ``x``, to what came out of it, ``y``; ``y`` alone without a layer."""
    if layer is None:
        return y
    return layer(x, y) if isinstance(layer, Highway) else layer([x, y])
