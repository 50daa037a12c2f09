"""Truth of ``rnnzoo.data.readers.wrong_columns``: all columns of a logger that hold no numbers, and the way out."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

import re
import shlex
from typing import Any

import numpy as np
import pandas as pd
import pytest

from large_series import read_in_pieces
from rnnzoo import Splits, read_sequences, read_series
from rnnzoo.cli.data_loading import load_data
from rnnzoo.cli.data_options import DataOptions
from rnnzoo.errors import DataError

pytestmark = pytest.mark.usefixtures("in_own_folder")

WINDOW: dict[str, Any] = {"target": "flow", "window": 5, "horizon": 2}
ROWS = 120


def logger() -> pd.DataFrame:
    """A logger of a plant: switches, texts, nothing, constants, one wrong cell."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "stamp": pd.date_range("2024-01-01", periods=ROWS, freq="min").astype(str),
            "flow": rng.normal(size=ROWS).round(3),
            "pump": np.where(np.arange(ROWS) % 3, "ON", "OFF"),
            "alarm": np.where(np.arange(ROWS) % 4, "false", "true"),
            "door, left": np.where(np.arange(ROWS) % 2, "yes", "no"),
            "spare": "",
            "note": [f"checked by {n}" for n in range(ROWS)],
            "late": ["running"] * (ROWS - 1) + ["fault"],
            "zero": 0,
            "heat": [*map(str, range(ROWS - 1)), "err"],
        }
    )


def refused(source: Any, read: Any = read_series, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(source, **{**WINDOW, **options})
    return str(caught.value)


EXPECTED = (
    "line 2: 'stamp' is '2024-01-01 00:00:00'; expected a finite number. 8 columns hold no numbers, or not all over. "
    "'stamp' holds times: time='stamp' (on the command line --time stamp). "
    "'pump', 'alarm', 'door, left' hold categories: categorical=['pump', 'alarm', 'door, left'] (on the command line "
    "--categorical 'pump,alarm,\"door, left\"'). "
    "Leave out 'note' (texts), 'late' (texts), 'spare' (no value): ignore=['note', 'late', 'spare'] (on the command "
    "line --ignore note,late,spare). "
    "'heat' holds numbers but for 1 cell, the first of them 'err' in line 121: correct it, or leave the column out too."
)


def test_all_columns_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    logger().to_csv("t.csv", index=False)
    assert refused("t.csv") == EXPECTED
    read_in_pieces(monkeypatch)
    assert refused("t.csv", from_disk=True) == EXPECTED
    assert refused(logger().assign(spare=np.nan)) == EXPECTED.replace("line 2", "row 0").replace(
        "line 121", "row 119"
    )


def arguments(message: str) -> dict[str, Any]:
    """The arguments that a message tells to pass."""
    found: dict[str, Any] = {}
    exec("\n".join(re.findall(r"(?:time|categorical|ignore)=(?:'[^']*'|\[[^]]*\])", message)), found)
    return {name: found[name] for name in ("time", "categorical", "ignore") if name in found}


def options(message: str) -> dict[str, str]:
    """The options that it tells to give."""
    return {
        name: shlex.split(value)[0]
        for name, value in re.findall(r"command line --(time|categorical|ignore) ('[^']*'|[^)]*)\)", message)
    }


def test_the_ways_out_work_when_they_are_followed() -> None:
    logger().assign(heat=range(ROWS)).to_csv("t.csv", index=False)
    message = refused("t.csv")
    told = arguments(message)
    assert sorted(told) == ["categorical", "ignore", "time"]
    splits = read_series("t.csv", **WINDOW, **told)
    assert splits.model_arguments["num_features"] == 3 + 2 * 3  # flow, zero and heat, and three switches
    command = DataOptions(data="t.csv", **WINDOW, **options(message))
    assert load_data(command).description["checksum"] == splits.description["checksum"]
    assert load_data(command).model_arguments == splits.model_arguments


def test_what_was_told_before_is_told_again() -> None:
    frame = logger().drop(columns=["heat", "alarm", "spare", "late"])
    message = refused(frame, time="stamp", categorical="pump", ignore="note")
    assert "'door, left' is 'no'; expected a finite number. Correct it, or say what the column is" in message
    two = frame.assign(memo=[f"memo {n}" for n in range(ROWS)])
    message = refused(two, time="stamp", categorical="pump", ignore="note")
    assert "categorical=['pump', 'door, left']" in message
    assert "ignore=['note', 'memo']" in message
    assert read_series(two, **WINDOW, **{**arguments(message), "time": "stamp"}).description["steps"] == ROWS


def test_a_target_is_not_to_be_left_out() -> None:
    message = refused(logger(), target=["note", "spare"], time="stamp", ignore=["heat", "late"])
    assert message.startswith(
        "row 0: 'note' is 'checked by 0'; expected a finite number. 5 columns hold no numbers"
    )
    assert (
        "'note', 'spare', which are to be forecast, hold no numbers, or not all over: correct the column"
        in message
    )
    assert "Leave out" not in message


def test_columns_of_one_value_are_left_as_they_are() -> None:
    frame = logger()[["flow", "zero"]].assign(one=1.5)
    splits = read_series(frame, **WINDOW)
    features = splits.rows("train").gather([0])[0]["features"]
    assert np.isfinite(features).all()
    assert (features[..., 1:] == 0).all()


@pytest.mark.parametrize("kind", [bool, "boolean"])
def test_columns_of_booleans_are_categories(kind: Any) -> None:
    frame = logger()[["flow"]].assign(on=np.arange(ROWS) % 2 == 0, off=np.arange(ROWS) % 3 == 0)
    message = refused(frame.astype({"on": kind, "off": kind}))
    assert "'on', 'off' hold categories: categorical=['on', 'off']" in message
    assert read_series(frame, **WINDOW, **arguments(message)).model_arguments["num_features"] == 5


def sequences(frame: pd.DataFrame, **told: Any) -> Splits:
    return read_sequences(frame, series="id", label="kind", **told)


def test_long_tables_name_all_columns_too() -> None:
    frame = logger().assign(id=np.repeat(np.arange(40), 3), kind=np.repeat(["a", "b"] * 20, 3))
    with pytest.raises(DataError) as caught:
        sequences(frame.drop(columns="heat"))
    message = str(caught.value)
    assert message.startswith(
        "the frame: row 0: 'stamp' is '2024-01-01 00:00:00'; expected a finite number. 7 columns"
    )
    told = arguments(message)
    assert told == {"time": "stamp", "ignore": ["pump", "alarm", "door, left", "note", "late", "spare"]}
    assert sequences(frame.drop(columns="heat"), **told).description["features"] == ["flow", "zero"]
