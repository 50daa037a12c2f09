"""Truth of ``rnnzoo.evaluation.rows_of_windows``: rows and pairs of rows, counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.evaluation.rows_of_windows import row_pairs, rows_of_windows


@pytest.mark.parametrize("lag", [1, 4, 6, 7, 50])
def test_rows_and_pairs_are_those_that_lie_in_one_window(lag: int) -> None:
    times = pd.date_range("2024-01-01", periods=90, freq="h").delete(slice(20, 30))
    frame = pd.DataFrame({"shop": ["a", "b"] * 80, "time": times.repeat(2), "sales": np.arange(160.0)})
    splits = read_series(frame, target="sales", series="shop", time="time", window=4, horizon=3, gaps="break")
    assert isinstance(splits.train, WindowSplit)
    spans = [range(start, start + 7) for start in splits.train.starts]
    assert rows_of_windows(splits.train).tolist() == sorted({row for span in spans for row in span})
    pairs = sorted({row for span in spans for row in span if row - lag in span})
    assert row_pairs(splits.train, lag).tolist() == pairs
