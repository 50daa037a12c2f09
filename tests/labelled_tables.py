"""Small tables of labelled texts and of series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rnnzoo import Splits
from rnnzoo.data.readers.series import series_splits

TEXTS = [f"word{i} common text {i % 7}" for i in range(60)]
LABELS = ["yes" if i % 3 else "no" for i in range(60)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv_of(rows: int = 60) -> str:
    return "text,label\n" + "".join(f"{t},{x}\n" for t, x in zip(TEXTS[:rows], LABELS[:rows], strict=True))


def frame(rows: int = 100) -> pd.DataFrame:
    t = np.arange(rows, dtype=float)
    return pd.DataFrame({"y": t, "x": 1000 - t, "kind": ["a" if i % 2 else "b" for i in range(rows)]})


def forecast(table: pd.DataFrame, **changes: Any) -> Splits:
    arguments: dict[str, Any] = {"target": ["y"], "window": 5, "horizon": 3, "categorical": ["kind"]}
    return series_splits(table, **{**arguments, **changes})
