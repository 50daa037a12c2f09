"""Two waves to forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rnnzoo import (
    Splits,
)
from rnnzoo.data.readers.series import series_splits


def waves(rows: int = 260) -> pd.DataFrame:
    """Two series with a season of eight steps, the second and louder one named first, and a category."""
    steps, noise = np.arange(rows), np.random.default_rng(1).normal(size=(2, rows))
    return pd.DataFrame(
        {
            "kind": np.where(steps % 3, "a", "b"),
            "loud": 100 + 30 * np.sin(steps * np.pi / 4) + 5 * noise[0],
            "quiet": np.cos(steps * np.pi / 4) + 0.1 * noise[1],
        }
    )


def splits(**options: Any) -> Splits:
    arguments: dict[str, Any] = {
        "target": ["quiet", "loud"],
        "categorical": ["kind"],
        "window": 16,
        "horizon": 8,
        "seasonality": 8,
    }
    return series_splits(waves(), **{**arguments, **options})
