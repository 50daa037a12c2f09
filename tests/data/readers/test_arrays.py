"""Truth of ``rnnzoo.data.readers.arrays``: rows and targets in NumPy files."""

# mypy: disable-error-code="arg-type, call-overload"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnzoo import Splits, read_arrays
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError
from rnnzoo.preprocessing import DNAPreprocessing

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6, 2))
Y = np.array(["up", "down"] * 20)


def save(folder: Path, **arrays: Any) -> Path:
    path = folder / "rows.npz"
    np.savez(path, **arrays)
    return path


def sizes(splits: Splits) -> list[int]:
    return [len(part) for part in (splits.train, splits.validation, splits.test) if part is not None]


def inputs(splits: Splits, part: str) -> dict[str, np.ndarray]:
    rows = splits.rows(part)
    return rows.gather(range(len(rows)))[0]


def test_rows_of_one_file_are_those_of_from_arrays(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=Y)
    splits, expected = read_arrays(path, seed=3), Splits.from_arrays(X, Y, seed=3)
    np.testing.assert_array_equal(inputs(splits, "train")["features"], inputs(expected, "train")["features"])
    assert splits.model_arguments == expected.model_arguments
    assert splits.description["source"] == "rows.npz"
    assert len(splits.description["checksum"]) == 64
    assert splits.description["rows"] == {"train": 28, "validation": 6, "test": 6}


def test_parts_of_a_file_are_kept(tmp_path: Path) -> None:
    parts = {"x_train": X[:30], "y_train": Y[:30], "x_test": X[30:], "y_test": Y[30:]}
    splits = read_arrays(save(tmp_path, **parts), validation_fraction=0.2)
    assert sizes(splits) == [24, 6, 10]
    assert "test_source" not in splits.description
    whole = read_arrays(save(tmp_path, **parts, x_val=X[:8], y_val=Y[:8]))
    assert sizes(whole) == [30, 8, 10]
    with pytest.raises(ArgumentError, match=r"test: received .*rows.npz beside the test part that"):
        read_arrays(tmp_path / "rows.npz", test=tmp_path / "rows.npz")
    (tmp_path / "other").mkdir()
    other = save(tmp_path / "other", x=X, y=Y)
    with pytest.raises(
        DataError, match="holds the parts train, validation, test; expected the rows of the test"
    ):
        read_arrays(other, test=tmp_path / "rows.npz")


def test_a_test_file_is_named_in_the_description_and_in_messages(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=Y)
    bad = X[:5].copy()
    bad[3, 1, 0] = np.nan
    (tmp_path / "t").mkdir()
    other = save(tmp_path / "t", x=X[:5], y=Y[:5])
    splits = read_arrays(path, test=other)
    assert (splits.description["test_source"], len(splits.test or ())) == ("rows.npz", 5)
    with pytest.raises(DataError, match=r"t.rows\.npz: row 3 of x: received nan at step 1, feature 0"):
        read_arrays(path, test=save(tmp_path / "t", x=bad, y=Y[:5]))
    with pytest.raises(DataError, match=r"t.rows\.npz: row 2 of x: targets: received the label 'left'"):
        read_arrays(path, test=save(tmp_path / "t", x=X[:3], y=["up", "up", "left"]))


def test_npy_files_come_in_pairs(tmp_path: Path) -> None:
    for name, array in (("x", X), ("y", Y), ("xt", X[:4]), ("yt", Y[:4])):
        np.save(tmp_path / f"{name}.npy", array)
    splits = read_arrays(
        tmp_path / "x.npy", labels=tmp_path / "y.npy", test=(tmp_path / "xt.npy", tmp_path / "yt.npy")
    )
    assert sizes(splits) == [34, 6, 4]
    assert splits.description["source"] == ["x.npy", "y.npy"]
    with pytest.raises(ArgumentError, match=r"labels: received none for .*x\.npy.*--labels y\.npy"):
        read_arrays(tmp_path / "x.npy")
    with pytest.raises(ArgumentError, match=r"labels: received .* with a .npz file"):
        read_arrays(save(tmp_path, x=X, y=Y), labels=tmp_path / "y.npy")


@pytest.mark.parametrize(
    ("x", "shape"), [(X[..., 0], (6, 1)), (X, (6, 2)), (RNG.normal(size=(40, 3, 4, 4, 1)), (3, 4, 4, 1))]
)
def test_the_shape_says_what_rows_are(x: np.ndarray, shape: tuple[int, ...], tmp_path: Path) -> None:
    splits = read_arrays(save(tmp_path, x=x, y=Y))
    (name,) = inputs(splits, "train")
    assert name == ("features" if len(shape) == 2 else "frames")
    assert inputs(splits, "train")[name].shape[1:] == shape


def test_lengths_cut_off_padding(tmp_path: Path) -> None:
    lengths = np.arange(40) % 6 + 1
    padded = X.copy()
    padded[np.arange(6)[None] >= lengths[:, None]] = np.nan  # would be refused if it were read
    splits = read_arrays(save(tmp_path, x=padded, y=Y, lengths=lengths))
    assert splits.model_arguments["variable_length"] is True
    assert sorted(
        np.concatenate([splits.rows(part).lengths for part in ("train", "validation", "test")])
    ) == sorted(lengths)
    tags = np.where(X[..., 0] > 0, "high", "low")
    tagged = read_arrays(save(tmp_path, x=padded, y=tags, lengths=lengths), task="tagging")
    assert tagged.rows("train").gather([0])[1].shape == (1, tagged.rows("train").lengths[0])


def test_targets_by_task(tmp_path: Path) -> None:
    numbers = read_arrays(save(tmp_path, x=X, y=X[:, 0]), task="regression")
    assert numbers.model_arguments["num_classes"] == 2
    several = read_arrays(save(tmp_path, x=X, y=X[:, 0] > 0), task="multilabel_classification")
    assert several.get_decoding().labels == ["label_0", "label_1"]
    column = read_arrays(save(tmp_path, x=X, y=np.arange(40)[:, None] % 2))
    assert column.get_decoding().labels == ["0", "1"]
    words = np.array([["a", "b", ""], ["c", "", ""]] * 20)
    tagged = read_arrays(save(tmp_path, x=words, y=np.char.upper(words), lengths=[2, 1] * 20), task="tagging")
    assert tagged.get_decoding().labels == ["A", "B", "C"]


def test_texts_and_a_preprocessing_of_ones_own(tmp_path: Path) -> None:
    texts = np.array(["ACGT", "GGCC"] * 20)
    assert read_arrays(save(tmp_path, x=texts, y=Y)).model_arguments["vocabulary_size"] == 4
    splits = read_arrays(save(tmp_path, x=texts, y=Y), preprocessing=DNAPreprocessing())
    assert splits.model_arguments["num_features"] == 4


PADDED = X.copy()
PADDED[7, 4:] = np.nan

BROKEN: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "objects": (
        {"x": np.array([[1, 2], [3]], dtype=object), "y": [0, 1]},
        {},
        "rows.npz: x: is an array of Python objects.*lengths=lengths",
    ),
    "capital": ({"X": X, "y": Y}, {}, "unknown array of .*: received 'X'; did you mean 'x'"),
    "no y": ({"x": X}, {}, "holds no array 'y' but x"),
    "other": ({"x": X, "y": Y, "length": [1] * 40}, {}, "received 'length'; did you mean 'lengths'"),
    "half": ({"x_train": X, "y_train": Y, "x_test": X}, {}, "holds no array 'y_test'"),
    "rows": ({"x": X, "y": Y[:3]}, {}, r"y: received shape \(3,\) for x of shape \(40, 6, 2\)"),
    "flat": ({"x": X[:, 0, 0], "y": Y}, {}, r"x: received shape \(40,\); expected \(rows, time\)"),
    "gray": ({"x": X[..., None], "y": Y}, {}, r"Save gray frames as x\[\.\.\., None\]"),
    "one-hot": (
        {"x": X, "y": np.eye(4)[np.arange(40) % 4]},
        {},
        r"Of one-hot rows, save y\.argmax\(axis=1\)",
    ),
    "bytes": ({"x": X, "y": Y.astype("S")}, {}, r"y: received an array of \|S4.*Save y\.astype\(str\)"),
    "truth": ({"x": X > 0, "y": Y}, {}, r"x: received an array of bool.*x\.astype\('float32'\)"),
    "lengths": ({"x": X, "y": Y, "lengths": [7] * 40}, {}, "lengths: row 0: received 7; expected 1 to 6"),
    "float lengths": ({"x": X, "y": Y, "lengths": [6.0] * 40}, {}, "lengths: received float64 of shape"),
    "padding": (
        {"x": PADDED, "y": Y},
        {},
        "x: row 7 ends in NaN behind 4 steps.*Save them too: lengths, whole",
    ),
    "tags": ({"x": X, "y": Y}, {"task": "tagging"}, r"y: received shape \(40,\); expected \(40, 6\)"),
    "padded words": (
        {"x": np.array([["a", ""]] * 9), "y": np.array([["A", ""]] * 9)},
        {"task": "tagging"},
        "holds rows of words with empty ones",
    ),
    "labels": ({"x": X, "y": Y}, {"task": "multilabel_classification"}, r"expected \(rows, labels\)"),
    "forecast": (
        {"x": X, "y": Y},
        {"task": "forecasting"},
        "targets: received an array of <U4; expected numbers.*read_series",
    ),
    "translation": (
        {"x": X, "y": Y},
        {"task": "translation"},
        "received 'translation' for arrays.*read_pairs",
    ),
    "task": ({"x": X, "y": Y}, {"task": "clasification"}, "did you mean 'classification'"),
    "keyword": (
        {"x": X, "y": Y},
        {"sede": 1},
        "unknown argument of read_arrays: received 'sede'; did you mean 'seed'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_named(case: str, tmp_path: Path) -> None:
    arrays, options, message = BROKEN[case]
    with pytest.raises((ArgumentError, DataError), match=message):
        read_arrays(save(tmp_path, **arrays), **options)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"rows\.npz: damaged or cut short"):
        read_arrays(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"is no \.npz file; expected what numpy\.save"):
        read_arrays(path)
    with pytest.raises(PathNotFoundError, match="no such file"):
        read_arrays(tmp_path / "none.npz")
    with pytest.raises(ArgumentError, match=r"expected a .npz or .npy file"):
        read_arrays(tmp_path / "rows.csv")


def test_the_ways_out_of_messages_work(tmp_path: Path) -> None:
    rows = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]] * 10
    lengths = np.array([len(row) for row in rows])
    x = np.zeros((len(rows), lengths.max()))
    for number, row in enumerate(rows):
        x[number, : len(row)] = row
    labels = np.array(np.array(["a", "b", "a"] * 10, object), dtype=str)
    assert sizes(read_arrays(save(tmp_path, x=x, y=labels, lengths=lengths))) == [22, 4, 4]
    hot = np.eye(2)[np.arange(40) % 2]
    assert sizes(read_arrays(save(tmp_path, x=X, y=hot.argmax(axis=1)))) == [28, 6, 6]


def test_padded_rows_are_read_once_their_lengths_are_said(tmp_path: Path) -> None:
    lengths = np.full(40, 6)
    lengths[7] = 4
    assert sizes(read_arrays(save(tmp_path, x=PADDED, y=Y, lengths=lengths))) == [28, 6, 6]


def test_names_of_arrays_are_those_that_keras_writes(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="received 'x_tst'; did you mean 'x_test'"):
        read_arrays(save(tmp_path, x_train=X, y_train=Y, x_test=X, y_test=Y, x_tst=X))
