"""Truth of ``rnnzoo.cli.raw_inputs``: what a model is trained from is read to be answered too."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.errors import ArgumentError, DataError

X = np.random.default_rng(0).normal(size=(4, 6, 2))
TS = "@problemName waves\n@dimensions 2\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n1,2:7,8:b\n"


def read(takes: str, file: Path | None, *inputs: str) -> list[Any]:
    bundle = SimpleNamespace(preprocessing=SimpleNamespace(takes=takes))
    return read_raw_inputs(bundle, list(inputs), file, text=None, columns=None)


def test_arrays_are_cut_to_their_lengths(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=X, y=["a", "b"] * 2, lengths=[6, 2, 3, 1])
    assert [len(row) for row in read("series", path)] == [6, 2, 3, 1]
    np.savez(path, x_train=X, y_train=[0] * 4, x_test=X[:3], y_test=[0] * 3)
    np.testing.assert_array_equal(read("series", path), X[:3])
    np.savez(path, x=["a film", "two films"])
    assert read("text", path) == ["a film", "two films"]
    np.savez(path, x=X[..., 0])
    assert [row.shape for row in read("series", path)] == [(6, 1)] * 4


def test_arrays_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, rows=X)
    with pytest.raises(
        DataError, match=r"holds no array 'x' or 'x_test' but rows; expected rows, as numpy\.savez"
    ):
        read("series", path)
    np.savez(path, x=np.where(np.arange(6)[:, None] < 4, X, np.nan))
    with pytest.raises(DataError, match="x: row 0 ends in NaN behind 4 steps, as if padded"):
        read("series", path)


def test_series_of_archives_are_read(tmp_path: Path) -> None:
    (tmp_path / "waves.ts").write_text(TS)
    rows = read("series", tmp_path / "waves.ts")
    assert [row.tolist() for row in rows] == [[[1, 4], [2, 5], [3, 6]], [[1, 7], [2, 8]]]


@pytest.mark.parametrize(
    ("takes", "row"), [("series", X[0].tolist()), ("sound", [0.1, 0.2]), ("frames", [[[[1.0]]], [[[2.0]]]])]
)
def test_one_row_may_stand_alone(takes: str, row: Any, tmp_path: Path) -> None:
    path = tmp_path / "example.json"
    for value, rows in ((row, [row]), ([row, row], [row, row]), ([], [])):
        path.write_text(json.dumps(value))
        assert read(takes, path) == rows
    for array, count in ((np.asarray(row), 1), (np.asarray([row, row]), 2)):
        np.save(tmp_path / "x.npy", array)
        assert len(read(takes, tmp_path / "x.npy")) == count


@pytest.mark.parametrize("takes", ["text", "series"])
def test_the_name_of_a_file_is_no_input(takes: str, tmp_path: Path) -> None:
    path = tmp_path / "two.npy"
    np.save(path, X)
    with pytest.raises(
        ArgumentError, match=r"inputs: received .*two\.npy', the name of a file; .* as --input .*npy\."
    ):
        read(takes, None, str(path))
    assert len(read("series", path)) == 4
    assert read("text", None, "missing.npy") == ["missing.npy"]
