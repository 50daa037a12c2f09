"""Truth of ``rnnzoo.data.readers.file_kinds``: kinds of files, and the ways from others to them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnnzoo import read_arrays, read_texts
from rnnzoo.data.readers.file_kinds import FILE_KINDS, find_file_kind
from rnnzoo.errors import DataError, PathNotFoundError

FRAME = pd.DataFrame({"text": [f"film {n}" for n in range(40)], "label": ["a", "b"] * 20})


def test_an_ending_names_the_kind(tmp_path: Path) -> None:
    for kind in FILE_KINDS.values():
        for ending in kind.endings:
            for name in (f"x{ending}", f"X.Y{ending.upper()}"):
                (tmp_path / name).touch()
                assert find_file_kind(tmp_path / name) is kind
    assert sorted(FILE_KINDS) == ["arrays", "running text", "sentences", "sounds", "table", "ts"]


def test_a_folder_must_hold_sounds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder without a \.wav file; expected recordings"):
        find_file_kind(tmp_path)
    (tmp_path / "yes").mkdir()
    (tmp_path / "yes" / "1.WAV").touch()
    assert find_file_kind(tmp_path).name == "sounds"
    with pytest.raises(
        PathNotFoundError, match=r"none\.csv: no such file or folder; expected a table \(\.csv"
    ):
        find_file_kind(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("a.xls", r"is an Excel sheet.*pip install xlrd.*read_excel\('.*a\.xls'\)\.to_csv\('.*a\.csv'"),
        ("a.pkl", r"is a pickle, which may run code, .*read_pickle\('.*a\.pkl'\)"),
        ("a.JSON", r"is JSON, .*read_json\('.*a\.JSON'\)"),
        ("a.json.gz", r"is JSON, .*read_json\('.*a\.json\.gz'\)\.to_csv\('.*a\.csv'"),
        ("a.flac", r"is compressed sound.*ffmpeg -i .*a\.flac .*a\.wav"),
        ("a.zip", r"is an archive, .*Unpack it"),
        ("a.b.gz", r"is an archive, .*Unpack it"),
        ("a.mat", r"is MATLAB's, .*loadmat"),
        ("a.h5", r"is HDF5, .*h5py"),
    ],
)
def test_another_kind_is_named(name: str, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=what):
        find_file_kind(tmp_path / name)


def test_unknown_endings_are_not_guessed(tmp_path: Path) -> None:
    for name, said in (
        ("a.dat", r"a text file that ends in '\.dat'"),
        ("table", "a text file that has no ending"),
    ):
        path = tmp_path / name
        FRAME.to_csv(path, index=False)
        with pytest.raises(DataError, match=rf"{said}.*to \.csv if its columns are separated by commas"):
            find_file_kind(path)
        renamed = path.rename(tmp_path / "renamed.csv")
        assert find_file_kind(renamed).name == "table"
        assert len(read_texts(renamed, text="text", label="label").train) == 28
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match=r"ends in '\.bin' and is no text"):
        find_file_kind(tmp_path / "a.bin")
    (tmp_path / "a.md").write_text("é" * 2**16, encoding="utf-8")
    (tmp_path / "b.md").write_text("x" + "é" * 2**16, encoding="utf-8")
    for name in ("a.md", "b.md"):
        with pytest.raises(DataError, match="is a text file"):
            find_file_kind(tmp_path / name)


def code_of(path: Path) -> str:
    """Returns the Python that the message on a file tells to run."""
    with pytest.raises(DataError) as caught:
        find_file_kind(path)
    found = re.search(r": (import .*)$", str(caught.value))
    assert found is not None, caught.value
    return found[1]


@pytest.mark.parametrize("ending", ["json", "pkl", "arff", "dta"])
def test_the_way_to_a_table_works(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.{ending}"
    if ending == "arff":
        rows = "\n".join(f"{n}.5,{label}" for n, label in enumerate(FRAME["label"]))
        path.write_text(f"@relation r\n@attribute text numeric\n@attribute label {{a,b}}\n@data\n{rows}\n")
    else:
        getattr(FRAME, {"json": "to_json", "pkl": "to_pickle", "dta": "to_stata"}[ending])(path)
    exec(code_of(path), {})
    splits = read_texts(tmp_path / "data.csv", text="text", label="label")
    assert splits.get_decoding().labels == ["a", "b"]
    assert len(splits.train) == 28


@pytest.mark.parametrize("name", ["a.json", "A.JSON", "a.b.json.gz"])
def test_json_lines_are_renamed(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    FRAME.to_json(path, orient="records", lines=True, compression="infer")
    with pytest.raises(DataError, match="holds JSON lines, an object in each; expected the ending") as caught:
        find_file_kind(path)
    renamed = path.rename(tmp_path / str(caught.value).removesuffix(".").rpartition("Rename it to ")[2])
    assert len(read_texts(renamed, text="text", label="label").train) == 28


def test_other_json_is_not_taken_for_lines(tmp_path: Path) -> None:
    for name, content in (
        ("one.json", b'{"text": {\n}}'),
        ("list.json", b"[1]\n[2]"),
        ("bad.json.gz", b"{}"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="is JSON, which is not read"):
            find_file_kind(tmp_path / name)


def test_the_way_to_arrays_works(tmp_path: Path) -> None:
    h5py, scipy_io = pytest.importorskip("h5py"), pytest.importorskip("scipy.io")
    x, y = np.ones((40, 3, 2)), np.arange(40) % 2
    scipy_io.savemat(tmp_path / "a.mat", {"x": x, "y": y})
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"], file["y"] = x, y
    for name in ("a.mat", "b.h5"):
        exec(code_of(tmp_path / name), {})
        assert len(read_arrays((tmp_path / name).with_suffix(".npz")).train) == 28
