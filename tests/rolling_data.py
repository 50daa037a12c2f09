"""Panels to backtest on, and a model that takes no time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd

from rnnzoo import Splits

#: How the panels are read.
READING: dict[str, Any] = {
    "target": "sales",
    "series": "shop",
    "time": "time",
    "window": 8,
    "horizon": 4,
    "seasonality": 6,
    "gaps": "break",
}


def panel(seed: int = 0, shops: int = 4, steps: int = 90) -> pd.DataFrame:
    """Series of unlike lengths and levels, some of which begin late or end early, with holes, in any order of rows."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2024-03-01", periods=steps, freq="h")
    frames = []
    for shop in range(shops):
        first, last = rng.integers(0, steps // 4), steps - rng.integers(0, 2) * rng.integers(0, steps // 4)
        kept = np.arange(first if shop else 0, last if shop else steps)
        if shop > 1:
            kept = np.delete(kept, rng.integers(5, len(kept) - 5, size=1))
        values = 10.0**shop * (3 + np.sin(kept * np.pi / 3) + 0.2 * rng.normal(size=len(kept)))
        frames.append(pd.DataFrame({"shop": f"shop {shop}", "time": times[kept], "sales": values}))
    frame = pd.concat(frames, ignore_index=True)
    frame["price"] = rng.normal(size=len(frame))
    return frame.sample(frac=1, random_state=seed)


def mean_model(splits: Splits) -> keras.Model:
    """A model whose answer hangs on all that is scaled: a linear map of the window."""
    arguments = splits.model_arguments
    features = keras.Input((arguments["window"], arguments["num_features"]), name="features")
    flat = keras.layers.Flatten(name="flat")(features)
    steps = keras.layers.Dense(arguments["horizon"] * arguments["num_targets"], name="steps")(flat)
    shape = (arguments["horizon"], arguments["num_targets"])
    return keras.Model(features, keras.layers.Reshape(shape, name="values")(steps), name="mean_model")
