"""Small inputs and toy problems for every kind of model in the zoo."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from rnnzoo import create_model, get_spec

VOCABULARY, FEATURES, CLASSES, HORIZON = 12, 3, 3, 4


def tiny(name: str, **overrides: Any) -> keras.Model:
    """The zoo entry ``name`` in its smallest size; series of any length where the builder has them."""
    spec = get_spec(name)
    arguments: dict[str, Any] = {"units": (6,) * len(spec.arguments["units"])}
    if "vocabulary_size" in spec.arguments:
        arguments |= {"vocabulary_size": VOCABULARY, "embedding_size": 5, "num_classes": CLASSES}
    elif spec.task == "forecasting":
        arguments |= {"num_features": FEATURES, "horizon": HORIZON, "num_targets": 2}
    else:
        arguments |= {"num_features": FEATURES, "num_classes": CLASSES, "variable_length": True}
    return create_model(name, **{**arguments, **overrides})


def reads_tokens(name: str) -> bool:
    return "vocabulary_size" in get_spec(name).arguments


def takes_mask(name: str) -> bool:
    """Whether sequences of different lengths can share a batch."""
    return get_spec(name).task != "forecasting"


def batch(name: str, lengths: list[int], width: int, seed: int = 0) -> list[np.ndarray]:
    """Right-padded model inputs whose rows do not depend on ``width`` or on each other."""
    rows = [np.random.default_rng([seed, i]) for i in range(len(lengths))]
    if reads_tokens(name):
        ids = np.zeros((len(lengths), width), np.int32)
        for i, (length, rng) in enumerate(zip(lengths, rows, strict=True)):
            ids[i, :length] = rng.integers(1, VOCABULARY, length)
        return [ids]
    x = np.zeros((len(lengths), width, FEATURES), np.float32)
    for i, (length, rng) in enumerate(zip(lengths, rows, strict=True)):
        x[i, :length] = rng.normal(size=(length, FEATURES))
    mask = np.arange(width)[None] < np.array(lengths)[:, None]
    return [x, mask] if takes_mask(name) else [x]


def run(model: keras.Model, inputs: list[np.ndarray], *, training: bool = False) -> np.ndarray:
    return np.asarray(model(inputs if len(inputs) > 1 else inputs[0], training=training))
