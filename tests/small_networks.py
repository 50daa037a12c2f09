"""Small networks to export, and what their files hold."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

TOLERANCE = 1e-5


def census(operators: Any) -> dict[str, int]:
    return {name: operators[name] for name in ("LSTM", "GRU", "RNN", "Loop", "Scan") if name in operators}


def series(*stack: keras.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((None, 3), name="x"), *stack])


def embedded() -> keras.Model:
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    return keras.Model(ids, layers.Dense(2)(layers.LSTM(4)(layers.GRU(4, return_sequences=True)(x))))
