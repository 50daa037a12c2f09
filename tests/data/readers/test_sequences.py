"""Truth of ``rnnzoo.data.readers.sequences``: long tables, a line per step."""

# mypy: disable-error-code="arg-type, call-overload, index"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo import SequenceColumns, Splits, read_sequences
from rnnzoo.errors import ArgumentError, DataError, UnknownNameError


def table(series: int = 40, steps: int = 4) -> pd.DataFrame:
    """A series per patient, of the label "well" where its number is even."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"p{number}" for number in range(series)], steps),
            "hour": np.tile(np.arange(steps), series),
            "pulse": rng.normal(size=series * steps).round(3),
            "heat": rng.normal(size=series * steps).round(3),
        }
    )
    frame["state"] = np.where(frame["patient"].str[1:].astype(int) % 2, "ill", "well")
    return frame


def save(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


def rows(splits: Splits) -> list[Any]:
    return [row for part in ("train", "validation", "test") for row in splits.rows(part).raw or ()]


def read(source: Any, **options: Any) -> Splits:
    return read_sequences(source, **{"series": "patient", "label": "state", "time": "hour", **options})


def test_each_series_is_a_row_whose_lines_are_put_in_order(tmp_path: Path) -> None:
    frame = table()
    expected = {
        own[["pulse", "heat"]].to_numpy().tobytes(): own["state"].iloc[0]
        for _, own in frame.groupby("patient")
    }
    splits = read(save(frame.sample(frac=1, random_state=1), tmp_path / "t.csv"))
    assert {row.tobytes() for row in rows(splits)} == set(expected)
    labels = splits.get_decoding().labels or []
    for part in ("train", "validation", "test"):
        own = splits.rows(part)
        for row, target in zip(own.raw or (), own.gather(range(len(own)))[1], strict=True):
            assert labels[int(target)] == expected[row.tobytes()]
    assert splits.model_arguments == {"num_features": 2, "variable_length": False, "num_classes": 2}
    facts = splits.description
    assert (facts["source"], facts["features"], facts["series"]) == ("t.csv", ["pulse", "heat"], ["patient"])


def test_a_frame_a_file_and_a_value_object_are_the_same(tmp_path: Path) -> None:
    columns = SequenceColumns("patient", "state", time="hour")
    for other in (
        read(save(table(), tmp_path / "t.csv")),
        read_sequences(table(), columns=columns),
        read(table().drop(columns="hour"), time=None),
    ):
        assert [row.tolist() for row in rows(other)] == [row.tolist() for row in rows(read(table()))]


def test_lines_without_times_stand_together() -> None:
    frame = table().drop(columns="hour")
    mixed = pd.concat([frame, frame.iloc[:1]], ignore_index=True)
    with pytest.raises(
        DataError, match=r"the frame: row 160: goes on with the series of row 0 .*Name the column"
    ):
        read(mixed, time=None)


def test_several_columns_may_tell_series_apart() -> None:
    frame = table()
    frame.insert(0, "ward", np.where(np.arange(len(frame)) < 80, "a", "b"))
    frame["patient"] = np.tile(frame["patient"][:80], 2)
    assert len(rows(read(frame, series=["ward", "patient"]))) == 40
    with pytest.raises(
        DataError, match=r"row 80: has the time of row 0, 0, in the same series.*--series a,b"
    ):
        read(frame, ignore="ward")


def test_tags_are_labels_of_each_line() -> None:
    frame = table()
    frame["state"] = np.where(frame["pulse"] > 0, "high", "low")
    splits = read(frame, task="tagging")
    own = splits.rows("train")
    np.testing.assert_array_equal(own.gather([0])[1][0] == 0, (own.raw or [])[0][:, 0] > 0)
    with pytest.raises(DataError, match=r"'state' is .*one label per series.*--task tagging"):
        read(frame)


def test_numbers_are_a_regression(tmp_path: Path) -> None:
    frame = table()
    frame["state"] = frame.groupby("patient")["pulse"].transform("sum")
    splits = read(save(frame, tmp_path / "t.tsv.csv"), task="regression")
    assert splits.task == "regression"
    assert len(rows(splits)) == 40


def test_irregular_series_keep_times_and_what_is_missing(tmp_path: Path) -> None:
    frame = table()
    frame.loc[[0, 5], "pulse"] = np.nan
    frame["hour"] = pd.Timestamp("2024-01-31") + pd.to_timedelta(frame["hour"] * 90, unit="min")
    splits = read(save(frame, tmp_path / "t.csv"), irregular=True)
    first = next(row for row in rows(splits) if np.isnan(row["values"][0, 0]))
    assert first["times"].tolist() == [0.0, 1.5, 3.0, 4.5]
    assert splits.preprocessing is not None
    assert splits.preprocessing.kind == "irregular"
    assert sum(int(np.isnan(row["values"]).sum()) for row in rows(splits)) == 2
    with pytest.raises(ArgumentError, match="irregular: received True without time"):
        read(frame, time=None, ignore=["hour"], irregular=True)
    with pytest.raises(ArgumentError, match="missing: received 'drop' with irregular"):
        read(frame, irregular=True, missing="drop")


def test_missing_values_are_refused_filled_or_left_out() -> None:
    frame = table()
    frame.loc[[4, 10], "pulse"] = np.nan
    with pytest.raises(
        DataError, match=r"row 4: 'pulse' is missing, and so are values in 2 rows in all.*--missing"
    ):
        read(frame)
    filled = rows(read(frame, missing="ffill"))
    assert sorted(map(len, filled))[:2] == [3, 4]
    assert any(len(row) == 4 and row[2, 0] == row[1, 0] for row in filled)
    dropped = read(frame, missing="drop")
    assert (len(rows(dropped)), dropped.description["rows_left_out"]) == (38, {"train": 2})
    empty = frame.assign(pulse=np.nan)
    with pytest.raises(DataError, match=r"'pulse' has no value in any row.*ignore=\['pulse'\]"):
        read(empty, missing="drop")
    empty.loc[empty["hour"] == 0, "pulse"] = 1.0
    with pytest.raises(DataError, match="every series has missing values"):
        read(empty, missing="drop")
    empty.loc[empty["hour"] == 0, "pulse"] = [np.nan, *[1.0] * 39]
    with pytest.raises(DataError, match="row 0: the series that begins here has a feature without any value"):
        read(empty, missing="ffill")
    tagged = frame.assign(state=frame["hour"].map({0: "a"}).fillna("b"))
    shortest = min(rows(read(tagged, missing="ffill", task="tagging")), key=len)
    assert len(shortest) == 3


def test_texts_are_no_features_and_the_ways_out_work(tmp_path: Path) -> None:
    frame = table()
    frame["sex"] = np.tile(["f", "m"], 80)
    path = save(frame, tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"t\.csv: line 2: 'sex' is 'f'.*pandas\.get_dummies.*--ignore sex"):
        read(path)
    assert read(path, ignore=["sex"]).model_arguments["num_features"] == 2
    made = pd.get_dummies(frame, columns=["sex"], dtype=float)
    assert read(made).description["features"] == ["pulse", "heat", "sex_f", "sex_m"]
    with pytest.raises(
        DataError, match=r"'day' is '2024-01-01'.* the time that orders the lines.*--time day"
    ):
        read(table().assign(day="2024-01-01"))
    with pytest.raises(DataError, match=r"row 7: 'heat' is '1,5'; expected a finite number\. Correct it"):
        read(frame.assign(heat=["1,5" if line == 7 else "1.5" for line in range(160)], sex=1))


def test_a_test_table_has_the_same_columns(tmp_path: Path) -> None:
    path, other = save(table(), tmp_path / "a.csv"), save(table(6)[::-1], tmp_path / "b.csv")
    splits = read(path, test=other)
    assert splits.test is not None
    assert (len(splits.test), splits.description["test_source"]) == (6, "b.csv")
    expected = [row.tolist() for row in splits.rows("test").raw or ()]
    swapped = read(path, test=save(table(6)[["state", "heat", "pulse", "hour", "patient"]], other)).rows(
        "test"
    )
    assert sorted(row.tolist() for row in swapped.raw or ()) == sorted(expected)
    with pytest.raises(UnknownNameError, match=r"unknown column of .*b\.csv: received 'heat'"):
        read(path, test=save(table(6).drop(columns="heat"), other))
    with pytest.raises(
        DataError, match=r"b\.csv: series 'p1' \(line 6\): targets: received the label 'dead'"
    ):
        read(path, test=save(table(6).replace("ill", "dead"), other))


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="received 'pat'; did you mean 'patient'"):
        read(table(), series="pat")
    with pytest.raises(ArgumentError, match="series: received 'state' for two things"):
        read(table(), series="state")
    with pytest.raises(ArgumentError, match=r"time_format: received .* without time"):
        read(table(), time=None, time_format="%d")
    with pytest.raises(ArgumentError, match="ignore: received pulse, heat, beside which"):
        read(table(), ignore=["pulse", "heat"])
    with pytest.raises(DataError, match=r"line 2: 'patient' is empty"):
        read(save(table().replace("p0", ""), tmp_path / "t.csv"))
    with pytest.raises(ArgumentError, match="column_names: received"):
        read(table(), column_names=["a"])
    with pytest.raises(DataError, match="column 1: received no name"):
        read(table().reset_index(names=""))
    with pytest.raises(ArgumentError, match="received 'forecasting' for series of a long table"):
        read(table(), task="forecasting")


@pytest.mark.parametrize("options", [{"time": "step"}, {"ignore": "step"}], ids=str)
def test_a_column_that_counts_is_told_and_named_as_advised(options: dict[str, str]) -> None:
    table = pd.DataFrame({"id": np.repeat(np.arange(40), 3), "step": np.tile([2, 4, 6], 40)})
    table["heat"], table["kind"] = (
        np.random.default_rng(0).normal(size=120),
        np.where(table["id"] % 2, "a", "b"),
    )
    with pytest.warns(
        UserWarning,
        match=r"'step' rises by equal steps from 2 in every series, .* name it as the time, time='step' "
        r"\(--time step\), or leave it out: ignore=\['step'\] \(on the command line --ignore step\)\.",
    ):
        read_sequences(table, series="id", label="kind")
    assert read_sequences(table, series="id", label="kind", **options).model_arguments["num_features"] == 1
