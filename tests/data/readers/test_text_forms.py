"""Truth of ``rnnzoo.data.readers.text_form`` and ``rnnzoo.data.readers.file_format``: what is found, or told."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import advice
from rnnzoo import FileFormat, Splits, read_sequences, read_series, read_texts
from rnnzoo.data.overview import overview
from rnnzoo.data.readers.file_tables import FileTable
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.errors import ArgumentError, DataError, RnnzooError, UnknownNameError

pytestmark = pytest.mark.usefixtures("in_own_folder")

RNG = np.random.default_rng(0)
HOURS = pd.date_range("2024-01-11", periods=80, freq="h")
LOAD = RNG.normal(1500, 600, 80).round(2)
WINDOW: dict[str, Any] = {"target": "Last", "time": "Zeit", "window": 5, "horizon": 2}


def german(value: float) -> str:
    """A number as a German spreadsheet shows it."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def table(**columns: Any) -> pd.DataFrame:
    own = {"Zeit": HOURS.strftime("%d.%m.%Y %H:%M"), "Last": [german(v) for v in LOAD], "Zähler": range(80)}
    return pd.DataFrame({**own, **columns})


def written(frame: pd.DataFrame, name: str = "t.csv", encoding: str = "utf-8", **options: Any) -> str:
    content = frame.to_csv(index=False, **options).encode(encoding)
    Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return name


def both(name: str, **options: Any) -> Splits:
    """Reads a series in memory and from disk, which must answer the same."""
    refused = None
    try:
        found = read_series(name, **{**WINDOW, **options})
    except RnnzooError as error:
        refused = error
    if refused is not None:
        with pytest.raises(type(refused)) as caught:
            read_series(name, from_disk=True, **{**WINDOW, **options})
        assert str(caught.value) == str(refused)
        raise refused
    disk = read_series(name, from_disk=True, **{**WINDOW, **options})
    assert disk.description == {**found.description, "from_disk": True}
    np.testing.assert_array_equal(disk.rows("test").gather([0])[1], found.rows("test").gather([0])[1])
    return found


PLAIN = table(Last=LOAD)


@pytest.mark.parametrize(
    ("name", "form", "options"),
    [
        ("t.csv", {"separator": ";", "decimal": ","}, {"sep": ";"}),
        ("t.csv.gz", {"separator": "|", "decimal": ","}, {"sep": "|"}),
        (
            "t.csv",
            {"separator": "\t", "decimal": ",", "encoding": "utf-16"},
            {"sep": "\t", "encoding": "utf-16"},
        ),
        ("t.tsv", {"separator": ";", "decimal": ","}, {"sep": ";", "encoding": "utf-8-sig"}),
        ("t.tsv", {"decimal": ","}, {"sep": "\t"}),
    ],
)
def test_the_numbers_are_those_of_a_plain_table(
    name: str, form: dict[str, str], options: dict[str, str]
) -> None:
    found = both(written(table(), name, **options))
    plain = read_series(PLAIN, **WINDOW)
    assert found.description["format"] == form
    assert overview(found).facts["written"] == ", ".join(f"{key} {value!r}" for key, value in form.items())
    for part in ("train", "test"):
        rows = np.arange(len(plain.rows(part)))
        (one, targets, _), (other, found_targets, _) = (s.rows(part).gather(rows) for s in (plain, found))
        np.testing.assert_array_equal(one["features"], other["features"])
        np.testing.assert_array_equal(targets, found_targets)


def test_a_usual_table_says_nothing_of_its_form() -> None:
    assert "format" not in both(written(PLAIN)).description
    assert "written" not in overview(both(written(PLAIN))).facts


def test_semicolons_may_have_points_and_commas_in_texts() -> None:
    plain = both(written(PLAIN, sep=";"))
    assert plain.description["format"] == {"separator": ";"}
    texts = pd.DataFrame(
        {"text": ["one, two, three", "well; yes", "1,5"] * 20, "label": ["a", "b", "b"] * 20}
    )
    for mark in (";", "|", "\t"):
        found = read_texts(written(texts, sep=mark), text="text", label="label", max_tokens=50)
        assert found.description["format"]["separator"] == mark
        assert {"1,5", "well; yes"} <= {
            text for part in ("train", "test") for text in found.rows(part).raw or ()
        }


def test_a_line_that_names_the_separator_is_no_header() -> None:
    content = "sep=;\r\n" + table().to_csv(index=False, sep=";")
    Path("t.csv").write_text(content)
    assert both("t.csv").description["format"] == {"separator": ";", "decimal": ","}
    Path("t.csv").write_text(content + "x;oops;1\n")
    with pytest.raises(DataError, match="line 83: 'Last' is 'oops'"):
        both("t.csv", time=None, ignore="Zeit")


def test_files_without_a_header() -> None:
    names = ["Zeit", "Last", "Zähler"]
    found = both(written(table(), sep=";", header=False), column_names=names)
    assert found.description["format"] == {"separator": ";", "decimal": ","}
    form = FileFormat(column_names=names, separator=";", decimal=",")
    again = read_series("t.csv", file_format=form, **WINDOW)
    assert again.description == found.description
    with pytest.raises(ArgumentError, match="separator: received ';' beside file_format"):
        read_series("t.csv", file_format=form, separator=";", **WINDOW)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2,25"], ["1.5", "2.25"]),
        (["1.234,5", "7"], ["1234.5", "7"]),
        (["1,5", "2.25"], ["1,5", "2.25"]),
        (["1,234", "5,678"], ["1,234", "5,678"]),
        (["0,234", "5,678"], ["0.234", "5.678"]),
        (["1,5", "01.02.2024"], ["1.5", "01.02.2024"]),
        (["1,5", "a,b"], ["1.5", "a,b"]),
        (["1e5", "1,5E-3"], ["1e5", "1.5E-3"]),
    ],
)
def test_a_comma_is_a_decimal_mark_where_there_is_no_doubt(cells: list[str], expected: list[str]) -> None:
    written(pd.DataFrame({"a": cells, "b": "x"}), sep=";")
    assert read_frame("t.csv")["a"].tolist() == expected
    assert next(FileTable("t.csv").pieces(["a"]))["a"].tolist() == expected


def test_a_comma_that_was_told_takes_all_numbers() -> None:
    written(pd.DataFrame({"a": ["1.234", "5,678", "1.5", "1.234.567"], "b": "x,y"}))
    assert read_frame("t.csv")["a"].tolist() == ["1.234", "5,678", "1.5", "1.234.567"]
    told = read_frame("t.csv", form=FileFormat(decimal=","))
    assert told["a"].tolist() == ["1234", "5.678", "1.5", "1234567"]
    assert told["b"].tolist() == ["x,y"] * 4
    kept = read_frame("t.csv", form=FileFormat(decimal=","), texts=["a"])
    assert kept["a"].tolist() == ["1.234", "5,678", "1.5", "1.234.567"]


def test_a_point_among_commas_is_not_guessed() -> None:
    late = table()
    late.loc[79, "Last"] = "1.5"
    many = pd.concat([late.head(79)] * 4 + [late.tail(1)]).assign(Zeit=range(317))
    advice.followed(
        lambda: both(written(many, sep=";")),
        "t.csv: line 318: 'Last' is '1.5', but numbers before have a decimal comma; expected one mark. Say which it "
        "is: decimal=',' or decimal='.' (on the command line --decimal ,)",
        lambda: both("t.csv", decimal=","),
    )


def test_thousands_may_be_meant() -> None:
    frame = table(Last=["1,234", "5,678"] * 40)
    advice.followed(
        lambda: both(written(frame, sep=";")),
        "If the comma is a decimal mark, pass decimal=',' (on the command line --decimal ,). Else: 'Last', which "
        "is to be forecast, holds no numbers, or not all over: correct the column, or name another target.",
        lambda: both("t.csv", decimal=","),
    )
    advice.followed(
        lambda: read_series(frame, **WINDOW),
        "frame['Last'] = frame['Last'].str.replace(',', '.').astype(float). Else: ",
        lambda: read_series(frame.assign(Last=frame["Last"].str.replace(",", ".").astype(float)), **WINDOW),
    )


def test_a_single_column_of_decimal_commas() -> None:
    Path("t.csv").write_text("Last\n" + "".join(f"{n},5\n" for n in range(60)))
    advice.followed(
        lambda: both("t.csv", time=None),
        "line 2 has 2 columns; expected 1. Cells were cut at ',', which the header does not hold. If commas are "
        "decimal marks, pass separator=';', decimal=',' (on the command line --separator ';' --decimal ,)",
        lambda: both("t.csv", time=None, separator=";", decimal=","),
    )


def test_lines_of_another_width_name_the_separator() -> None:
    Path("t.csv").write_text(table().to_csv(index=False, sep=";") + "1;2\n")
    with pytest.raises(
        DataError, match=r"line 82 has 2 columns; expected 3\. Cells were cut at ';'; for another"
    ):
        both("t.csv")


def test_corrections_keep_the_form_of_the_file() -> None:
    written(table().iloc[::-1], sep=";", encoding="cp1252")
    with pytest.raises(DataError, match="Sort the table") as caught:
        both("t.csv", encoding="cp1252")
    code = str(caught.value).partition("Sort the table: ")[2]
    assert "encoding='cp1252'" in code
    exec("import pandas; " + code, {})
    assert both("one.csv", encoding="cp1252").description["steps"] == 80


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "two characters": (
        {"separator": "::"},
        ArgumentError,
        "separator: received '::'; expected one character",
    ),
    "a letter": ({"separator": "x"}, ArgumentError, "separator: received 'x'"),
    "a quote": ({"separator": '"'}, ArgumentError, "separator: received '\"'"),
    "a decimal": ({"decimal": "'"}, ArgumentError, "decimal: received \"'\"; expected '.' or ','"),
    "an encoding": (
        {"encoding": "cp125x"},
        UnknownNameError,
        "unknown encoding: received 'cp125x'; did you mean",
    ),
    "no text": ({"encoding": "hex"}, UnknownNameError, "unknown encoding: received 'hex'"),
    "a sheet": ({"sheet": 3}, ArgumentError, "sheet: received 3; expected the name of a sheet"),
}


@pytest.mark.parametrize("name", WRONG)
def test_forms_that_cannot_be(name: str) -> None:
    options, kind, message = WRONG[name]
    written(PLAIN)
    with pytest.raises(kind) as caught:
        FileFormat(**options)
    assert str(caught.value).startswith(message)
    with pytest.raises(kind) as caught:
        read_series("t.csv", **WINDOW, **options)
    assert str(caught.value).startswith(message)


def test_a_frame_has_no_form() -> None:
    calls: list[Callable[[], object]] = [
        lambda: read_series(PLAIN, separator=";", **WINDOW),
        lambda: read_sequences(PLAIN, series="Zähler", label="Zeit", separator=";"),
        lambda: read_texts(PLAIN, text="Zeit", label="Last", separator=";"),
    ]
    for call in calls:
        with pytest.raises(ArgumentError, match="separator: received ';' with a frame, which is no file"):
            call()
    assert FileFormat(separator="\\t") == FileFormat(separator="\t") == FileFormat(separator="tab")


def test_texts_from_disk_have_forms_too() -> None:
    texts = pd.DataFrame({"text": [f"café {n}" for n in range(60)], "label": ["1,5", "2,5"] * 30})
    written(texts, sep=";", encoding="cp1252")
    options: dict[str, Any] = {"text": "text", "label": "label", "encoding": "cp1252"}
    memory = read_texts("t.csv", **options)
    disk = read_texts("t.csv", from_disk=True, test="t.csv", **options)
    assert disk.description["test_format"] == disk.description["format"] == memory.description["format"]
    assert disk.get_decoding().labels == memory.get_decoding().labels == ["1.5", "2.5"]
