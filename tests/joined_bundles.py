"""A model of a user that reads a text, a series, two categories and some numbers, and what it is trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo.decoding import Decoding
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    FeaturePreprocessing,
    JoinedPreprocessing,
    NumbersPreprocessing,
    TextPreprocessing,
)

WORDS = ["hot", "cold", "fine", "broken", "late"]
SHOPS = ["east", "north", "south"]
LABELS = ["calm", "alarm"]


def row(seed: int) -> dict[str, Any]:
    """A raw row, as JSON has it."""
    rng = np.random.default_rng(seed)
    return {
        "note": " ".join(rng.choice(WORDS, rng.integers(1, 7))),
        "past": rng.normal(5, 2, size=(rng.integers(1, 9), 2)).round(3).tolist(),
        "shop": str(rng.choice(SHOPS)),
        "size": rng.normal(100, 30, size=2).round(1).tolist(),
        "floor": int(rng.integers(0, 3)),
    }


ROWS = [row(seed) for seed in range(40)]


def joined(**inputs: Any) -> JoinedPreprocessing:
    """The preprocessing of such rows."""
    return JoinedPreprocessing(
        {
            "note": TextPreprocessing(["", "[UNK]", *WORDS]),
            "past": FeaturePreprocessing([5.0, 4.5], [2.0, 1.5], variable_length=True),
            "shop": CategoryPreprocessing(SHOPS),
            "size": NumbersPreprocessing([100.0, 90.0], [30.0, 20.0]),
            "floor": CategoryPreprocessing([0, 1, 2], unknown="own_id"),
        },
        inputs=inputs or None,
    )


def layers_of(inputs: dict[str, Any], outputs: int = 2) -> Any:
    """What the model answers."""
    from keras import layers

    x, floor = layers.Embedding(7, 4, mask_zero=True, name="words")(inputs["tokens"]), inputs["floor"]
    shop = layers.Embedding(3, 2, name="shops")(inputs["shop"])
    return layers.Dense(outputs, name="logits")(
        layers.Concatenate(name="together")(
            [
                layers.GRU(4, name="note")(x),
                layers.LSTM(5, name="past")(inputs["features"], mask=inputs["mask"]),
                layers.Reshape((2,), name="shop_vector")(shop),
                inputs["size"],
                layers.Flatten(name="floor_vector")(layers.Embedding(4, 2, name="floors")(floor)),
            ]
        )
    )


def tensors(**names: str) -> dict[str, Any]:
    """The inputs by what they are; ``names`` calls some of them otherwise."""
    import keras

    shapes = {
        "tokens": ((None,), "int32"),
        "features": ((None, 2), "float32"),
        "mask": ((None,), "bool"),
        "shop": ((), "int32"),
        "size": ((2,), "float32"),
        "floor": ((1,), "int32"),
    }
    return {
        name: keras.Input(shape, dtype=dtype, name=names.get(name, name))
        for name, (shape, dtype) in shapes.items()
    }


def model(**names: str) -> Any:
    """A functional model whose inputs are in another order than the parts."""
    import keras

    keras.utils.set_random_seed(5)
    inputs = tensors(**names)
    return keras.Model(list(inputs.values())[::-1], layers_of(inputs), name="shops")


def answers_of(network: Any, rows: list[dict[str, Any]], **inputs: Any) -> np.ndarray:
    """The probabilities that Keras itself answers, row by row, from arrays made by hand."""
    found = []
    for one in rows:
        arrays = {
            "tokens": np.array([[WORDS.index(word) + 2 for word in one["note"].split()]], np.int32),
            "features": ((np.array([one["past"]]) - [5.0, 4.5]) / [2.0, 1.5]).astype(np.float32),
            "mask": np.ones((1, len(one["past"])), bool),
            "shop": np.array([SHOPS.index(one["shop"])], np.int32),
            "size": ((np.array([one["size"]]) - [100.0, 90.0]) / [30.0, 20.0]).astype(np.float32),
            "floor": np.array([[one["floor"] + 1]], np.int32),
        }
        logits = np.asarray(network({inputs.get(name, name): array for name, array in arrays.items()}))[0]
        found.append(np.exp(logits) / np.exp(logits).sum())
    return np.array(found)


@pytest.fixture(scope="session")
def joined_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as a bundle."""
    from rnnzoo_export import save_bundle

    folder = tmp_path_factory.mktemp("joined") / "bundle"
    save_bundle(
        model(),
        folder,
        preprocessing=joined(),
        decoding=Decoding("classification", labels=LABELS),
        task="classification",
        name="shops",
        provenance={"example": ROWS[0]},
    )
    return folder
