"""The last layer of every builder."""

from __future__ import annotations

from typing import Any

from keras import layers


def dense_head(x: Any, units: int, *, name: str) -> Any:
    """Projects the last axis to ``units``; in float32 even where the body runs in mixed precision."""
    return layers.Dense(units, dtype="float32", name=name)(x)


def horizon_head(x: Any, horizon: int, targets: int, *, name: str) -> Any:
    """Projects ``(batch, width)`` to ``(batch, horizon, targets)``: all steps ahead at once."""
    x = dense_head(x, horizon * targets, name="projection")
    return layers.Reshape((horizon, targets), dtype="float32", name=name)(x)
