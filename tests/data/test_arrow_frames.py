"""Truth of ``rnnzoo.data.arrow_frames``: tables of other libraries are frames wherever frames are taken."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import datetime
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest

from rnnzoo import Splits, read_data, read_sequences, read_series, read_table, read_texts
from rnnzoo.data.arrow_frames import as_frame
from rnnzoo.errors import ArgumentError, DataError


class Stream:
    """A table of a library that knows Arrow's interface and nothing else."""

    def __init__(self, table: pyarrow.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


class Rows:
    """A table of a library that makes pandas frames, and knows nothing of Arrow's interface."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def to_pandas(self) -> pd.DataFrame:
        return self._frame


def series() -> pd.DataFrame:
    times = pd.date_range("2024-03-30", periods=90, freq="h", tz="Europe/Berlin")
    values = np.random.default_rng(0).normal(size=90)
    kinds = pd.Categorical(["calm", "storm", "calm"] * 30)
    return pd.DataFrame({"when": times, "load": values, "heat": np.float32(values * 2), "kind": kinds})


OPTIONS: dict[str, Any] = {"target": "load", "time": "when", "categorical": "kind", "window": 5, "horizon": 2}


@pytest.mark.parametrize(
    "make", [pyarrow.Table.from_pandas, lambda f: Stream(pyarrow.Table.from_pandas(f)), Rows]
)
def test_series_of_others_are_those_of_pandas(make: Any) -> None:
    expected = read_series(series(), **OPTIONS)
    for read in (read_series, read_table, read_data):
        found = read(make(series()), **OPTIONS)
        assert found.get_preprocessing().to_config() == expected.get_preprocessing().to_config()
        np.testing.assert_array_equal(
            found.rows("test").gather([0, 1])[1], expected.rows("test").gather([0, 1])[1]
        )


def test_texts_and_sequences_of_others() -> None:
    table = Stream(pyarrow.table({"text": [f"film {n}" for n in range(60)], "label": ["a", "b"] * 30}))
    assert read_texts(table, text="text", label="label", test=table).get_decoding().labels == ["a", "b"]
    assert Splits.from_frame(table, text="text", label="label", test=table).get_decoding().labels == [
        "a",
        "b",
    ]
    steps = {"id": np.repeat(np.arange(40), 3), "v": np.arange(120.0), "y": np.repeat(["a", "b"] * 20, 3)}
    found = read_sequences(Stream(pyarrow.table(steps)), series="id", label="y")
    assert found.description["features"] == ["v"]


def test_what_columns_hold_survives() -> None:
    zone = pyarrow.timestamp("us", "Europe/Berlin")
    moment = datetime.datetime(2024, 7, 1, 12, tzinfo=datetime.UTC)
    frame = as_frame(
        Stream(
            pyarrow.table(
                {
                    "whole": pyarrow.array([1, None]),
                    "large": pyarrow.array(["a", None], pyarrow.large_string()),
                    "kind": pyarrow.array(["x", "y"]).dictionary_encode(),
                    "when": pyarrow.array([moment, None], zone),
                    "half": pyarrow.array([0.5, None], pyarrow.float32()),
                    "on": pyarrow.array([True, False]),
                }
            )
        )
    )
    assert frame["whole"].tolist()[0] == 1.0
    assert frame.isna().sum().to_dict() == {"whole": 1, "large": 1, "kind": 0, "when": 1, "half": 1, "on": 0}
    assert (frame["large"][0], frame["kind"].tolist()) == ("a", ["x", "y"])
    assert (frame["when"][0].hour, str(frame["when"].dt.tz)) == (14, "Europe/Berlin")
    assert (frame["half"].dtype, frame["on"].dtype) == (np.float32, np.bool_)


@pytest.mark.parametrize("source", [pyarrow.chunked_array([[1, 2]]), pd.Series([1.0, 2.0])])
def test_a_column_is_no_table(source: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"source: received \w+, which holds no table .*expected one with columns"
    ):
        read_series(source, **OPTIONS)


def test_pyarrow_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Stream(pyarrow.table({"text": ["a"], "label": ["b"]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        DataError, match=r"^source: a Stream: is read by pyarrow, which is .*Run: pip install pyarrow$"
    ):
        read_texts(table, text="text", label="label")
