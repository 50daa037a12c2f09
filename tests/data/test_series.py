"""Truth of ``rnnzoo.data.readers.series``: files and frames of series, with columns and windows as values or flat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Columns, Windows, read_series
from rnnzoo.data.readers.series import series_splits
from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing import WindowPreprocessing

FRAME = pd.DataFrame(
    {
        "day": [f"2024-01-{day:02d}" for day in range(1, 32)],
        "load": np.arange(31.0),
        "sky": ["blue", "gray"] * 15 + ["blue"],
        "note": ["none"] * 31,
    }
)
FLAT: dict[str, Any] = {
    "target": "load",
    "time": "day",
    "categorical": ["sky"],
    "ignore": "note",
    "window": 4,
    "horizon": 2,
}


def test_a_frame_is_read_as_its_file(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    file, frame = read_series(tmp_path / "t.csv", **FLAT), read_series(FRAME, **FLAT)
    np.testing.assert_equal(file.rows("train").gather([0, 1]), frame.rows("train").gather([0, 1]))
    assert file.description["rows"] == frame.description["rows"]
    assert file.description["source"] == "t.csv"
    assert frame.get_preprocessing(WindowPreprocessing).categories == {"sky": ["blue", "gray"]}
    assert frame.model_arguments == {"window": 4, "num_features": 3, "horizon": 2, "num_targets": 1}


def test_values_and_flat_keywords_do_the_same() -> None:
    columns = Columns(target="load", time="day", categorical="sky", ignore="note")
    whole = read_series(FRAME, columns=columns, windows=Windows(4, 2), test_fraction=0.2)
    flat = read_series(FRAME, **FLAT, test_fraction=0.2)
    old = series_splits(FRAME, **FLAT, test_fraction=0.2)
    assert whole.description == flat.description == old.description
    np.testing.assert_equal(whole.rows("train").gather([0, 1]), flat.rows("train").gather([0, 1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": None, "horizon": None}, "window: received None"),
        ({"target": ()}, "target: received no column"),
        ({"seed": 3}, "unknown argument of read_series: received 'seed'"),
        ({"column_names": ["a"]}, r"column_names: received \['a'\] with a frame"),
        ({"gaps": "brake"}, "unknown gaps: received 'brake'; did you mean 'break'"),
        ({"seasonality": 0}, "seasonality: received 0"),
        ({"target": "sky"}, "target: received 'sky', which is categorical, ignored or the time"),
    ],
)
def test_arguments_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_series(FRAME, **{**FLAT, **options})


def test_window_and_horizon_are_both_needed() -> None:
    with pytest.raises(ArgumentError, match="target: received without window and horizon; expected both"):
        read_series(FRAME, target="load", window=4)
