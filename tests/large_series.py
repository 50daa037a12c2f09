"""Tables of series that are read in memory and from disk, few rows at a time, and how they are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers import file_tables, series_columns
from rnnzoo.data.readers.series import read_series
from rnnzoo.errors import RnnzooError

WINDOW: dict[str, Any] = {"target": "y", "window": 5, "horizon": 3}
Change = Callable[[pd.DataFrame], pd.DataFrame]


def read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets few rows be read at a time, so that small tables are read in many pieces."""
    monkeypatch.setattr(file_tables, "CELLS", 29)
    monkeypatch.setattr(series_columns, "NUMBERS_AT_A_TIME", 61)


def numbers(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"x": rng.normal(5, 2, rows), "y": np.arange(rows) * 0.1, "z": rng.integers(0, 9, rows)}
    )


def cell(row: int, column: str, value: Any) -> Change:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return change


def dates(form: str) -> Change:
    return lambda table: table.assign(when=pd.date_range("2024-01-01", periods=200).strftime(form))


def message(**options: Any) -> tuple[type[BaseException], str]:
    with pytest.raises(RnnzooError) as caught:
        read_series("t.csv", **options)
    return caught.type, str(caught.value)
