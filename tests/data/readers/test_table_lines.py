"""Truth of ``rnnzoo.data.readers.tables``: messages that name the line."""

# mypy: disable-error-code="arg-type, union-attr"

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labelled_tables import LABELS, TEXTS, csv_of, write
from rnnzoo import Splits, read_table
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError, UnknownNameError


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "tsv.gz"])
def test_tables_of_texts(kind: str, tmp_path: Path) -> None:
    content = csv_of().replace(",", "\t") if "tsv" in kind else csv_of()
    data = gzip.compress(content.encode()) if kind.endswith("gz") else content.encode()
    splits = read_table(write(tmp_path / f"t.{kind}", data), text="text", label="label")
    assert splits.decoding.labels == ["no", "yes"]
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 60
    assert len(splits.description["checksum"]) == 64


def test_frames_and_tables_give_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS})
    from_file = read_table(write(tmp_path / "t.csv", csv_of()), text="text", label="label")
    from_frame = Splits.from_frame(frame, text="text", label="label")
    assert list(from_frame.train.raw) == list(from_file.train.raw)


def test_a_table_with_every_ugly_thing_that_is_allowed(tmp_path: Path) -> None:
    rows = "".join(f'"line one\r\nline, ""two"" {i}",NA\r\nx,b\r\n' for i in range(20))
    path = write(tmp_path / "t.csv", b"\xef\xbb\xbf" + f"text,label\r\n{rows}".encode())
    splits = read_table(path, text="text", label="label")
    assert splits.decoding.labels == ["NA", "b"]  # a label may be called NA
    texts = [text for part in (splits.train, splits.validation, splits.test) for text in part.raw]
    assert "x" in texts
    assert 'line one\r\nline, "two" 3' in texts


def test_several_labels_in_one_cell(tmp_path: Path) -> None:
    content = "text;x\n".replace(";", ",") + "".join(f"t{i},{'a|b' if i % 2 else 'b'}\n" for i in range(40))
    splits = read_table(write(tmp_path / "t.csv", content), text="text", label="x", label_separator="|")
    assert splits.task == "multilabel_classification"
    assert splits.decoding.labels == ["a", "b"]


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "received an empty file"),
    "header only": ("text,label\n", "received a header and no rows"),
    "too many columns": ("text,label\na,b\na,b,c\n", "line 3 has 3 columns; expected 2."),
    "too few columns": ("text,label\na,b\na\nc,d\n", "line 3 has 1 columns; expected 2."),
    "not UTF-8": ("text,label\ncaf\xe9,b\n".encode("latin-1"), "not UTF-8"),
    "UTF-16 without a mark": (
        "text,label\na,b\n".encode("utf-16-le"),
        "line 1 holds a NUL character; expected text. Pass encoding='utf-16-le'",
    ),
    "a character 0": ("text,label\na,\0b\n", "line 2 holds a NUL character; expected text. Remove it"),
    "no such column": ("texts,label\na,b\n", "unknown column of"),
    "an open quote": ('text,label\n"a,b\nc,d\n', "cannot be read (unexpected end of data)"),
    "a column twice": ("text,text\na,b\n", "has several columns named 'text'"),
    "empty label": ("text,label\n" + "a,\n" * 20, "received the empty label"),
    "one class": ("text,label\n" + "a,b\n" * 20, "received the single class ['b']"),
    "a rare class": ("text,label\n" + "a,b\n" * 20 + "a,c\n", "cannot split off"),
    "too few rows": ("text,label\na,b\na,c\n", "expected enough to split off"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused(name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    with pytest.raises((DataError, UnknownNameError)) as caught:
        read_table(write(tmp_path / "t.csv", content), text="text", label="label")
    assert message in str(caught.value)


def test_damaged_archives_and_wrong_paths(tmp_path: Path) -> None:
    whole = gzip.compress(csv_of().encode())
    for data in (whole[: len(whole) // 2], b"not gzip at all"):
        with pytest.raises(DataError, match="damaged or cut short"):
            read_table(write(tmp_path / "t.csv.gz", data), text="text", label="label")
    with pytest.raises(PathNotFoundError, match="no such file; expected a CSV or TSV file"):
        read_table(tmp_path / "nothing.csv", text="text", label="label")
    with pytest.raises(PathNotFoundError, match="received a directory"):
        read_table(tmp_path, text="text", label="label")
    with pytest.raises(ArgumentError, match="expected text and label for texts, or target"):
        read_table(write(tmp_path / "t.csv", csv_of()))


def test_labels_that_only_held_out_rows_have(tmp_path: Path) -> None:
    test = write(tmp_path / "test.csv", "text,label\na,maybe\n")
    with pytest.raises(DataError, match=r"test\.csv: line 2: targets: received the label 'maybe', which no"):
        read_table(write(tmp_path / "t.csv", csv_of()), test=test, text="text", label="label")


def test_lines_are_counted_as_in_the_file(tmp_path: Path) -> None:
    content = "y\n" + "".join(f"{i}\n" for i in range(50)) + "bad\n"
    with pytest.raises(DataError, match="line 52: 'y' is 'bad'"):
        read_table(write(tmp_path / "s.csv", content), target="y", window=3, horizon=1)


def test_lines_are_those_of_the_file_whatever_is_between_them(tmp_path: Path) -> None:
    content = 'note,y\n\n"two\nlines",-5\n\n\n' + "".join(f"a,{i}\n" for i in range(50)) + "\na,bad\n"
    options: dict[str, Any] = {"target": "y", "window": 3, "horizon": 1}
    with pytest.raises(DataError, match="line 58: 'y' is 'bad'"):
        read_table(write(tmp_path / "s.csv", content), categorical=["note"], **options)
    with pytest.raises(DataError, match="line 58: 'y' is missing"):
        read_table(write(tmp_path / "s.csv", content.replace("bad", "?")), categorical=["note"], **options)
    with pytest.raises(DataError, match="line 58: 'y' is earlier than the line before"):
        read_table(
            write(tmp_path / "s.csv", content.replace("bad", "3")), ignore=["note"], time="y", **options
        )


@pytest.mark.parametrize("name", ["UP.TSV", "a.tsv.csv", "a.csv.GZ", "a.tsv.GZ", "a.csv.tsv", "2024.01.tsv"])
def test_the_last_ending_says_what_a_file_is(name: str, tmp_path: Path) -> None:
    packed = name.endswith(".GZ")
    tabs = name.lower().removesuffix(".gz").endswith(".tsv")
    content = (csv_of().replace(",", "\t") if tabs else csv_of()).encode()
    path = write(tmp_path / name, gzip.compress(content) if packed else content)
    assert read_table(path, text="text", label="label").decoding.labels == ["no", "yes"]


def test_a_row_without_label_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", csv_of() + '"one\nmore",\n')
    with pytest.raises(
        DataError, match=r"t\.csv: line 63: targets: received the empty label ''; expected a na"
    ):
        read_table(path, text="text", label="label")
    with pytest.raises(DataError, match="targets: row 60: received the empty label ''; expected a name"):
        Splits.from_arrays([*TEXTS, "one more"], [*LABELS, ""])
