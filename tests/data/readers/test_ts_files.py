"""Truth of ``rnnzoo.data.readers.ts_files``: the `.ts` format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rnnzoo.data.readers.ts_files import TsSection, parse_ts, read_ts
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError

HEADER = "#a comment\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["x.ts", "x.ts.gz"])
def test_series_of_any_length_and_number_of_features(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, HEADER + "1,2,3:4,5,6:a\n\n-1E-2:7:b\r\n" + HEADER + "8,9:0,1:b\n")
    (series, labels), (others, other_labels) = map(pair, parse_ts(path))
    np.testing.assert_array_equal(series[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(series[1], [[-0.01, 7]])
    assert labels == ["a", "b"]
    assert ([row.tolist() for row in others], other_labels) == ([[[8, 0], [9, 1]]], ["b"])


def test_keywords_are_read_in_any_case(tmp_path: Path) -> None:
    content = HEADER.replace("true a b", "TRUE a B").replace("@data", "@DATA") + "@\n@data\n1,2:B\n"
    ((series, labels),) = map(pair, parse_ts(write(tmp_path / "x.ts", content.replace("@DATA\n", ""))))
    assert (series[0].tolist(), labels) == ([[1], [2]], ["B"])
    with pytest.raises(DataError, match="has time stamps"):
        parse_ts(write(tmp_path / "x.ts", HEADER.replace("@timeStamps false", "@timeStamps True")))


def pair(section: TsSection) -> tuple[list[np.ndarray], list[str]]:
    return section.series, section.targets


BROKEN = {
    "missing value": (
        HEADER + "1,?:a\n",
        r"line 6: received a missing value \(\? or NaN\) at step 1, feature 0; expected numbers",
    ),
    "not a number": (
        HEADER + "1,2:a\n1,NaN:a\n",
        r"line 7: received a missing value .* at step 1, feature 0",
    ),
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
        parse_ts(write(tmp_path / "x.ts", content))
    with pytest.raises(PathNotFoundError, match=r"no such file; expected a \.ts file"):
        parse_ts(tmp_path / "none.ts")


def whole(path: Path, header: str, rows: str) -> Path:
    return write(path, f"{header}@data\n{rows}")


def test_read_ts_makes_splits_of_training_and_test_files(tmp_path: Path) -> None:
    pair_of_rows = "1,2,3:0,1,0:a\n3,2:1,1:b\n"
    rows, few = pair_of_rows * 20, pair_of_rows * 6
    train, test = (
        write(tmp_path / "TRAIN.ts", HEADER + rows),
        write(tmp_path / "TEST.ts", HEADER + few),
    )
    splits = read_ts(train, test=test)
    assert (splits.task, splits.get_decoding().labels) == ("classification", ["a", "b"])
    assert [len(part) for part in (splits.train, splits.validation, splits.test or ())] == [34, 6, 12]
    assert splits.model_arguments == {"num_features": 2, "variable_length": True, "num_classes": 2}
    assert (splits.description["source"], splits.description["test_source"]) == ("TRAIN.ts", "TEST.ts")
    both = read_ts(write(tmp_path / "both.ts", HEADER + rows + HEADER + few))
    assert both.description["rows"] == splits.description["rows"]
    with pytest.raises(DataError, match=r"TEST\.ts: line 7: received 1 features"):
        read_ts(train, test=write(test, HEADER + "1,2:1,2:a\n1:a\n"))
    with pytest.raises(DataError, match=r"TEST\.ts: line 6: received shape \(2, 1\); expected \(time, 2\)"):
        read_ts(train, test=write(test, HEADER + "1,2:a\n"))


def test_numeric_targets_are_a_regression(tmp_path: Path) -> None:
    rows = "".join(f"1,2,{i}:{i / 2}\n" for i in range(40))
    path = whole(tmp_path / "x.ts", "@timestamps false\n@targetlabel true\n", rows)
    splits = read_ts(path)
    assert splits.task == "regression"
    own = splits.rows("train")
    values = own.gather(range(len(own)))[1] * splits.get_decoding().scale + splits.get_decoding().mean
    np.testing.assert_allclose(values[:, 0], [row[2, 0] / 2 for row in own.raw or ()], atol=1e-5)
    with pytest.raises(ArgumentError, match=r"whose targets are numbers \(@targetLabel\).*--task regression"):
        read_ts(path, task="classification")
    assert read_ts(path, task="regression").description["rows"] == splits.description["rows"]
    with pytest.raises(DataError, match="line 3: received the target 'high'; expected a finite number"):
        read_ts(whole(path, "@targetlabel true\n", "1,2:high\n"))
    with pytest.raises(
        ArgumentError, match=r"received 'tagging' for .*; expected a task with one target per series"
    ):
        read_ts(write(path, HEADER + "1,2:a\n1,2:b\n" * 9), task="tagging")
    with pytest.raises(ArgumentError, match=r"received 'forecasting' for series of a .ts file"):
        read_ts(path, task="forecasting")


def test_missing_values_are_filled_or_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ts", HEADER + "?,2,?:a\n1,2,3:b\n" * 20)
    with pytest.raises(
        DataError, match=r"line 6: received a missing value .* step 0, feature 0.*missing='ffill'"
    ):
        read_ts(path)
    filled = read_ts(path, missing="ffill", stratify=False)
    rows = [
        row[:, 0].tolist() for part in ["train", "validation", "test"] for row in filled.rows(part).raw or ()
    ]
    assert sorted(rows) == [[1, 2, 3]] * 20 + [[2, 2]] * 20
    dropped = write(path, HEADER + "1,NaN:a\n" * 3 + "1,2:b\n3,4:a\n" * 10)
    splits = read_ts(dropped, missing="drop")
    assert splits.description["rows_left_out"] == {"train": 3}
    assert sum(splits.description["rows"].values()) == 20
    with pytest.raises(DataError, match="has missing values in each of its 2 series"):
        read_ts(write(path, HEADER + "1,?:a\n1,?:b\n"), missing="drop")
    with pytest.raises(DataError, match="line 6: has a feature without any value"):
        read_ts(write(path, HEADER + "1,2:?,?:a\n"), missing="ffill")
