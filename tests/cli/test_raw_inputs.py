"""Truth of ``rnnzoo.cli.raw_inputs``: inputs that would be read wrongly are refused, and the advice works."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import refused
from handmade_bundles import scorer, writer
from rnnzoo import FileFormat
from rnnzoo.cli.app import run
from rnnzoo.cli.raw_inputs import read_raw_inputs
from rnnzoo.decoding import Decoding
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import (
    CategoryPreprocessing,
    FeaturePreprocessing,
    Preprocessing,
    TextPreprocessing,
    TokenPreprocessing,
    WindowPreprocessing,
)
from series_tables import followed

pytestmark = pytest.mark.usefixtures("in_own_folder")

TEXTS = TextPreprocessing(["", "[UNK]", "good", "film"])
TABLE = np.array([[9.0, 9.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
WINDOWS = WindowPreprocessing(
    numeric=["load"], mean=[0.0], scale=[1.0], categories={"day": ["a", "b"]}, window=2
)


def read(
    preprocessing: Preprocessing,
    *arguments: str,
    file: str | None = None,
    text: str | None = None,
    **form: Any,
) -> Any:
    bundle = SimpleNamespace(preprocessing=preprocessing)
    path = None if file is None else Path(file)
    return read_raw_inputs(
        bundle, list(arguments), path, text=text, columns=None, form=FileFormat(**form) if form else None
    )


def hours(rows: int = 48, **columns: Any) -> pd.DataFrame:
    times = pd.date_range("2024-03-01", periods=rows, freq="h")
    return pd.DataFrame({"hour": times, "load": np.arange(rows) / 2, "day": "a"} | columns)


def written(frame: pd.DataFrame, **options: Any) -> str:
    frame.to_csv("t.csv", index=False, **options)
    return "t.csv"


def test_tables_are_read_as_in_training() -> None:
    expected = {"load": [0.0, 0.5, 1.0, 1.5], "day": ["a"] * 4}
    table = hours(4)
    Path("t.csv").write_text(table.to_csv(index=False, sep=";", decimal=","))
    assert read(WINDOWS, file="t.csv") == [expected]
    table.to_csv("c.csv", index=False, decimal=",")
    with pytest.raises(
        DataError, match=r"'load' is '0,0'.*pass decimal=',' \(on the command line --decimal ,\)"
    ):
        read(WINDOWS, file="c.csv")
    assert read(WINDOWS, file="c.csv", decimal=",") == [expected]
    table.to_parquet("t.parquet")
    table.to_excel("t.xlsx", index=False)
    for name in ("t.parquet", "t.xlsx"):
        assert read(WINDOWS, file=name) == [expected]
    Path("t.txt").write_text("good film")
    with pytest.raises(ArgumentError, match=r"sheet: received 'x' with t\.txt, which is no table"):
        read(TEXTS, file="t.txt", sheet="x")
    texts = pd.DataFrame({"text": ["good café", "film"]})
    texts.to_csv("e.csv", index=False, encoding="cp1252")
    assert read(TEXTS, file="e.csv", text="text", encoding="cp1252") == ["good café", "film"]
    texts.assign(text=texts["text"].where(texts["text"] != "film")).to_parquet("n.parquet")
    with pytest.raises(DataError, match=r"n\.parquet: row 1: 'text' is missing; expected a text"):
        read(TEXTS, file="n.parquet", text="text")


@pytest.mark.parametrize("form", [None, "%d.%m.%Y %H:%M"])
def test_rows_that_are_newest_first_are_refused_and_the_advice_sorts_them(form: str | None) -> None:
    with pytest.raises(DataError) as caught:
        read(WINDOWS, file=written(hours()[::-1], date_format=form))
    message = str(caught.value)
    assert message.startswith(
        "t.csv: the dates of the column 'hour' do not rise. Drop the column if they are not the times of the rows. "
        "Otherwise: line 3: 'hour' is earlier than the line before; expected times that rise. Sort the table: "
    )
    followed(message)
    assert read(WINDOWS, file="one.csv")[0]["load"] == hours()["load"].tolist()


def test_a_time_that_is_there_twice_is_refused_and_the_advice_drops_it() -> None:
    twice = pd.concat([hours(), hours().tail(1)])
    with pytest.raises(
        DataError,
        match=r"line 50: 'hour' repeats the time of the line before; .* Drop the row that is a copy",
    ):
        read(WINDOWS, file=written(twice))
    with pytest.raises(DataError) as caught:
        read(WINDOWS, file="t.csv")
    followed(str(caught.value))
    assert len(read(WINDOWS, file="one.csv")[0]["load"]) == 48


def test_a_column_that_is_not_the_time_may_be_dropped() -> None:
    table = hours().assign(served=pd.Timestamp("2024-01-01"))
    assert len(read(WINDOWS, file=written(table))[0]["load"]) == 48  # other dates rise
    with pytest.raises(
        DataError, match=r"^t\.csv: the dates of the column 'served' do not rise\. Drop the column"
    ):
        read(WINDOWS, file=written(table.drop(columns="hour")))
    assert len(read(WINDOWS, file=written(table[["load", "day"]]))[0]["load"]) == 48


@pytest.mark.parametrize(
    "columns",
    [
        {"hour": [3, 1] * 24},  # numbers
        {"hour": "a note of 2024"},
        {"hour": [""] * 48},
        {"hour": np.repeat(["2024-03-01", "2024-03-02"], 24), "clock": list(range(24)) * 2},
    ],
)
def test_what_tells_no_order_is_left_out(columns: dict[str, Any]) -> None:
    (found,) = read(WINDOWS, file=written(hours(**columns)))
    assert found == {"load": hours()["load"].tolist(), "day": ["a"] * 48}


def test_dates_beside_an_hour_that_the_model_reads_repeat_as_they_should() -> None:
    named = WindowPreprocessing(
        numeric=["load", "hour"], mean=[0.0] * 2, scale=[1.0] * 2, categories={}, window=2
    )
    table = hours(date=np.repeat(["2024-03-01", "2024-03-02"], 24), hour=list(range(24)) * 2)
    assert read(named, file=written(table))[0]["hour"] == list(range(24)) * 2
    with pytest.raises(DataError, match=r"the dates of the column 'date' do not rise"):
        read(named, file=written(table[::-1]))


def test_dates_that_the_model_reads_are_left_to_it() -> None:
    named = WindowPreprocessing(
        numeric=["load"], mean=[0.0], scale=[1.0], categories={"hour": ["2024-03-01"]}, window=2
    )
    assert len(read(named, file=written(hours(hour="2024-03-01")))[0]["hour"]) == 48


@pytest.mark.parametrize(("suffix", "fix"), [("csv", ', or write "" for an empty cell'), ("tsv", "")])
def test_a_blank_line_of_a_single_column_is_refused_by_its_line(suffix: str, fix: str) -> None:
    file = Path(f"t.{suffix}")
    file.write_text("text\ngood\n\nfilm\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(TEXTS, file=str(file), text="text")
    assert str(caught.value) == (
        f"{file}: line 3 is blank; expected a value of 'text' in every line of a table of one column. Delete the "
        f"line{fix}."
    )
    file.write_text("text\ngood\nfilm\n", encoding="utf-8")
    assert read(TEXTS, file=str(file), text="text") == ["good", "film"]
    Path("empty.csv").write_text('text\ngood\n""\nfilm\n', encoding="utf-8")
    assert read(TEXTS, file="empty.csv", text="text") == ["good", "", "film"]
    Path("wide.csv").write_text("text,n\ngood,1\n\nfilm,2\n", encoding="utf-8")
    assert read(TEXTS, file="wide.csv", text="text") == ["good", "film"]


def test_text_in_place_of_json_is_told_what_this_model_takes() -> None:
    series = FeaturePreprocessing.fit([np.array([[0.0, 1.0, 5.0], [1.0, 3.0, 2.0]])])
    with pytest.raises(DataError) as caught:
        read(WINDOWS, "hello")
    assert str(caught.value).endswith(
        '; expected columns of 2 values or more, such as {"load": [0.1, 0.2, ...], "day": ["a", ...]}.'
    )
    with pytest.raises(DataError) as caught:
        read(series, "hello")
    start, _, example = str(caught.value).removesuffix(".").partition(" numbers, such as ")
    assert start.startswith("the input: not valid JSON (")
    assert start.endswith("; expected a series, a list of steps of 3")
    (row,) = read(series, example)
    assert series.apply([row])["features"].shape == (1, 2, 3)


def test_windows_of_your_own_are_read_from_arrays_and_asked_for_by_their_number() -> None:
    values = np.arange(60.0).reshape(10, 3, 2)
    own = WindowPreprocessing(
        numeric=["feature_0", "feature_1"], mean=[0.0] * 2, scale=[1.0] * 2, categories={}, window=3
    )
    expected = [{"feature_0": row[:, 0].tolist(), "feature_1": row[:, 1].tolist()} for row in values]
    np.savez("w.npz", x=values, y=np.zeros((10, 2)))
    np.save("w.npy", values)
    np.save("one.npy", values[0])
    assert read(own, file="w.npz") == read(own, file="w.npy") == expected
    assert read(own, file="one.npy") == expected[:1]
    np.save("narrow.npy", values[..., :1])
    with pytest.raises(
        DataError, match=r"narrow\.npy: row 0 has the shape \(3, 1\); expected \(3, 2\), steps"
    ):
        read(own, file="narrow.npy")
    with pytest.raises(ArgumentError, match=r"received the arrays w\.npy; expected .* Give \.csv"):
        read(WINDOWS, file="w.npy")
    with pytest.raises(RowError) as caught:
        own.encode([values[0]])
    advice = str(caught.value).removesuffix(", ...}.").rpartition(": {")[2]
    key, _, code = advice.partition(": ")
    assert (json.loads(key), code) == ("feature_0", "window[:, 0].tolist()")
    # As it says, and so on for the other feature.
    asked = {f"feature_{n}": eval(code.replace("0", str(n)), {"window": values[0]}) for n in range(2)}
    np.testing.assert_array_equal(own.encode([asked])[0], values[0])
    with pytest.raises(RowError, match=r'row 0: received list; expected columns such as {"load": \[20\.1'):
        WINDOWS.encode([[1.0, 2.0]])


def test_json_lines_in_a_file_of_one_json_are_told_their_ending() -> None:
    Path("t.json").write_text('{"load": [1, 2], "day": ["a", "b"]}\n{"load": [3, 4], "day": ["b", "b"]}\n')
    with pytest.raises(DataError) as caught:
        read(WINDOWS, file="t.json")
    assert str(caught.value) == (
        "t.json: holds JSON lines, an object in each; expected the ending .jsonl. Rename it to t.jsonl."
    )
    Path("t.json").rename("t.jsonl")
    assert [row["load"] for row in read(WINDOWS, file="t.jsonl")] == [[1, 2], [3, 4]]


def test_a_run_in_place_of_a_bundle_is_told_how_to_export_it(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("my run")
    folder.mkdir()
    (folder / "model.keras").touch()
    message = refused(capsys, "predict", folder, "good")
    assert message == (
        "error: my run: is a run of training; expected a bundle. Export it: "
        "rnnzoo export 'my run' --out 'my run-bundle'\n"
    )
    assert "rnnzoo export 'my run'" in refused(capsys, "serve", folder)
    command, *words = shlex.split(message.partition("Export it: ")[2])
    assert command == "rnnzoo"
    (folder / "model.keras").unlink()
    assert "my run" in refused(capsys, *words)  # the command is one, and reads this folder


def test_words_of_one_sentence_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    words = TokenPreprocessing(["", "[UNK]", "play", "jazz"])
    tags = Decoding("tagging", labels=["music", "other"])
    writer(Path("b"), TABLE[:, :2], words, decoding=tags)
    assert run(["predict", "b", "play", "jazz", "--json"]) == 0
    out, error = capsys.readouterr()
    assert len(json.loads(out)) == 2
    assert error.startswith("note   predict: received 2 sentences of one word each.")
    advice = error.strip().removesuffix(".").partition("give one row: ")[2]
    assert run(["predict", "b", *shlex.split(advice), "--json"]) == 0
    out, error = capsys.readouterr()
    assert (len(json.loads(out)), error) == (1, "")


def test_a_table_of_texts_is_answered_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    scorer(Path("b"), TABLE, preprocessing=TEXTS, decoding=Decoding("classification", labels=["up", "down"]))
    Path("t.csv").write_text("text\ngood\nfilm\n", encoding="utf-8")
    assert run(["predict", "b", "--input", "t.csv", "--text", "text", "--json"]) == 0
    assert [answer["label"] for answer in json.loads(capsys.readouterr().out)] == ["up", "down"]


def test_a_category_is_taken_as_it_is_typed() -> None:
    shops = CategoryPreprocessing(["north", "south"])
    assert read(shops, "north", '"south"', "7") == ["north", "south", "7"]
    assert read(CategoryPreprocessing([1, 2]), "2") == [2]
