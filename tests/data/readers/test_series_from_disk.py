"""Truth of ``rnnzoo.data.readers.file_tables`` and ``rnnzoo.data.readers.array_store``: on disk as in memory."""

# mypy: disable-error-code="arg-type, attr-defined, union-attr"

from __future__ import annotations

import gc
import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from rnnzoo import Splits, create_model, read_table
from rnnzoo.cli.app import app
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.data.readers import file_tables, series_columns
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.errors import ArgumentError, DataError, RnnzooError

pytestmark = pytest.mark.usefixtures("in_own_folder")

WINDOW: dict[str, Any] = {"target": "y", "window": 5, "horizon": 3}
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows at a time, so that every table here is read in many pieces."""
    monkeypatch.setattr(file_tables, "CELLS", 29)
    monkeypatch.setattr(series_columns, "NUMBERS_AT_A_TIME", 61)


def numbers(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"x": rng.normal(5, 2, rows), "y": np.arange(rows) * 0.1, "z": rng.integers(0, 9, rows)}
    )


def rich(form: str = "%Y-%m-%d %H:%M") -> pd.DataFrame:
    """Dates with two holes, categories, and cells that are missing, some of them at the start and beside a hole."""
    table = numbers(203).astype(object)
    table.insert(1, "when", pd.date_range("2024-01-30", periods=203, freq="h").strftime(form))
    table["kind"] = [("a", " b", "c")[i % 3] for i in range(203)]
    table.loc[[0, 1, 50, 51, 120], "x"] = "NA"
    table.loc[[0, 60, 130], "kind"] = ""
    table.loc[[190], "y"] = "?"
    return table.drop([119, 160, 161])


TABLES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "numbers": (numbers(), {}),
    "filled": (rich(), {"missing": "ffill", "time": "when", "gaps": "break", "categorical": "kind"}),
    "dropped": (rich(), {"missing": "drop", "time": "when", "gaps": "break", "categorical": ["kind"]}),
    "filled across no hole": (rich(), {"missing": "ffill", "ignore": ["when", "kind"]}),
    "days first": (
        rich("%d.%m.%Y %H:%M"),
        {"missing": "drop", "time": "when", "gaps": "break", "ignore": "kind", "validation_fraction": 0.3},
    ),
    "offsets": (
        rich("%Y-%m-%dT%H:%M+02:00"),
        {"missing": "drop", "time": "when", "gaps": "break", "ignore": "kind"},
    ),
    "given format": (
        numbers(60).assign(when=pd.date_range("2024-01-01", periods=60).strftime("%m/%d/%Y")),
        {"time": "when", "time_format": "%m/%d/%Y", "test_fraction": 0.0, "validation_fraction": 0.4},
    ),
    "digits": (
        numbers(90).assign(when=pd.date_range("2024-01-01", periods=90).strftime("%Y%m%d")),
        {"time": "when"},
    ),
    "numbered": (numbers(90).assign(when=np.arange(90) * 2.5), {"time": "when"}),
    "dates that are not named": (
        numbers(90).assign(when=pd.date_range("2024-01-01", periods=90).strftime("%Y-%m-%d")),
        {"ignore": "when", "target": ["y", "z"], "seasonality": 7},
    ),
}


def same(memory: Splits, disk: Splits) -> None:
    """Every number is the same to the last bit: sums are made column by column both ways."""
    assert disk.description == {**memory.description, "from_disk": True}
    assert memory.get_preprocessing().to_config() == disk.get_preprocessing().to_config()
    assert memory.get_decoding().to_config() == disk.get_decoding().to_config()
    assert (memory.test is None) == (disk.test is None)
    for part in ("train", "validation") if memory.test is None else ("train", "validation", "test"):
        one, other = memory.rows(part), disk.rows(part)
        rows = np.arange(len(one))
        assert one.starts.tolist() == other.starts.tolist()
        assert list(one.raw) == list(other.raw)
        expected, found = (
            [
                split.gather(rows)[0]["features"],
                split.gather(rows)[1],
                *split.raw_targets(),
                split.features_at(split.starts),
                np.stack(split.encoded(rows)),
                split.values_at(split.starts, np.zeros(len(rows), int)),
            ]
            for split in (one, other)
        )
        for array, from_disk in zip(expected, found, strict=True):
            assert type(from_disk) is np.ndarray, "not a map of a file"
            assert array.dtype == from_disk.dtype
            np.testing.assert_array_equal(array, from_disk)


@pytest.mark.parametrize("name", TABLES)
def test_splits_are_those_of_memory(name: str) -> None:
    table, options = TABLES[name]
    table.to_csv("t.csv", index=False)
    arguments = {**WINDOW, **options}
    same(read_series("t.csv", **arguments), read_table("t.csv", from_disk=True, **arguments))


@pytest.mark.parametrize("kind", ["csv.gz", "tsv", "tsv.gz"])
def test_other_files_and_files_without_a_header(kind: str) -> None:
    table = numbers(80)
    content = table.to_csv(index=False, header=False, sep="\t" if "tsv" in kind else ",").encode()
    Path(f"t.{kind}").write_bytes(gzip.compress(content) if kind.endswith("gz") else content)
    options = {**WINDOW, "column_names": list(table.columns)}
    same(read_series(f"t.{kind}", **options), read_series(f"t.{kind}", from_disk=True, **options))


def cell(row: int, column: str, value: Any) -> Change:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return change


def several(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table.assign(shop=shop) for shop in ("north", "south")])


def dates(form: str) -> Change:
    return lambda table: table.assign(when=pd.date_range("2024-01-01", periods=200).strftime(form))


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
        "line 190: 'x' is missing, as are values in 2 rows",
    ),
    "no complete row": (
        lambda table: table.assign(x="").drop(columns="when"),
        {"missing": "ffill", "time": None},
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
        "line 202: 'when' repeats the time of the line before; expected times that rise. Drop the 1 rows",
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
        "pandas.to_timedelta(table['clock'].astype(float), unit='h')",
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


def message(**options: Any) -> tuple[type[BaseException], str]:
    with pytest.raises(RnnzooError) as caught:
        read_series("t.csv", **options)
    return caught.type, str(caught.value)


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


def test_what_is_refused_with_from_disk() -> None:
    with pytest.raises(ArgumentError, match="source: received DataFrame with from_disk; expected a file"):
        read_series(numbers(), from_disk=True, **WINDOW)
    with pytest.raises(ArgumentError, match="from_disk: received 1; expected True or False"):
        read_series(numbers(), from_disk=1, **WINDOW)
    missing = message(from_disk=True, **WINDOW)
    assert "t.csv" in missing[1]
    assert missing == message(**WINDOW)


def test_columns_in_files_of_their_own_are_the_same() -> None:
    cells = [["", "a,b", 'say "so"'], ["two\r\nlines", " ", "NA"]]
    pd.DataFrame({"plain": range(6), "ugly": [*cells[0], *cells[1]]}).to_csv("t.csv", index=False)
    table = file_tables.FileTable("t.csv", cells=4)
    assert table.index.tolist() == [2, 3, 4, 6, 7, 8]
    for name in ("plain", "ugly"):
        expected = read_frame("t.csv")[name]
        for column in (table.column(name), table.by_columns().column(name)):
            pieces = list(column.pieces())
            assert [len(piece) for piece in pieces] == [4, 2]
            pd.testing.assert_series_equal(pd.concat(pieces), expected)
            assert [column.cell(row) for row in range(6)] == expected.tolist()
    codes, count = file_tables.column_codes(table.column("ugly"))
    assert (codes.tolist(), count) == ([0, 1, 2, 3, 4, 5], 6)


def test_a_file_that_changes_while_it_is_read_is_refused() -> None:
    numbers(50).to_csv("t.csv", index=False)
    table = file_tables.FileTable("t.csv")
    with Path("t.csv").open("a") as file:
        file.write("1,2,3\n")
    with pytest.raises(DataError, match=r"t\.csv: has changed while it was read; expected the same file"):
        list(table.pieces(["y"]))


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(folder))
    return folder


def test_files_are_there_as_long_as_any_part_is(own_temporary_folder: Path) -> None:
    numbers().to_csv("t.csv", index=False)
    splits = read_series("t.csv", from_disk=True, **WINDOW)
    (folder,) = own_temporary_folder.iterdir()
    # Three columns of float64; features of three and one target of float32; one target of float64.
    assert sum(file.stat().st_size for file in folder.iterdir()) == 200 * (3 * 8 + 3 * 4 + 4 + 8)
    train = splits.rows("train")
    del splits
    gc.collect()
    assert train.gather([0])[0]["features"].shape == (1, 5, 3)
    assert folder.exists()
    del train
    gc.collect()
    assert list(own_temporary_folder.iterdir()) == []


def test_files_of_a_refused_table_and_of_a_program_that_ends_are_gone(own_temporary_folder: Path) -> None:
    cell(150, "x", "oops")(numbers().astype(object)).to_csv("t.csv", index=False)
    assert "'x' is 'oops'" in message(from_disk=True, **WINDOW)[1]
    gc.collect()
    assert list(own_temporary_folder.iterdir()) == []
    numbers().to_csv("t.csv", index=False)
    code = (
        f"import rnnzoo\nsplits = rnnzoo.read_series('t.csv', from_disk=True, **{WINDOW})\nprint(splits.task)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", code],
        env={**os.environ, "TMPDIR": os.fspath(own_temporary_folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("forecasting\n", "")
    assert list(own_temporary_folder.iterdir()) == []


# What getrusage says begins at the size of the process that started it.
MEASURED = """
import sys, time
from pathlib import Path
import pandas
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.table_files import read_frame

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

before, started = peak(), time.perf_counter()
read_series("t.csv", target="c0", window=24, horizon=4, from_disk=sys.argv[1] == "disk")
print(peak() - before, time.perf_counter() - started)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells the peak of memory in /proc alone")
def test_memory_of_two_million_cells_is_a_third_at_most(
    record_property: Callable[[str, object], None],
) -> None:
    rng = np.random.default_rng(0)
    block = [",".join(f"{value:.6f}" for value in row) for row in rng.normal(size=(1000, 50))]
    header = ",".join(f"c{i}" for i in range(50))
    Path("t.csv").write_text("\n".join([header, *block * 40]))
    running = {
        way: subprocess.Popen([sys.executable, "-c", MEASURED, way], stdout=subprocess.PIPE, text=True)
        for way in ("memory", "disk")
    }
    figures = {way: process.communicate()[0].split() for way, process in running.items()}
    megabytes = {way: float(kilobytes) / 1024 for way, (kilobytes, _) in figures.items()}
    record_property("megabytes", megabytes)
    record_property("seconds", {way: float(seconds) for way, (_, seconds) in figures.items()})
    assert megabytes["disk"] * 3 < megabytes["memory"], megabytes


def test_training_on_it_is_training_in_memory() -> None:
    rich().to_csv("t.csv", index=False)
    options = {**WINDOW, "missing": "ffill", "time": "when", "gaps": "break", "categorical": "kind"}
    losses = []
    for from_disk in (False, True):
        splits = read_series("t.csv", from_disk=from_disk, **options)
        keras.utils.set_random_seed(0)
        model = create_model("forecaster-lstm", units=(3,), **splits.model_arguments)
        model.compile("sgd", loss="mse")
        batches = list(splits.train.dataset(16, shuffle=True, seed=3).take(2))
        losses.append(
            [float(model.train_on_batch(inputs["features"], targets)) for inputs, targets in batches]
        )
    assert losses[0][0] != losses[0][1]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


def test_the_command_reads_from_disk() -> None:
    numbers(120).to_csv("t.csv", index=False)
    data = ["--data", "t.csv", "--target", "y", "--window", "5", "--horizon", "3", "--from-disk"]
    short = ["--epochs", "1", "--set", "units=4", "--out", "run"]
    ran = CliRunner().invoke(app, ["train", "forecaster-lstm", *data, *short])
    assert ran.exit_code == 0, ran.output
    assert '"from_disk": true' in Path("run/config.json").read_text()
    options = DataOptions(data="t.csv", target="y", window=5, horizon=3, from_disk=True)
    assert DataOptions.from_dict(options.to_dict()).load().description["from_disk"] is True
