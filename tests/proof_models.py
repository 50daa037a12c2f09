"""Models that ask the proof of an export for steps, ids or masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def series(*stack: Any, features: int = 3) -> keras.Model:
    return keras.Sequential([keras.Input((None, features), name="x"), *stack])


def of(shape: tuple[int | None, ...], function: Callable[[Any], Any], dtype: str = "float32") -> keras.Model:
    x = keras.Input(shape, dtype=dtype, name="x")
    return keras.Model(x, function(x))


class Own(keras.Model):
    """A model of one's own around a function and the layers that it uses."""

    def __init__(self, function: Callable[..., Any], *parts: Any) -> None:
        super().__init__(name="own")
        self.parts, self._function = list(parts), function

    def call(self, x: Any) -> Any:
        return self._function(x, *self.parts)


def own(function: Callable[..., Any], *parts: Any) -> keras.Model:
    model = Own(function, *parts)
    model(np.ones((1, 4), np.float32))
    return model
