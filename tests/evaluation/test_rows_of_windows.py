"""Truth of ``rnnzoo.evaluation.rows_of_windows``: rows and pairs of rows, counted one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.evaluation.rows_of_windows import naive_errors, row_pairs, rows_of_windows


@pytest.mark.parametrize("lag", [1, 4, 6, 7, 30])
def test_rows_and_pairs_are_those_that_lie_in_one_window(lag: int) -> None:
    times = pd.date_range("2024-01-01", periods=90, freq="h").delete(list(range(20, 30)))
    frame = pd.DataFrame({"shop": ["a", "b"] * 80, "time": times.repeat(2), "sales": np.arange(160.0)})
    splits = read_series(frame, target="sales", series="shop", time="time", window=4, horizon=3, gaps="break")
    assert isinstance(splits.train, WindowSplit)
    spans = [range(start, start + 7) for start in splits.train.starts]
    rows = sorted({row for span in spans for row in span})
    assert rows_of_windows(splits.train).tolist() == rows
    pairs = [row for row in rows if set(range(row - lag, row)) <= set(rows) and row - lag >= 0]
    table = splits.train.table
    assert table.codes is not None
    hours = (np.arange(len(table.codes)) % 80) + 10 * (np.arange(len(table.codes)) % 80 >= 20)
    whole = [
        row
        for row in pairs
        if table.codes[row] == table.codes[row - lag] and hours[row] - hours[row - lag] == lag
    ]
    assert row_pairs(splits.train, lag=lag).tolist() == whole


@pytest.mark.parametrize(("season", "lag"), [(None, 1), (1, 1), (6, 6), (24, 24)])
def test_the_scale_of_mase_is_the_mean_seasonal_difference_of_each_series(
    season: int | None, lag: int
) -> None:
    rng = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=80, freq="h")
    values = rng.normal(size=(2, 80, 2)) * [[[1.0, 5.0]], [[100.0, 7.0]]]
    frame = pd.concat(
        pd.DataFrame({"shop": shop, "time": times, "sales": own[:, 0], "visits": own[:, 1]})
        for shop, own in zip("ab", values, strict=True)
    )
    splits = read_series(
        frame, target=["sales", "visits"], series="shop", time="time", window=4, horizon=3, gaps="break"
    )
    assert isinstance(splits.train, WindowSplit)
    assert isinstance(splits.validation, WindowSplit)
    for parts, rows in (((splits.train,), 56), ((splits.train, splits.validation), 68)):
        own = values[:, :rows]
        expected = np.abs(own[:, lag:] - own[:, :-lag]).mean(axis=1)
        np.testing.assert_allclose(naive_errors(*parts, season=season), expected)
