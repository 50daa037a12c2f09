"""Layers that compute in half precision for a while; their weights stay float32."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

from rnnzoo.errors import ArgumentError
from rnnzoo.keras_models.model_layers import all_layers


@contextlib.contextmanager
def half_precision(model: keras.Model, precision: str | None) -> Iterator[None]:
    """Makes all layers of a model compute in half precision as long as the context lasts.

    Weights, gradients of weights and the loss stay float32, and so does the model afterwards, so that it is exported
    as any other.

    Args:
        model: A Keras model whose layers compute in float32, as ``check_precision`` makes sure.
        precision: ``"bfloat16"``, ``"float16"``, or ``None`` to change nothing.

    Reference:
        Micikevicius 2018, Mixed Precision Training, arXiv:1710.03740.
    """
    if precision is None:
        yield
        return
    with _policies(model, f"mixed_{precision}"):
        yield


def check_precision(model: keras.Model, precision: str | None) -> None:
    """Raises ``ArgumentError`` if a layer that is to compute in half precision has a policy of its own."""
    for layer in _layers(model) if precision is not None else ():
        if layer.dtype_policy.name != "float32":
            raise ArgumentError(
                f"mixed_precision: received {precision!r} for model {model.name!r}, whose layer {layer.name!r} "
                f"computes in {layer.dtype_policy.name}; expected float32 layers. Build the model without a policy of "
                "its own, or leave mixed_precision out."
            )


@contextlib.contextmanager
def stored_in_float32(model: keras.Model) -> Iterator[None]:
    """Lets a model that ``half_precision`` has changed be saved as it was before."""
    with (
        _policies(model, "float32")
        if _layers(model)[0].dtype_policy.name in _MIXED
        else contextlib.nullcontext()
    ):
        yield


_MIXED = ("mixed_bfloat16", "mixed_float16")


@contextlib.contextmanager
def _policies(model: keras.Model, policy: str) -> Iterator[None]:
    layers = _layers(model)
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.dtype_policy = own


def _layers(model: keras.Model) -> list[Any]:
    return [layer for layer in (model, *all_layers(model)) if not isinstance(layer, keras.layers.InputLayer)]
