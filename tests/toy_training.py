"""A small series, a small model of it, and what its training shows."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np

from rnnzoo import Splits, TrainConfig, create_model


@functools.cache
def series() -> Splits:
    """Two classes, three times as many of one as of the other."""
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1] * 40)
    x = rng.normal(size=(160, 6, 3)) + labels[:, None, None]
    return Splits.from_arrays(x, np.where(labels == 1, "rare", "usual"), validation_fraction=0.2)


def model(seed: int = 0, **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return create_model(
        "series-classifier-gru", **{**series().model_arguments, "units": (6,), "dropout": 0.3, **arguments}
    )


def config(**fields: Any) -> TrainConfig:
    return TrainConfig(**{"epochs": 4, "early_stopping": None, "tensorboard": False, **fields})


def weights_of(net: Any) -> list[np.ndarray]:
    return [v.numpy() for v in net.trainable_variables]
