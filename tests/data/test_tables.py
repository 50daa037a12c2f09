"""Truth of ``rnnzoo.data.readers.tables``: one call for both kinds of table, which warns of nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Columns, Windows, read_table
from rnnzoo.errors import ArgumentError

SERIES = pd.DataFrame({"load": np.arange(40.0)})
TEXTS = pd.DataFrame({"text": ["good film", "bad film"] * 20, "label": ["x", "y"] * 20})


@pytest.mark.parametrize(
    ("frame", "options", "task"),
    [
        (
            SERIES,
            {"target": "load", "window": 4, "horizon": 2, "categorical": (), "seasonality": None},
            "forecasting",
        ),
        (SERIES, {"columns": Columns("load"), "windows": Windows(4, 2)}, "forecasting"),
        (
            TEXTS,
            {"text": "text", "label": "label", "target": None, "test": None, "ignore": []},
            "classification",
        ),
    ],
)
def test_the_arguments_say_which_kind_it_is(frame: pd.DataFrame, options: dict[str, Any], task: str) -> None:
    assert read_table(frame, **options).task == task


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": "text"}, "read_table: expected text and label for texts, or target, window and horizon"),
        (
            {"text": "text", "label": "label", "window": 4},
            "unknown argument of read_texts: received 'window'",
        ),
        (
            {"target": "load", "window": 4, "horizon": 2, "max_tokens": 9},
            "argument of read_series: received 'max_tok",
        ),
    ],
)
def test_arguments_of_the_other_kind_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_table(TEXTS, **options)
