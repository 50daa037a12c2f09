"""Truth of ``rnnzoo.data.readers.time_steps``: no window across a hole."""

# mypy: disable-error-code="arg-type, attr-defined"

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data.readers.series import series_splits
from rnnzoo.data.readers.time_steps import find_steps
from rnnzoo.data.readers.timestamps import read_times
from rnnzoo.errors import DataError
from rnnzoo.evaluation.baselines import run_baselines
from series_tables import WINDOW, hourly, read, refused

pytestmark = pytest.mark.usefixtures("in_own_folder")


LOST = [10, 50, 51, 200]


def test_holes_are_counted_and_placed() -> None:
    assert refused(hourly().drop(LOST), time="date") == (
        "'date': received 3 holes in steps of 1 hour, 4 rows missing: after line 11 (2024-01-01 09:00:00 to 2024-01-01 "
        "11:00:00); after line 50 (2024-01-03 01:00:00 to 2024-01-03 04:00:00); after line 198 (2024-01-09 07:00:00 to "
        "2024-01-09 09:00:00); expected even steps, for a model takes every row for one. Pass gaps='break' (on the "
        "command line --gaps break), and no window crosses a hole. Or pass gaps='fill', missing='ffill' (--gaps fill "
        "--missing ffill), and the rows are put in."
    )
    filled = read(hourly().drop(LOST), time="date", gaps="fill", missing="ffill")
    assert (filled.description["steps"], filled.description["pieces"]) == (500, 1)
    days = hourly().query("10 <= date.dt.hour <= 20")
    assert "received 20 holes in steps of 1 hour, 260 rows missing: " in refused(days, time="date")
    assert " and 17 more; expected even steps" in refused(days, time="date")
    numbers = hourly().assign(date=np.arange(500) * 0.1).drop(LOST)
    assert "received 3 holes in steps of 0.1, 4 rows missing: after line 11 (0.9 to 1.1);" in refused(
        numbers, time="date"
    )
    extra = pd.concat([hourly(), pd.DataFrame({"date": [pd.Timestamp("2024-01-03 04:30")], "sales": [0.0]})])
    assert "received 2 uneven steps where most are 1 hour: after line 54" in refused(
        extra.sort_values("date"), time="date"
    )


@pytest.mark.parametrize("gone", [LOST, [*range(100, 110), 355, 420], [350], [425], [342, 343, 430]])
def test_windows_never_cross_a_hole_in_any_part(gone: list[int]) -> None:
    table = hourly().drop(gone)
    splits = read(table, time="date", gaps="break")
    rows = len(table)
    first_test = rows - round(rows * 0.15)
    first_validation = first_test - round(rows * 0.15)
    bounds = {
        "train": (0, first_validation),
        "validation": (first_validation, first_test),
        "test": (first_test, rows),
    }
    hours = table["sales"].to_numpy()  # each row holds its own hour
    for name, (first, end) in bounds.items():
        past, future = getattr(splits, name).raw_targets()
        together = np.concatenate([past, future], axis=1)[:, :, 0]
        assert (np.diff(together, axis=1) == 1).all()
        # And none that could be had is left out.
        targets = range(max(first, 7), end - 3 + 1)
        whole = [row for row in targets if hours[row + 2] - hours[row - 7] == 9]
        assert [int(hours[row]) for row in whole] == future[:, 0, 0].astype(int).tolist()
    assert splits.description["gaps"] == "break"
    assert splits.description["pieces"] == 1 + int((np.diff(hours) > 1).sum())
    answers = run_baselines(splits, splits.test)
    assert {len(answer) for answer in answers.values()} == {len(splits.test)}


def test_opening_hours_are_forecast_within_their_day() -> None:
    splits = read(hourly().query("10 <= date.dt.hour <= 20"), time="date", gaps="break")
    past, future = splits.train.raw_targets()
    assert (np.diff(np.concatenate([past, future], axis=1), axis=1) == 1).all()
    assert splits.description["rows"] == {"train": 28, "validation": 5, "test": 5}
    with pytest.raises(
        DataError, match=r"no whole window; expected at least 14 rows without gaps \(window 11, hor"
    ):
        read(hourly().query("10 <= date.dt.hour <= 20"), time="date", gaps="break", window=11)


def test_missing_values_are_not_filled_from_the_other_side_of_a_hole() -> None:
    table = hourly().astype({"sales": object})
    table.loc[[0, 100, 102, 103], "sales"] = None
    splits = read(table.drop([98, 99]), time="date", gaps="break", missing="ffill")
    past, future = splits.train.raw_targets()
    first = np.concatenate([past, future], axis=1)[:, 0, 0]
    assert 101 in first  # 102 and 103 are filled from it
    assert not {0, 97, 100} & set(first)  # hour 100 comes after a hole, and hour 0 after nothing
    assert splits.description["steps"] == 497


STEPS: dict[str, tuple[Any, str, int]] = {
    "months begin": (pd.date_range("2000", periods=60, freq="MS"), "1 month", 0),
    "months end": (pd.date_range("2000", periods=60, freq="ME"), "1 month", 0),
    "last business days": (pd.date_range("2000", periods=60, freq="BME"), "1 month", 0),
    "quarters": (pd.date_range("2000", periods=60, freq="QS"), "3 months", 0),
    "years": (pd.date_range("1960", periods=60, freq="YS"), "12 months", 0),
    "half months": (pd.date_range("2000", periods=60, freq="SMS"), "14 days", 0),
    "weeks": (pd.date_range("2000", periods=60, freq="W"), "7 days", 0),
    "business days": (pd.date_range("2000", periods=60, freq="B"), "1 business day", 0),
    "a holiday": (pd.date_range("2000", periods=60, freq="B").delete(8), "1 business day", 1),
    "a month is lost": (pd.date_range("2000", periods=60, freq="ME").delete(8), "1 month", 1),
    "hours in a zone": (pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin"), "1 hour", 0),
    "days in a zone": (pd.date_range("2024-03-20", periods=60, freq="D", tz="Europe/Berlin"), "1 day", 0),
    "a clock on the wall": (
        pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin").tz_localize(None),
        "1 hour",
        1,
    ),
    "jitter": (
        pd.Timestamp("2024")
        + pd.to_timedelta(np.arange(60) * 60 + np.random.default_rng(0).normal(size=60), "s"),
        "60.1407 seconds",
        0,
    ),
    "years as numbers": (np.arange(1960, 2020), "1", 0),
    "days as digits": (pd.date_range("2024-01-20", periods=60).strftime("%Y%m%d").astype(int), "1 day", 0),
    "months as digits": (pd.date_range("2000", periods=60, freq="MS").strftime("%Y%m"), "1 month", 0),
    "one row": (["2024-01-01"], "", 0),
}


@pytest.mark.parametrize("kind", STEPS)
def test_what_is_even_by_the_calendar_has_no_holes(kind: str) -> None:
    column, common, holes = STEPS[kind]
    steps = find_steps(read_times(pd.Series(column, name="when")))
    assert (steps.common, int(steps.holes.sum())) == (common, holes)
    as_text = find_steps(read_times(pd.Series([str(time) for time in column], name="when")))
    assert (as_text.common, int(as_text.holes.sum())) == (common, holes)


def test_times_without_a_common_step_are_refused_with_a_way_out() -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(size=100))
    table = hourly(100).assign(date=times)
    for gaps in ("error", "break"):
        message = refused(table, time="date", gaps=gaps)
        assert message == (
            "'date': received steps of many lengths, of which 20% are near 0.966725, the commonest; expected a common "
            "step. Ignore 'date' (ignore=['date'], on the command line --ignore date) in place of naming it as the "
            "time, and each row counts as a step, or bring the rows to even times."
        )
    assert read(table, ignore=["date"]).description["steps"] == 100
    frame = table.set_index(pd.DatetimeIndex(pd.to_datetime(times, unit="D"))).drop(columns="date")
    with pytest.raises(
        DataError, match=r"Call frame\.reset_index\(drop=True\) first, and each row counts as a step"
    ):
        series_splits(frame, target=["sales"], **WINDOW)
    series_splits(frame.reset_index(drop=True), target=["sales"], **WINDOW)


def test_an_index_of_dates_is_the_time() -> None:
    frame = hourly().set_index("date")
    assert series_splits(frame, target=["sales"], **WINDOW).description["pieces"] == 1
    with pytest.raises(DataError, match=r"^the index: received 3 holes in steps of 1 hour, 4 rows missing"):
        series_splits(frame.drop(frame.index[LOST]), target=["sales"], **WINDOW)
    months = hourly(40).set_index(pd.period_range("2000-01", periods=40, freq="M"))
    assert series_splits(months, target=["sales"], ignore=["date"], **WINDOW).description["pieces"] == 1
