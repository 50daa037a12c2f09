"""Small data on which baselines are fitted, and their names."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from rnnzoo import Splits
from rnnzoo.data.readers.series import series_splits

NAMES = [
    "majority class",
    "linear SVM on TF-IDF",
    "linear SVM on TF-IDF of characters",
    "logistic regression on TF-IDF",
]
CLASSES = {
    "up": ["rise", "climb", "soar"],
    "down": ["fall", "sink", "drop"],
    "flat": ["rest", "wait", "stay"],
}


def series(rows: int = 400, level: float = 0.0) -> Splits:
    steps, noise = np.arange(rows), np.random.default_rng(3).normal(size=(2, rows))
    frame = pd.DataFrame(
        {
            "small": 0.01 * (np.sin(steps / 3) + 0.3 * noise[0]),
            "large": level + 50 * np.cos(steps / 5) + 10 * noise[1],
            "other": np.sqrt(steps),
        }
    )
    return series_splits(frame, target=["large", "small"], window=12, horizon=5, seasonality=6)


def words(rows: int = 90) -> tuple[list[str], list[str]]:
    rng, names = np.random.default_rng(0), list(CLASSES)
    labels = [names[row % 3] for row in range(rows)]
    # Every third text is of another class than it says, so that strengths differ.
    heard = [label if rng.random() < 0.7 else rng.choice(names) for label in labels]
    return [f"prices {rng.choice(CLASSES[name])} at {row} today" for row, name in enumerate(heard)], labels


@functools.cache
def texts() -> Splits:
    return Splits.from_arrays(*words())
