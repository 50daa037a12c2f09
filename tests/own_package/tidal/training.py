"""What only training needs: a cell, a pooling, a builder with a row in the zoo, and a data set."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

import rnnzoo
from tidal.serving import HexReadings


class LeakyCell(rnnzoo.StepCell):
    """``h[t] = 0.8 h[t-1] + 0.2 tanh(W x[t] + b)``."""

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        self.kernel = self.add_kernel("kernel", (input_shape[-1], self.units))
        self.bias = self.add_bias("bias", self.units)

    def step(self, projected: Any, states: Any) -> tuple[Any, list[Any]]:
        """Makes one step."""
        state = 0.8 * states[0] + 0.2 * ops.tanh(projected)
        return state, [state]


class RangePooling(rnnzoo.Pooling):
    """The largest value of each feature less the smallest, over valid steps."""

    def call(self, x: Any, mask: Any = None) -> Any:
        """Pools ``(batch, time, width)`` to ``(batch, width)``."""
        if mask is None:
            return ops.max(x, axis=1) - ops.min(x, axis=1)
        valid = mask[:, :, None]
        span = ops.max(ops.where(valid, x, -1e9), axis=1) - ops.min(ops.where(valid, x, 1e9), axis=1)
        return ops.where(ops.any(valid, axis=1), span, 0.0)


def build_tidal(
    *,
    num_classes: int,
    num_features: int,
    variable_length: bool = False,
    units: tuple[int, ...] = (8,),
    dropout: float = 0.0,
    cell: str = "leaky",
    pooling: str = "range",
    task: str = "tide_level",
    name: str = "tidal",
) -> keras.Model:
    """Builds a classifier of rnnzoo whose features are squared too."""
    inner = rnnzoo.build_classifier(
        num_classes=num_classes,
        num_features=2 * num_features,
        variable_length=variable_length,
        units=units,
        dropout=dropout,
        cell=cell,
        pooling=pooling,
        task=task,
    )
    features = keras.Input((None, num_features), name="features")
    both = layers.Concatenate(name="with_squares")([features, ops.square(features)])
    if not variable_length:
        return keras.Model(features, layers.Identity(name="logits")(inner(both)), name=name)
    mask = keras.Input((None,), name="mask", dtype="bool")
    logits = layers.Identity(name="logits")(inner({"features": both, "mask": mask}))
    return keras.Model({"features": features, "mask": mask}, logits, name=name)


def read_tides(*, seed: int = 0, test_fraction: float = 0.2, rows: int = 120) -> rnnzoo.Splits:
    """Made-up tides: readings that swing little, more or much."""
    rng = np.random.default_rng(7)
    texts, labels = [], []
    for number in range(rows):
        swing = number % 3
        wave = 128 + (20 + 50 * swing) * np.sin(np.arange(rng.integers(12, 20)) + rng.uniform(0, 6))
        texts.append(wave.astype(np.uint8).tobytes().hex(" "))
        labels.append(("calm", "usual", "spring")[swing])
    return rnnzoo.Splits.from_arrays(
        texts,
        labels,
        task="tide_level",
        preprocessing=HexReadings(scale=2.0),
        seed=seed,
        test_fraction=test_fraction,
    )


rnnzoo.register("cell", "leaky", LeakyCell)
rnnzoo.register("pooling", "range", RangePooling)
rnnzoo.register("builder", "build_tidal", build_tidal)
rnnzoo.register("reader", "tides", read_tides)
rnnzoo.register(
    "model",
    "tidal-leaky",
    rnnzoo.ModelSpec(
        "tidal-leaky",
        "build_tidal",
        "tide_level",
        "a leaky cell over readings and their squares",
        arguments={"cell": "leaky", "pooling": "range", "units": (8,), "num_classes": 3, "num_features": 1},
    ),
)
