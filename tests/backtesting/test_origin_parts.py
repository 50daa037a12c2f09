"""Truth of ``rnnzoo.backtesting.rolling_origin``: parts and windows at each origin, counted in plain pandas."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import RollingOrigin
from rnnzoo.backtesting.rolling_origin import FoundRows, OriginParts
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.window_split import WindowSplit
from rnnzoo.errors import ArgumentError, DataError
from rolling_data import READING, panel


def read(
    frame: pd.DataFrame, plan: RollingOrigin, number: int | None, **options: Any
) -> tuple[dict[str, WindowSplit], FoundRows]:
    found = FoundRows()
    reading = {**READING, "ignore": ["price"], **options}
    parts = OriginParts(plan=plan, horizon=reading["horizon"], number=number, found=found)
    splits = read_series(frame, fractions=parts, **reading)
    windows = {name: getattr(splits, name) for name in ("train", "validation", "test")}
    assert all(isinstance(split, WindowSplit) for split in windows.values())
    return windows, found


def values_of(frame: pd.DataFrame, shop: str, first: pd.Timestamp, last: pd.Timestamp) -> list[float]:
    own = frame[(frame["shop"] == shop) & frame["time"].between(first, last)]
    return own.sort_values("time")["sales"].tolist()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    origins=st.integers(1, 4),
    stride=st.one_of(st.none(), st.integers(1, 6)),
    refit=st.booleans(),
)
def test_windows_at_an_origin_are_those_that_pandas_cuts(
    seed: int, origins: int, stride: int | None, refit: bool
) -> None:
    frame = panel(seed)
    plan = RollingOrigin(origins=origins, stride=stride, refit=refit)
    step, end = pd.Timedelta("1h"), frame["time"].max()
    for number in range(origins):
        windows, found = read(frame, plan, number if refit else None)
        # The last known step.
        origin = end - step * (4 + (origins - 1 - number) * (stride or 4))
        assert found.shown(number) == str(origin)
        first = end - step * (4 + (origins - 1) * (stride or 4)) if not refit else origin
        test, expected = windows["test"], []
        for shop in sorted(frame["shop"].unique()):
            past = values_of(frame, shop, origin - 7 * step, origin)
            ahead = values_of(frame, shop, origin + step, origin + 4 * step)
            if len(past) == 8 and len(ahead) == 4:
                expected.append((past, ahead))
        rows = found.windows_at(test, number)
        pasts, futures = test.raw_targets(rows)
        cut = [
            (past[:, 0].tolist(), ahead[:, 0].tolist()) for past, ahead in zip(pasts, futures, strict=True)
        ]
        assert sorted(cut) == sorted(expected)
        for part in ("train", "validation"):
            split = windows[part]
            last = found.times[split.starts + 11]
            assert last.max() <= np.datetime64(first)
        # What is validated on lies behind all that is trained on.
        train, validation = windows["train"], windows["validation"]
        assert found.times[train.starts + 11].max() < found.times[validation.starts + 8].min()


def test_series_whose_clocks_differ_are_cut_by_their_own_steps() -> None:
    frame = panel(shops=2)
    late = frame["shop"] == "shop 1"
    frame.loc[late, "time"] += pd.Timedelta("30min")
    windows, found = read(frame, RollingOrigin(origins=2, refit=False), None)
    first, last = (
        found.times[windows["test"].starts[found.windows_at(windows["test"], n)] + 7] for n in (0, 1)
    )
    assert (last - first == np.timedelta64(4, "h")).all()


def test_a_table_without_times_counts_its_rows() -> None:
    frame = pd.DataFrame({"sales": np.arange(40.0)})
    windows, found = read(
        frame, RollingOrigin(origins=2, stride=3), 0, series=(), time=None, gaps="refuse", ignore=()
    )
    assert [found.shown(number) for number in (0, 1)] == ["row 33", "row 36"]
    assert windows["test"].raw_targets()[1][0, :, 0].tolist() == [33.0, 34.0, 35.0, 36.0]
    assert windows["validation"].raw_targets()[1].max() == 32.0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(
        DataError,
        match=re.escape("origins: received 30, every 4 steps, with a horizon of 4; expected more than the"),
    ):
        read(panel(), RollingOrigin(origins=30), 0)
    with pytest.raises(ArgumentError, match="origins: received 0"):
        RollingOrigin(origins=0)
    with pytest.raises(
        ArgumentError, match=re.escape("seeds: received [1, 1]; expected one or several different")
    ):
        RollingOrigin(seeds=(1, 1))
    assert RollingOrigin(seeds=[2, 3]).seed_numbers == (2, 3)
    assert RollingOrigin(seeds=7).to_dict()["seeds"] == [7]
