"""Truth of ``rnnzoo.data.readers.table_sources``, ``rnnzoo.data.readers.arrow_tables``: tables of other kinds."""

# mypy: disable-error-code="arg-type, list-item"

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.feather
import pytest
from pyarrow import parquet

import advice
from rnnzoo import FileFormat, Splits, read_data, read_sentences, read_sequences, read_series, read_texts
from rnnzoo.data.readers import file_tables
from rnnzoo.data.readers.arrow_tables import ArrowTable
from rnnzoo.data.readers.table_sources import open_table
from rnnzoo.errors import ArgumentError, DataError, PathNotFoundError

pytestmark = pytest.mark.usefixtures("in_own_folder")

OPTIONS: dict[str, Any] = {"target": "load", "time": "when", "categorical": "kind", "window": 5, "horizon": 2}
KINDS = ("parquet", "feather", "xlsx", "jsonl")


def series(rows: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    frame = pd.DataFrame({"when": times, "load": rng.normal(size=rows).astype(np.float32), "n": range(rows)})
    return frame.assign(kind=pd.Categorical(["calm", "storm", "calm"] * (rows // 3)))


def written(frame: pd.DataFrame, kind: str, name: str = "t") -> str:
    path = f"{name}.{kind}"
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso", double_precision=15)
    else:
        getattr(frame, f"to_{kind}")(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_series_are_those_of_a_frame(kind: str) -> None:
    expected = read_series(series(), **OPTIONS)
    path = written(series(), kind)
    calls = [read_series(path, **OPTIONS), read_data(path, **OPTIONS)]
    if kind in ("parquet", "feather"):
        calls.append(read_series(path, from_disk=True, **OPTIONS))
    for found in calls:
        assert found.description["source"] == path
        assert len(found.description["checksum"]) == 64
        assert found.get_preprocessing().to_config()["categories"] == {"kind": ["calm", "storm"]}
        for one, other in zip(
            found.rows("test").gather([3])[:2], expected.rows("test").gather([3])[:2], strict=True
        ):
            one, other = (part["features"] if isinstance(part, dict) else part for part in (one, other))
            np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_sequences(kind: str) -> None:
    texts = pd.DataFrame({"text": [f"film {n}" for n in range(60)], "label": ["a", "b"] * 30})
    path = written(texts, kind)
    splits = read_texts(path, text="text", label="label", test=written(texts.head(4), kind, "u"))
    assert (len(splits.test or ()), splits.description["test_source"]) == (4, f"u.{kind}")
    numbers = read_texts(
        written(texts.assign(label=range(60)), kind), text="text", label="label", task="regression"
    )
    assert numbers.task == "regression"
    steps = pd.DataFrame(
        {"id": np.repeat(np.arange(40), 3), "v": np.arange(120.0), "y": np.repeat(["a", "b"] * 20, 3)}
    )
    found = read_sequences(written(steps, kind), series="id", label="y")
    assert found.description["features"] == ["v"]
    wrong = texts.assign(label=["a", "b"] * 29 + ["a", None])
    first = {"xlsx": "row 61", "jsonl": "line 60"}.get(kind, "row 59")
    with pytest.raises(DataError, match=rf"t\.{kind}: {first}: "):
        read_texts(written(wrong, kind), text="text", label="label")


def test_nested_columns_are_left_out() -> None:
    frame = series().assign(parts=[[1, 2]] * 90, more=[{"a": 1}] * 90)
    for source in (frame, pyarrow.Table.from_pandas(frame), written(frame, "parquet")):
        advice.followed(
            lambda source=source: read_series(source, **OPTIONS),  # type: ignore[misc]
            "Leave out 'parts' (lists or objects), 'more' (lists or objects): ignore=['parts', 'more']",
            lambda source=source: read_series(source, ignore=["parts", "more"], **OPTIONS),  # type: ignore[misc]
        )
    with pytest.raises(
        DataError, match=r"t\.parquet: 'parts' holds lists or objects; expected a text or a number"
    ):
        file_tables.table_codes(ArrowTable("t.parquet"), "parts")


def test_lists_of_words_are_tagged() -> None:
    with pytest.raises(
        DataError, match=r"t\.parquet: holds a table; .* by read_texts\(file, .*task='tagging'\)"
    ):
        read_sentences(written(series(), "parquet"))
    frame = pd.DataFrame(
        {"words": [["to", "oslo"], ["from", "lima"]] * 30, "tags": [["O", "B"], ["O", "B"]] * 30}
    )
    for kind in ("parquet", "jsonl"):
        splits = read_texts(written(frame, kind), text="words", label="tags", task="tagging")
        assert splits.get_decoding().labels == ["B", "O"]


def test_columns_and_pieces_keep_their_types() -> None:
    frame = series().assign(when=series()["when"].dt.tz_localize("Europe/Berlin"), gone=[None, 1.5, 2.5] * 30)
    parquet.write_table(pyarrow.Table.from_pandas(frame), "t.parquet", row_group_size=40)
    pyarrow.feather.write_feather(frame, "t.feather", chunksize=40)
    for path in ("t.parquet", "t.feather"):
        table = ArrowTable(path, cells=50)
        assert (table.columns, len(table)) == (["when", "load", "n", "kind", "gone"], 90)
        pieces = list(table.pieces(["n", "load"]))
        assert max(map(len, pieces)) <= 25
        assert pieces[0]["load"].dtype == np.float32
        assert pd.concat(pieces).index.tolist() == list(range(90))
        for name in frame.columns:
            column = table.column(name)
            assert column.tolist() == frame[name].tolist() or column.isna().equals(frame[name].isna())
        assert str(table.column("when").dtype).endswith("Europe/Berlin]")
        assert table.row(77)[2] == 77
        assert table.duplicated().sum() == 0
        assert file_tables.column_codes(table.column("kind"))[0].tolist() == [0, 1, 0] * 30
        pd.testing.assert_frame_equal(
            table.frame().drop(columns="kind"), frame.drop(columns="kind"), check_dtype=True
        )


def test_values_of_a_column_are_numbered() -> None:
    frame = pd.DataFrame({"shop": ["b", None, "a", "b", "c", "a"], "n": [3, 1, 3, 2, 1, 1]})
    frame = pd.concat([frame] * 20, ignore_index=True).assign(kind=lambda f: f["shop"].astype("category"))
    expected: dict[str, list[Any]] = {"shop": ["b", "a", "c"], "n": [3, 1, 2], "kind": ["b", "a", "c"]}
    parquet.write_table(pyarrow.Table.from_pandas(frame), "t.parquet", row_group_size=7)
    pyarrow.feather.write_feather(frame, "t.feather", chunksize=7)
    frame.to_csv("t.csv", index=False)
    tables: list[Any] = [frame, ArrowTable("t.parquet", cells=5), ArrowTable("t.feather", cells=5)]
    for table in tables:
        for name, values in expected.items():
            codes, found = file_tables.table_codes(table, name)
            assert (codes.dtype, found) == (np.int32, values)
            assert codes.tolist() == [values.index(v) if v in values else -1 for v in frame[name].tolist()]
    codes, found = file_tables.table_codes(file_tables.FileTable("t.csv", cells=5), "n")
    assert (codes[:6].tolist(), found) == ([0, 1, 0, 2, 1, 1], ["3", "1", "2"])


def test_an_index_is_a_column() -> None:
    frame = series().set_index("when")
    assert read_series(written(frame, "parquet"), **OPTIONS).description["steps"] == 90
    numbered = series().drop(columns="n").drop(index=[1, 2])
    advice.followed(
        lambda: read_series(written(numbered, "parquet"), gaps="break", **OPTIONS),
        "column 4: received '__index_level_0__', the name of a stored index, and row numbers, from 0 to 89; expected "
        "features with names. Write the table with index=False, or leave the column out: ignore=['__index_level_0__']",
        lambda: read_series("t.parquet", gaps="break", ignore="__index_level_0__", **OPTIONS),
    )
    plain = series().reset_index()
    with pytest.raises(DataError, match="column 1: received 'index', the name of a stored index,"):
        read_series(plain, **OPTIONS)
    assert read_series(plain.assign(index=plain["index"] % 7), **OPTIONS).description["steps"] == 90


def test_corrections_write_the_same_kind() -> None:
    for kind in KINDS:
        path = written(series().iloc[::-1], kind)
        with pytest.raises(DataError, match="Sort the table") as caught:
            read_series(path, **OPTIONS)
        exec("import pandas; " + str(caught.value).partition("Sort the table: ")[2], {})
        assert read_series(f"one.{kind}", **OPTIONS).description["steps"] == 90


def test_a_file_that_has_changed_is_refused() -> None:
    table = ArrowTable(written(series(), "parquet"))
    written(series(30), "parquet")
    with pytest.raises(DataError, match=r"t\.parquet: has changed while it was read"):
        table.column("load")


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_cannot_be_read(kind: str) -> None:
    path = Path(written(series(), kind))
    with pytest.raises(PathNotFoundError, match="no such file"):
        read_series(f"no.{kind}", **OPTIONS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=rf"t\.{kind}: (line \d+: not valid JSON|cannot be read as) "):
        read_series(path, **OPTIONS)
    written(series().head(0), kind)
    with pytest.raises(DataError, match="received a header and no rows"):
        read_series(path, **OPTIONS)
    with pytest.raises(ArgumentError, match=r"separator: received ';' with t\.\w+, which .*Leave it out"):
        read_series(path, separator=";", **OPTIONS)


@pytest.mark.parametrize(
    ("kind", "package"), [("parquet", "pyarrow"), ("feather", "pyarrow"), ("xlsx", "openpyxl")]
)
def test_packages_are_named_where_they_are_missing(
    kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(series(), kind)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        DataError, match=rf"^t\.{kind}: is read by {package}, which is .*Run: pip install {package}$"
    ):
        read_series(path, **OPTIONS)


@pytest.mark.parametrize("kind", ["xlsx", "jsonl"])
def test_other_files_do_not_stay_on_disk(kind: str) -> None:
    path = written(series(), kind)
    with pytest.raises(ArgumentError, match=r"from_disk: received True for t\.\w+, which is read in memory"):
        read_series(path, from_disk=True, **OPTIONS)
    with pytest.raises(ArgumentError, match=r"whose texts are read in memory; expected CSV or TSV files"):
        read_texts(path, text="when", label="kind", from_disk=True)


def test_numbers_lie_in_memory_unless_told() -> None:
    path = written(series(), "parquet")
    for from_disk in (False, True):
        table, _ = open_table(path, FileFormat(), from_disk=from_disk)
        store = file_tables.store_for(table)
        assert hasattr(store, "folder") is from_disk


def excel(rows: list[list[Any]], **options: Any) -> Splits:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "loads"
    for row in rows:
        sheet.append(row)
    if options.pop("merge", None):
        sheet.merge_cells("A3:A4")
    book.create_sheet("notes")["A1"] = "nothing"
    book.save("t.xlsx")
    return read_series("t.xlsx", target="load", window=5, horizon=2, **options)


ROWS = [["load", "heat"], *([n / 2, n] for n in range(60))]


def test_texts_of_numbers_in_sheets() -> None:
    rows: list[list[Any]] = [["load"], *([f"{n},5"] for n in range(60))]
    with pytest.raises(
        DataError, match=r"row 2: 'load' is '0,5'; .* and pass the frame: frame = pandas"
    ) as caught:
        excel(rows)
    names: dict[str, Any] = {"pandas": pd}
    exec(str(caught.value).partition("the frame: ")[2].partition(". Else")[0], names)
    assert read_series(names["frame"], target="load", window=5, horizon=2).description["steps"] == 60


def test_sheets_of_excel_files() -> None:
    assert excel(ROWS).description["format"] == {"sheet": "loads"}
    assert excel(ROWS, sheet="loads").description["steps"] == 60
    assert excel(ROWS[1:], column_names=["load", "heat"]).description["steps"] == 60
    assert excel([*ROWS, [None, None], ["", None]]).description["steps"] == 60
    advice.followed(
        lambda: excel(ROWS, sheet="load"),
        "unknown sheet of t.xlsx: received 'load'; did you mean 'loads'? expected one of loads, notes.",
        lambda: excel(ROWS, sheet="loads"),
    )
    for rows, message in (
        (
            [*ROWS[:9], [], *ROWS[9:]],
            "t.xlsx, sheet 'loads': row 10 is empty; expected values in each row. Delete",
        ),
        ([[], *ROWS], "row 1 is empty; expected the names of the columns there. Delete rows before them"),
        ([*ROWS, [1, 2, 3]], "row 62 has a value in column 3; expected 2 columns, as row 1 names"),
        ([["load", "load"], *ROWS[1:]], "has several columns named 'load'"),
    ):
        with pytest.raises(DataError) as caught:
            excel(rows)
        assert message in str(caught.value)
    with pytest.raises(DataError, match=r"the cells A3:A4 are merged; expected a value in .*Unmerge them"):
        excel(ROWS, merge=True)
    with pytest.raises(DataError, match="row 5: 'heat' is 'oops'; expected a finite number"):
        excel([*ROWS[:4], [1, "oops"], *ROWS[4:]])


def json_lines(*lines: str) -> Splits:
    Path("t.jsonl").write_text("".join(f'{{"load": {n}, "at": {{"hour": {n}}}}}\n' for n in range(40)))
    if lines:
        Path("t.jsonl").write_text("".join(f'{{"load": {n}}}\n' for n in range(40)) + "\n".join(lines))
    return read_series("t.jsonl", target="load", window=5, horizon=2)


def test_json_lines_are_refused_by_line() -> None:
    assert json_lines('{"load": 1}', "", '{"load": 2}').description["steps"] == 42
    for line, message in (
        ('{"load": 1', "t.jsonl: line 41: not valid JSON"),
        ("[1, 2]", "line 41 holds list; expected an object, such as"),
        ('{"load": 1, "load": 2}', "line 41: received the key 'load' twice in one object"),
        ('{"load": [[1]]}', "line 41: 'load' holds a list of lists or objects"),
        ('{"load": "x"}', "line 41: 'load' is 'x'; expected a finite number"),
        ("{}", "line 41: 'load' is missing"),
    ):
        with pytest.raises(DataError) as caught:
            json_lines(line)
        assert message in str(caught.value)
    with pytest.raises(
        DataError, match=r"t\.jsonl: line 1: 'at' holds an object; .* in Python: import"
    ) as caught:
        json_lines()
    exec(str(caught.value).partition("in Python: ")[2], {})
    flat = read_series("flat.jsonl", target="load", window=5, horizon=2)
    assert flat.model_arguments["num_features"] == 2
