"""Truth of ``rnnzoo.data.readers.file_tables`` and ``rnnzoo.data.readers.array_store``: on disk as in memory."""

# mypy: disable-error-code="arg-type, attr-defined, union-attr"

from __future__ import annotations

import errno
import gc
import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from large_series import WINDOW, cell, message, numbers, read_in_pieces
from rnnzoo import Splits, create_model, read_table
from rnnzoo.cli.app import make_app
from rnnzoo.cli.data_loading import load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.data.readers import file_tables
from rnnzoo.data.readers.series import read_series
from rnnzoo.data.readers.table_files import read_frame
from rnnzoo.errors import ArgumentError, DataError

pytestmark = pytest.mark.usefixtures("in_own_folder")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    read_in_pieces(monkeypatch)


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


def test_a_disk_that_is_too_small_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", full)
    numbers().to_csv("t.csv", index=False)
    kind, found = message(from_disk=True, **WINDOW)
    assert kind is DataError
    assert found == (
        f"{tempfile.gettempdir()}: received 0.0 GB of numbers for this folder (No space left on device); expected a "
        "disk that has room for them. Set the variable TMPDIR to a folder on another."
    )


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
    # Three columns of float64, and features of three of float32.
    assert sum(file.stat().st_size for file in folder.iterdir()) == 200 * (3 * 8 + 3 * 4)
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
    ran = CliRunner().invoke(make_app(), ["train", "forecaster-lstm", *data, *short])
    assert ran.exit_code == 0, ran.output
    assert '"from_disk": true' in Path("run/config.json").read_text()
    options = DataOptions(data="t.csv", target="y", window=5, horizon=3, from_disk=True)
    assert load_data(DataOptions.from_dict(options.to_dict())).description["from_disk"] is True
