"""Truth of ``rnnzoo.data.sets.ts_format``: the `.ts` format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rnnzoo.data.sets.ts_format import read_ts
from rnnzoo.errors import DataError, PathNotFoundError

HEADER = "#a comment\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["x.ts", "x.ts.gz"])
def test_series_of_any_length_and_number_of_features(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, HEADER + "1,2,3:4,5,6:a\n\n-1E-2:7:b\r\n" + HEADER + "8,9:0,1:b\n")
    (series, labels), (others, other_labels) = read_ts(path)
    np.testing.assert_array_equal(series[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(series[1], [[-0.01, 7]])
    assert labels == ["a", "b"]
    assert ([row.tolist() for row in others], other_labels) == ([[[8, 0], [9, 1]]], ["b"])


def test_keywords_are_read_in_any_case(tmp_path: Path) -> None:
    content = HEADER.replace("true a b", "TRUE a B").replace("@data", "@DATA") + "@\n@data\n1,2:B\n"
    ((series, labels),) = read_ts(write(tmp_path / "x.ts", content.replace("@DATA\n", "")))
    assert (series[0].tolist(), labels) == ([[1], [2]], ["B"])
    with pytest.raises(DataError, match="has time stamps"):
        read_ts(write(tmp_path / "x.ts", HEADER.replace("@timeStamps false", "@timeStamps True")))


BROKEN = {
    "missing value": (
        HEADER + "1,?:a\n",
        r"line 6: could not convert .*\?.*; expected numbers separated by commas",
    ),
    "not a number": (HEADER + "1,2:a\n1,NaN:a\n", r"line 7: received nan; expected finite numbers"),
    "infinite": (HEADER + "-inf,2:a\n", r"line 6: received -inf; expected finite numbers"),
    "unknown label": (HEADER + "1,2:c\n", "line 6: received the label 'c'; expected one of a, b"),
    "ragged": (HEADER + "1,2:3:a\n", "line 6: received features of 2, 1 values; expected as many of each"),
    "no features": (HEADER + "a\n", "line 6: received features of no values"),
    "features": (HEADER + "1:2:a\n1:a\n", "line 7: received 1 features; expected 2, as in the rows before"),
    "no header": ("1,2:a\n", "line 1 stands before @classLabel and @data"),
    "no labels": (HEADER.replace("true a b", "false") + "1,2:a\n", "line 6 stands before @classLabel"),
    "stamps": (
        HEADER.replace("@timeStamps false", "@timeStamps true"),
        "has time stamps; expected values at even",
    ),
    "no rows": (HEADER, "received a section without rows"),
    "empty": ("", "received a section without rows"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_names_the_line(case: str, tmp_path: Path) -> None:
    content, message = BROKEN[case]
    with pytest.raises(DataError, match=message):
        read_ts(write(tmp_path / "x.ts", content))
    with pytest.raises(PathNotFoundError, match=r"no such file; expected a \.ts file"):
        read_ts(tmp_path / "none.ts")
