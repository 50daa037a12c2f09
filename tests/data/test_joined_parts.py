"""Truth of ``rnnzoo.data.split``: parts whose rows are joined, as a best model learns from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import Splits, Windows, load_dataset, read_series
from rnnzoo.data.readers.pairs import read_pairs
from rnnzoo.data.split import as_rows
from rnnzoo.errors import DataError


def assert_rows_of_both(first: Any, second: Any) -> None:
    whole = first.joined(second)
    count = len(first.lengths)
    assert whole.lengths.tolist() == [*first.lengths, *second.lengths]
    for part, own, rows in ((first, 0, [0, 1]), (second, count, [0, 1])):
        expected, found = part.gather(rows), whole.gather([own + row for row in rows])
        for name, values in expected[0].items():
            np.testing.assert_array_equal(found[0][name], values)
        np.testing.assert_array_equal(found[1], expected[1])


def test_sequences() -> None:
    splits = load_dataset("digits")
    assert_rows_of_both(splits.train, splits.validation)
    assert len(as_rows(splits.train).lengths) == 1257, "the parts themselves stay what they were"


def test_texts_tags_and_weights() -> None:
    rows = [["a", "b", "c"], ["b"], ["a", "a"], ["c", "b"], ["a"], ["b", "c"]] * 4
    tags = [["X" if word == "a" else "Y" for word in row] for row in rows]
    splits = Splits.from_arrays(rows, tags, task="tagging")
    assert_rows_of_both(splits.train, splits.validation)


def test_windows_of_one_table() -> None:
    frame = pd.DataFrame({"load": np.sin(np.arange(200.0))})
    splits = read_series(frame, windows=Windows(window=8, horizon=2), target="load")
    assert_rows_of_both(splits.train, splits.validation)


def test_pairs(tmp_path: Path) -> None:
    for name, text in {
        "s": "a b\nb\nc a\n",
        "t": "x y\ny\nz x\n",
        "vs": "b b\na\n",
        "vt": "y y\nx\n",
    }.items():
        (tmp_path / name).write_text(text)
    splits = read_pairs(tmp_path / "s", tmp_path / "t", validation=(tmp_path / "vs", tmp_path / "vt"))
    assert_rows_of_both(splits.train, splits.validation)


def test_rows_of_two_kinds_are_not_joined() -> None:
    splits = load_dataset("digits")
    frame = pd.DataFrame({"load": np.sin(np.arange(200.0))})
    windows = read_series(frame, windows=Windows(window=8, horizon=2), target="load")
    with pytest.raises(
        DataError, match=r"rows cannot be joined with others.*Learn from the training part alone"
    ):
        as_rows(splits.train).joined(as_rows(windows.train))
    with pytest.raises(DataError, match="received a WindowSplit"):
        as_rows(windows.train).joined(as_rows(splits.train))
