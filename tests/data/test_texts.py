"""Truth of ``rnnzoo.data.readers.texts``: files and frames, in memory and from disk, give the same splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnzoo import Parts, Splits, read_texts, stream_table
from rnnzoo.errors import ArgumentError, DataError, RowError

FRAME = pd.DataFrame({"text": [f"film {i}" for i in range(60)], "label": ["x", "y", "z"] * 20})
NAMES: dict[str, Any] = {"text": "text", "label": "label"}


def write(folder: Path, frame: pd.DataFrame = FRAME, name: str = "t.csv") -> Path:
    frame.to_csv(folder / name, index=False)
    return folder / name


def facts(splits: Splits) -> dict[str, Any]:
    return {
        "rows": splits.description["rows"],
        "arguments": splits.model_arguments,
        "task": splits.task,
        "train": list(splits.train.raw or ()),
    }


@pytest.mark.parametrize("task", ["classification", "tagging", "multilabel_classification"])
def test_a_frame_is_read_as_its_file(tmp_path: Path, task: str) -> None:
    frame = FRAME.assign(label=["x y", "y x"] * 30) if task == "tagging" else FRAME
    options: dict[str, Any] = {"task": task, "seed": 4, "test_fraction": 0.2}
    assert facts(read_texts(frame, **NAMES, **options)) == facts(
        read_texts(write(tmp_path, frame), **NAMES, **options)
    )


def test_parts_may_be_given_as_frames_and_files(tmp_path: Path) -> None:
    held_out = FRAME.head(9)
    frames = read_texts(FRAME, **NAMES, parts=Parts(validation=held_out, test=held_out.head(6)))
    files = read_texts(
        write(tmp_path),
        **NAMES,
        validation=write(tmp_path, held_out, "v.csv"),
        test=write(tmp_path, held_out.head(6), "w.csv"),
    )
    assert facts(frames) == facts(files)
    assert files.description["rows"] == {"train": 60, "validation": 9, "test": 6}
    assert files.description["validation_source"] == "v.csv"
    assert len(files.description["test_checksum"]) == 64
    assert "source" not in frames.description


def test_the_older_name_reads_from_disk(tmp_path: Path) -> None:
    old = stream_table(write(tmp_path), **NAMES, buffer_rows=7, seed=1)
    new = read_texts(write(tmp_path), **NAMES, from_disk=True, buffer_rows=7, seed=1)
    assert old.description == new.description
    assert new.description["from_disk"] is True
    assert new.train.raw is None


def test_a_bad_row_is_named_by_its_line_in_a_file_and_its_number_in_a_frame(tmp_path: Path) -> None:
    frame = FRAME.copy()
    frame.loc[3, "text"] = "?!"
    with pytest.raises(RowError, match=r"^row 3: received the text '\?!'; expected at least one word"):
        read_texts(frame, **NAMES)
    with pytest.raises(DataError, match=r"t\.csv: line 5: received the text '\?!'"):
        read_texts(write(tmp_path, frame), **NAMES)
    good = write(tmp_path, FRAME, "good.csv")
    with pytest.raises(DataError, match=r"t\.csv: line 5: received the text '\?!'"):
        read_texts(good, **NAMES, validation=tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from_disk": True}, "source: received DataFrame with from_disk; expected a file"),
        ({"column_names": ["a", "b"]}, r"column_names: received \['a', 'b'\] with a frame, which names"),
        ({"buffer_rows": 5}, "buffer_rows: received 5 without from_disk"),
        ({"from_disk": 1}, "from_disk: received 1; expected True or False"),
    ],
)
def test_what_a_frame_cannot_be_read_with(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_texts(FRAME, **NAMES, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"characters": True}, "characters: received True with from_disk"),
        ({"stratify": False}, "stratify: received False with from_disk"),
        ({"test": FRAME}, "test: received DataFrame with from_disk; expected a file"),
        ({"task": "tagging"}, "from_disk: received True for task 'tagging'"),
    ],
)
def test_what_a_large_table_cannot_be_read_with(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=message):
        read_texts(write(tmp_path), **NAMES, from_disk=True, **options)
