"""Truth of ``rnnzoo.data.readers.table_frames`` and ``rnnzoo.data.readers.row_places``: frames as tables."""

# mypy: disable-error-code="attr-defined, arg-type"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import advice
from rnnzoo import Splits, read_sequences, read_series, read_table, read_texts
from rnnzoo.errors import ArgumentError, DataError, RnnzooError
from series_tables import WINDOW, followed, hourly, panel


def message(frame: Any, **options: Any) -> str:
    with pytest.raises(RnnzooError) as caught:
        read(frame, **options)
    return str(caught.value)


def read(frame: Any, **options: Any) -> Splits:
    return read_series(frame, target="sales", **WINDOW, **options)


def repeating() -> pd.DataFrame:
    """A series whose values come again, each at a time of its own, which is in the index."""
    return hourly(100).assign(sales=np.arange(100.0) % 40).set_index("date")


def test_rows_of_like_values_at_times_of_their_own_are_no_copies() -> None:
    table = repeating().iloc[::-1]
    found = message(table)
    assert found.endswith(
        "expected times that rise. Sort the table: table = frame.copy(); table = table.sort_index()"
    )
    mended = followed(found, table)["table"]
    pd.testing.assert_frame_equal(mended, repeating())
    assert read(mended).description["steps"] == 100


@pytest.mark.parametrize("named", [True, False])
def test_a_table_that_is_doubled_loses_its_copies_alone(named: bool) -> None:
    table = pd.concat([repeating(), repeating()])
    options: dict[str, Any] = {"time": "date"} if named else {}
    table = table.reset_index() if named else table
    found = message(table, **options)
    assert "Drop the 100 rows that are copies of others, and sort" in found or (
        "Drop the 100 rows that are copies of others" in found
    )
    mended = followed(found, table)["table"]
    assert len(mended) == 100
    assert read(mended, **options).description["steps"] == 100


def test_series_that_the_index_names_are_told_apart() -> None:
    table = panel().set_index("shop")
    found = message(table, time="date")
    assert found.startswith(
        "row of shop 1: 'date' is earlier than the row before, and every value of 'shop' has each time once at most: "
    )
    one = followed(found, table)["one"]
    assert read(one, time="date", categorical=["shop"]).description["steps"] == 100


def test_dates_as_texts_in_the_index_must_rise() -> None:
    table = repeating()
    table.index = table.index.astype(str)
    assert read(table).description["steps"] == 100
    found = message(table.iloc[::-1])
    assert "the index holds dates as texts, and this one is not later than the row before" in found
    assert found.endswith("Make a column of it, frame = frame.reset_index(), and name it: time='date'")
    assert "Sort the table" in message(table.iloc[::-1].reset_index(), time="date")
    words = table.set_axis([f"row {i}" for i in range(100, 0, -1)])
    assert read(words).description["steps"] == 100


def test_a_column_that_is_the_index_is_made_one() -> None:
    table = repeating()
    advice.followed(
        lambda: read(table, time="date"),
        "the frame: 'date' is in the index; expected a column. Make one of it: frame = frame.reset_index()",
        lambda: read(table.reset_index(), time="date"),
    )
    texts = pd.DataFrame({"text": ["good", "bad"] * 20, "label": ["a", "b"] * 20})
    advice.followed(
        lambda: read_texts(texts.set_index("label"), text="text", label="label"),
        "'label' is in the index; expected a column. Make one of it: frame = frame.reset_index()",
        lambda: read_texts(texts.set_index("label").reset_index(), text="text", label="label"),
    )
    with pytest.raises(ArgumentError, match="'shop' is in the index"):
        read_sequences(panel().set_index("shop"), series="shop", label="sales")


def test_two_columns_of_one_name_are_refused() -> None:
    series = pd.concat([hourly(100), hourly(100)[["sales"]]], axis=1)
    texts = pd.DataFrame([["good", "a", "a"], ["bad", "b", "b"]] * 20, columns=["text", "label", "label"])
    calls: list[tuple[pd.DataFrame, Callable[[Any], Splits]]] = [
        (series, lambda frame: read(frame, time="date")),
        (texts, lambda frame: read_texts(frame, text="text", label="label")),
        (texts, lambda frame: Splits.from_frame(frame, text="text", label="label")),
    ]
    for frame, call in calls:
        with pytest.raises(DataError, match=r"^the frame: has several columns named '") as caught:
            call(frame)
        names: dict[str, Any] = {"frame": frame}
        exec(str(caught.value).split("of each: ")[1], names)
        assert len(call(names["frame"]).train)


@pytest.mark.parametrize("source", [{"a": [1.0]}, [1.0], np.zeros((9, 2))])
def test_what_is_no_table_is_refused(source: Any) -> None:
    calls: list[Callable[[], Splits]] = [
        lambda: read_table(source, target="a", window=2, horizon=1),
        lambda: read_table(source, text="a", label="b"),
        lambda: read_sequences(source, series="a", label="b"),
    ]
    for call in calls:
        with pytest.raises(
            ArgumentError, match=r"^source: received \w+; expected the path of a table, .*DataFrame\(source"
        ):
            call()


def test_columns_that_are_numbered_need_names() -> None:
    frame = pd.DataFrame(np.arange(120.0).reshape(60, 2))
    advice.followed(
        lambda: read_series(frame, target="0", **WINDOW),
        "the frame: has a column named 0; expected texts for names. Make texts of them: frame = "
        "frame.rename(columns=str)",
        lambda: read_series(frame.rename(columns=str), target="0", **WINDOW),
    )
    with pytest.raises(DataError, match="has a column named 0"):
        read_sequences(frame, series="0", label="1")


def test_what_is_not_run_yet_or_has_parts_is_named() -> None:
    class Query:
        def collect(self) -> pd.DataFrame:
            return hourly()

    class Part:
        column_names = ("text", "label")

    with pytest.raises(ArgumentError, match=r"received Query; .* Pass source\.collect\(\)\."):
        read(Query())
    with pytest.raises(ArgumentError, match=r"received dict; .* Pass one part of it: source\['train'\]\."):
        read({"train": Part(), "test": Part()})


def test_rows_of_a_frame_are_named_by_its_index() -> None:
    table = hourly(100).astype({"sales": object})
    table.loc[7, "sales"] = "oops"
    assert message(table, ignore="date").startswith("row 7: 'sales' is 'oops'")
    assert message(table.set_index("date")).startswith("row of date 2024-01-01 07:00:00: 'sales' is 'oops'")
