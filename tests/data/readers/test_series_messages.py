"""Truth of ``rnnzoo.data.readers.series_columns`` and ``rnnzoo.data.readers.series_features``: their messages."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from large_series import WINDOW, Change, cell, dates, message, numbers, read_in_pieces

pytestmark = pytest.mark.usefixtures("in_own_folder")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    read_in_pieces(monkeypatch)


def several(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table.assign(shop=shop) for shop in ("north", "south")])


def clocked(table: pd.DataFrame, clock: list[Any]) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=200, freq="h").strftime("%Y-%m-%d")
    return table.assign(when=days, clock=clock)


def parted(table: pd.DataFrame) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=200)
    return table.assign(when="noon", year=days.year, month=days.month, day=days.day)


ERRORS: dict[str, tuple[Change, dict[str, Any], str]] = {
    "a wrong cell": (cell(188, "x", "oops"), {}, "line 190: 'x' is 'oops'; expected a finite number"),
    "the first column that has one": (
        lambda table: cell(3, "z", "late")(cell(188, "x", "inf")(table)),
        {},
        "line 190: 'x' is 'inf'",
    ),
    "a missing value": (
        lambda table: cell(190, "z", "")(cell(188, "x", "NA")(table)),
        {},
        "line 190: 'x' is missing, and so are values in 2 rows in all",
    ),
    "a column without a value": (
        lambda table: table.assign(x="").drop(columns="when"),
        {"missing": "ffill", "time": None},
        "'x' has no value in any row; expected numbers. Leave out 'x' (no value): ignore=['kind', 'x'] (on the command "
        "line --ignore kind,x).",
    ),
    "no complete row": (
        lambda table: table.assign(x=["1", *[""] * 199], z=[*[""] * 199, "1"]).drop([5, 6]),
        {"missing": "ffill", "gaps": "break"},
        "no row is complete",
    ),
    "no complete training row": (
        lambda table: table.assign(x=["NA"] * 190 + ["1"] * 10),
        {"missing": "drop"},
        "no complete training row",
    ),
    "a time that falls": (cell(188, "when", "2024-01-02 00:00"), {}, "line 190: 'when' is earlier than"),
    "a time twice": (
        lambda table: pd.concat([table, table.tail(1)]),
        {},
        "line 202: 'when' repeats the time of the line before; expected times that rise. Drop the row that "
        "is a copy of another",
    ),
    "several series": (several, {"ignore": "shop"}, "every value of 'shop' has each time once at most"),
    "several series whose dates are not named": (
        several,
        {"time": None, "ignore": ["shop", "when"]},
        "line 202: 'when' is earlier than the line before, and every value of 'shop'",
    ),
    "the time of day in a column of its own": (
        lambda table: clocked(table, [f"{i % 24}:00" for i in range(200)]),
        {"ignore": "kind", "categorical": "clock"},
        "'clock' seems to hold the time of day",
    ),
    "hours in a column of their own": (
        lambda table: clocked(table, [i % 24 for i in range(200)]),
        {},
        "Name both: time=['when', 'clock'] (on the command line --time when,clock).",
    ),
    "series that two columns name": (
        lambda table: pd.concat([several(table).assign(item=item) for item in ("a", "b")]),
        {"ignore": ["shop", "item"]},
        "and every value of 'shop' and 'item' has each time once at most",
    ),
    "series that no column names": (
        lambda table: pd.concat([table, table.assign(z=8, y=1.0)]),
        {"ignore": "kind"},
        "and starts anew 2 times in all: the table holds several series, and no column says",
    ),
    "times in no order": (
        lambda table: table.iloc[[*range(100), *range(199, 99, -1)]],
        {},
        "Sort the table: table = pandas.read_csv",
    ),
    "dates in three columns": (
        lambda table: pd.concat([parted(table).assign(shop=shop) for shop in ("north", "south")]),
        {"time": None, "ignore": ["shop", "when", "kind"]},
        "'year, month, day' is earlier than the line before, and every value of 'shop'",
    ),
    "holes": (lambda table: table.drop([150, 177]), {}, "after line 151 (2024-"),
    "an unread time": (cell(188, "when", "soon"), {}, "line 190: 'when' is 'soon'; expected the format"),
    "an unread number": (
        lambda table: cell(188, "when", "soon")(table.assign(when=np.arange(200)).astype({"when": object})),
        {},
        "line 190: 'when' is 'soon'; expected a number, as in the rows before",
    ),
    "no time at all": (lambda table: table.assign(when="yes"), {}, "line 2: 'when' is 'yes'"),
    "an ambiguous date": (
        lambda table: dates("%d/%m/%Y")(table).query("when.str.slice(0, 2) <= '12'"),
        {},
        "every row can be read as",
    ),
    "an unknown category": (
        cell(188, "kind", "new"),
        {"categorical": "kind", "ignore": ()},
        "line 190: 'kind' has the unknown category 'new'; expected one of a, b. Train on rows that have it.",
    ),
    "a number beyond float32": (
        lambda table: cell(199, "kind", "new")(cell(188, "x", "1e300")(table)),
        {"categorical": "kind", "ignore": ()},
        "line 190: 'x' is 1e+300, which is beyond float32 once it is scaled; expected numbers like",
    ),
    "row numbers without a name": (
        lambda table: table.reset_index(names=""),
        {},
        "column 1: received no name ('') and row numbers, from 0 to 199",
    ),
    "a column that is not there": (lambda table: table, {"ignore": ["kinds"]}, "unknown column: received"),
    "a target that is ignored": (lambda table: table, {"ignore": ["y", "kind"]}, "target: received 'y'"),
    "gaps without times": (lambda table: table, {"time": None, "gaps": "break"}, "gaps: received 'break'"),
    "too few rows": (lambda table: table.head(20), {"window": 18}, "no whole window"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_messages_are_those_of_memory_letter_by_letter(name: str) -> None:
    change, options, expected = ERRORS[name]
    table = numbers().astype(object)
    table["kind"] = ["a" if i % 2 else "b" for i in range(200)]
    change(dates("%Y-%m-%d %H:%M")(table)).to_csv("t.csv", index=False)
    arguments = {**WINDOW, "time": "when", "ignore": "kind", **options}
    found = message(from_disk=True, **arguments)
    assert expected in found[1]
    assert found == message(**arguments)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("y,x\n", "received a header and no rows"),
        ("", "received an empty file"),
        ("y,x\n" + "1,2\n" * 90 + "1\n", "line 92 has 1 columns; expected 2"),
        ("y,x\n" + "1,2\n" * 90 + '1,"2\n', "line 92 cannot be read"),
        ("y,y\n1,2\n", "has several columns named 'y'"),
    ],
)
def test_damaged_files(content: str, expected: str) -> None:
    Path("t.csv").write_text(content)
    found = message(from_disk=True, **WINDOW)
    assert expected in found[1]
    assert found == message(**WINDOW)
