"""Truth of ``rnnzoo.data.columns``: names of columns, and one error for those that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnnzoo import Columns, Splits, read_series, read_texts
from rnnzoo.data.columns import check_columns
from rnnzoo.data.splitting import Parts
from rnnzoo.errors import ArgumentError, UnknownNameError

FRAME = pd.DataFrame({"text": ["good", "bad"] * 20, "label": ["x", "y"] * 20})
SERIES = pd.DataFrame({"load": [float(i) for i in range(40)]})


def test_a_single_name_stands_for_a_list() -> None:
    assert Columns(target="load", ignore=["a", "b"]) == Columns(target=("load",), ignore=("a", "b"))
    assert Columns(target="load", time="date", categorical="kind", ignore="").names == (
        "load",
        "kind",
        "",
        "date",
    )


def test_several_columns_may_make_the_time() -> None:
    assert Columns(time=["date"]) == Columns(time="date")
    assert (Columns(time=["date"]).time, Columns(time=["date"]).time_names) == ("date", ("date",))
    assert (Columns().time, Columns(time=()).time, Columns().time_names) == (None, None, ())
    columns = Columns(target="load", time=["date", "clock"])
    assert (columns.time, columns.time_names) == (("date", "clock"), ("date", "clock"))
    assert columns.names == ("load", "date", "clock")


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"target": [1]}, "target: received 1"), ({"time": 2}, "time: received 2")],
)
def test_names_are_texts(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Columns(**columns)


def read_from_disk(folder: Path) -> Any:
    FRAME.to_csv(folder / "t.csv", index=False)
    return read_texts(folder / "t.csv", text="txt", label="label", from_disk=True)


def read_file(folder: Path) -> Any:
    FRAME.to_csv(folder / "t.csv", index=False)
    return read_texts(folder / "t.csv", text="txt", label="label")


@pytest.mark.parametrize(
    ("read", "of", "near"),
    [
        (read_from_disk, "column of .*t.csv", "text"),
        (read_file, "column of .*t.csv", "text"),
        (lambda folder: read_texts(FRAME, text="txt", label="label"), "column of the frame", "text"),
        (lambda folder: Splits.from_frame(FRAME, text="txt", label="label"), "column of the frame", "text"),
        (lambda folder: read_series(SERIES, target="laod", window=2, horizon=1), "column", "load"),
        (lambda folder: check_columns(["text"], ["txt"]), "column", "text"),
    ],
    ids=["from disk", "file", "frame", "from_frame", "series", "alone"],
)
def test_a_missing_column_is_the_same_error_everywhere(read: Any, of: str, near: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=rf"^unknown {of}: received '\w+'; did you mean '{near}'\?"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Columns(target=3),  # type: ignore[arg-type]
            "target: received 3; expected the name of a column, or a list of them.",
        ),
        (
            lambda: Columns(target=["load", "load"]),
            "target: received 'load' twice; expected each column once. Leave one out.",
        ),
        (lambda: Columns(target=["load", 3]), "target: received 3; expected the name of a column."),  # type: ignore[list-item]
        (
            lambda: Columns(target="load", time=["date", "date"]),
            "time: received 'date' twice; expected each column once. Leave one out.",
        ),
        (lambda: Parts(stratify="no"), "stratify: received 'no'; expected True or False."),  # type: ignore[arg-type]
    ],
)
def test_value_objects_of_data_check_their_fields(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message
