"""Tables of series by the hour, of one shop or of several, and how they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, read_table
from rnnzoo.errors import ArgumentError, DataError

WINDOW: dict[str, Any] = {"window": 7, "horizon": 3}


def panel(order: str = "shop", shops: int = 3, days: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    dates = pd.date_range("2024-01-01", periods=days)
    rows = [(shop, date, rng.normal() + shop) for shop in range(shops) for date in dates]
    frame = pd.DataFrame(rows, columns=["shop", "date", "sales"])
    if order == "neither":
        return frame.sample(frac=1, random_state=0)
    return frame.sort_values(["shop", "date"] if order == "shop" else ["date", "shop"])


def hourly(rows: int = 500) -> pd.DataFrame:
    dates = pd.date_range("2024-01-01", periods=rows, freq="h")
    return pd.DataFrame({"date": dates, "sales": np.arange(float(rows))})


def read(frame: pd.DataFrame, **options: Any) -> Splits:
    frame.to_csv("t.csv", index=False)
    return read_table("t.csv", target="sales", **{**WINDOW, **options})


def refused(frame: pd.DataFrame, **options: Any) -> str:
    with pytest.raises((DataError, ArgumentError)) as caught:
        read(frame, **options)
    return str(caught.value)


def followed(message: str, frame: pd.DataFrame | None = None) -> dict[str, Any]:
    """Runs the code that a message ends with, as it is written."""
    _, start, code = message.partition("table = ")
    names: dict[str, Any] = {"pandas": pd, "frame": frame}
    exec(start + code, names)
    return names
