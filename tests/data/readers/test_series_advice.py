"""Truth of ``rnnzoo.data.readers.sequences``: what is advised on tables of series works when followed."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from advice import Advice, followed
from rnnzoo import (
    Splits,
    read_data,
    read_sequences,
    read_series,
)

pytestmark = [pytest.mark.usefixtures("in_own_folder"), pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = 40
Y = np.array(["up", "down"] * (ROWS // 2))


def table(**columns: Any) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=160)
    own = {"id": np.repeat(np.arange(40), 4), "hour": np.tile([0, 1, 2, 4], 40), "pulse": values}
    return pd.DataFrame({**own, "state": np.repeat(Y, 4), **columns})


def sequences(frame: pd.DataFrame, **options: Any) -> Splits:
    return read_sequences(frame, **{"series": "id", "label": "state", "time": "hour", **options})


HOLE = table()["pulse"].where(np.arange(160) != 6)
SEQUENCES: dict[str, Advice] = {
    "apart": (
        lambda: sequences(table().sort_values("hour", kind="stable"), time=None, ignore=["hour"]),
        "Name the column that orders them: time= (on the command line --time)",
        (lambda: sequences(table().sort_values("hour", kind="stable")),),
    ),
    "twice": (
        lambda: sequences(
            table(id=np.tile(np.arange(20).repeat(4), 2), ward=np.repeat(["a", "b"], 80)), ignore="ward"
        ),
        "Drop one, or name all columns that tell series apart: series=[...] (on the command line --series a,b)",
        (
            lambda: sequences(
                table(id=np.tile(np.arange(20).repeat(4), 2), ward=np.repeat(["a", "b"], 80)),
                series=["id", "ward"],
            ),
        ),
    ),
    "day": (
        lambda: sequences(table(day="2024-01-01")),
        "name it: time='day' (on the command line --time day); else leave it out: ignore=['day'] (--ignore day)",
        (
            lambda: sequences(table(day=pd.date_range("2024-01-01", periods=160).astype(str)), time="day"),
            lambda: sequences(table(day="2024-01-01"), ignore=["day"]),
        ),
    ),
    "comma": (
        lambda: sequences(table(heat=["1,5", *["1"] * 159])),
        "Correct it, or leave the column out: ignore=['heat'] (on the command line --ignore heat)",
        (
            lambda: sequences(table(heat=["1.5", *["1"] * 159])),
            lambda: sequences(table(heat=["1,5", *["1"] * 159]), ignore=["heat"]),
        ),
    ),
    "absent": (
        lambda: sequences(table(heat=["n/a", *["1"] * 159]), missing="ffill"),
        "If the value is missing, empty the cell",
        (lambda: sequences(table(heat=["", *["1"] * 159]), missing="ffill"),),
    ),
    "missing": (
        lambda: sequences(table(pulse=HOLE)),
        "Pass missing='ffill' (on the command line --missing ffill) to take the last value before, or missing='drop' "
        "to leave such rows out. Models of irregular series read missing values: irregular=True",
        (
            lambda: sequences(table(pulse=HOLE), missing="ffill"),
            lambda: sequences(table(pulse=HOLE), missing="drop"),
            lambda: sequences(table(pulse=HOLE), irregular=True),
        ),
    ),
    "irregular": (
        lambda: sequences(table(), time=None, irregular=True),
        "Pass time= (--time) too",
        (lambda: sequences(table(), time="hour", irregular=True),),
    ),
    "format": (
        lambda: sequences(table(), time=None, time_format="%H"),
        "Pass time= (on the command line --time) too",
        (lambda: sequences(table(hour=["01", "02", "03", "04"] * 40), time_format="%H"),),
    ),
    "all dropped": (
        lambda: sequences(table(pulse=table()["pulse"].where(np.arange(160) % 4 != 2)), missing="drop"),
        "Pass missing='ffill' (on the command line --missing ffill)",
        (lambda: sequences(table(pulse=table()["pulse"].where(np.arange(160) % 4 != 2)), missing="ffill"),),
    ),
    "no value": (
        lambda: sequences(table(pulse=table()["pulse"].where(np.arange(160) > 3)), missing="ffill"),
        "Drop the series, or pass missing='drop' (on the command line --missing drop)",
        (
            lambda: sequences(table(pulse=table()["pulse"].where(np.arange(160) > 3))[4:], missing="ffill"),
            lambda: sequences(table(pulse=table()["pulse"].where(np.arange(160) > 3)), missing="drop"),
        ),
    ),
    "no series": (
        lambda: sequences(table(id=["", *map(str, table()["id"][1:])])),
        "Correct or drop the line",
        (lambda: sequences(table(id=["", *map(str, table()["id"][1:])])[1:]),),
    ),
    "label": (
        lambda: sequences(table(state=np.tile(["a", "b"], 80))),
        "pass task='tagging' (on the command line --task tagging) for a label of each step",
        (lambda: sequences(table(state=np.tile(["a", "b"], 80)), task="tagging"),),
    ),
}


def hours(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"load": np.arange(60.0), **columns})


def series(frame: pd.DataFrame, **options: Any) -> Splits:
    return read_series(frame, **{"target": "load", "window": 4, "horizon": 2, **options})


DAYS = pd.date_range("2024-01-01", periods=60).strftime("%d.%m.%Y")
GAP = hours()["load"].where(np.arange(60) != 30)
SERIES: dict[str, Advice] = {
    "format": (
        lambda: series(hours(day=DAYS), ignore="day", time_format="%d.%m.%Y"),
        "Pass time= (on the command line --time) too",
        (lambda: series(hours(day=DAYS), time="day", time_format="%d.%m.%Y"),),
    ),
    "gaps": (
        lambda: series(hours(day=DAYS), ignore="day", gaps="break"),
        "Pass time= (on the command line --time) too",
        (lambda: series(hours(day=DAYS), time="day", gaps="break"),),
    ),
    "missing": (
        lambda: series(hours(load=GAP)),
        "Pass missing='ffill' (on the command line --missing ffill) to take the last value before, or missing='drop' "
        "to leave such windows out",
        (lambda: series(hours(load=GAP), missing="ffill"), lambda: series(hours(load=GAP), missing="drop")),
    ),
    "short": (
        lambda: series(hours()[:8]),
        "Add rows, or shorten window or horizon: together they may have",
        (
            lambda: series(hours()),
            lambda: series(hours()[:8], window=2, horizon=1),
        ),
    ),
    "empty": (
        lambda: series(hours(load=hours()["load"].where(np.arange(60) > 50)), missing="drop"),
        "no complete training row; expected at least one. Add rows or fill missing values",
        (lambda: series(hours(load=hours()["load"].where(np.arange(60) > 50).fillna(0)), missing="drop"),),
    ),
    "columns": (
        lambda: hours(day=DAYS).to_csv("t.csv", index=False) or read_data("t.csv"),
        "expected text and label for texts, target, window and horizon for a series, or series and label for many "
        "series. Name the columns",
        (lambda: read_data("t.csv", target="load", window=4, horizon=2, time="day"),),
    ),
}


ALL = {
    **{f"sequences {name}": case for name, case in SEQUENCES.items()},
    **{f"series {name}": case for name, case in SERIES.items()},
}


@pytest.mark.parametrize("case", ALL)
def test_the_advice_works(case: str) -> None:
    wrong, advice, right = ALL[case]
    followed(wrong, advice, *right)
