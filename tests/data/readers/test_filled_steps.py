"""Truth of ``rnnzoo.data.readers.time_steps``: series of a panel, and rows put in against pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo.data.readers.time_steps import fill_rows, find_steps, refuse_holes, refuse_uneven
from rnnzoo.data.readers.timestamps import Times, read_times
from rnnzoo.errors import DataError

NAMES = ["a", "b", "c"]


def times_of(*series: pd.DatetimeIndex, **options: Any) -> tuple[Times, np.ndarray]:
    codes = np.repeat(np.arange(len(series)), [len(index) for index in series])
    cells = [time for index in series for time in index]
    return read_times(pd.Series(cells, name="date"), **options), codes


@settings(max_examples=60, deadline=None)
@given(
    freq=st.sampled_from(["h", "15min", "D", "W", "B", "MS", "ME", "QE", "YS", "BME"]),
    zone=st.sampled_from([None, "Europe/Berlin", "America/New_York"]),
    lengths=st.lists(st.integers(25, 60), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
)
def test_rows_that_were_taken_out_are_put_in_again(
    *, freq: str, zone: str | None, lengths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    whole = [
        pd.date_range(rng.choice(["2023-03-01", "2024-10-20"]), periods=rows, freq=freq, tz=zone)
        for rows in lengths
    ]
    kept = []
    for index in whole:
        keep = rng.random(len(index)) < 0.8
        keep[[0, -1]] = True
        kept.append(index[keep])
    times, codes = times_of(*kept)
    steps = find_steps(times, codes)
    source, filled = fill_rows(times, steps, pd.RangeIndex(len(codes)))
    expected, all_codes = times_of(*whole)
    assert steps.common == find_steps(expected, all_codes).common
    assert (filled.values == expected.values).all()
    assert (filled.local == expected.local).all()
    assert (source[source >= 0] == np.arange(len(codes))).all()
    assert (filled.values[source >= 0] == times.values).all()
    again = find_steps(filled, all_codes)
    assert not again.holes.any()
    assert len(np.unique(again.pieces)) == len(whole)


def hours(start: str, rows: int) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=rows, freq="h")


def test_steps_from_one_series_to_the_next_do_not_count() -> None:
    times, codes = times_of(
        hours("2024-01-05", 30), hours("2024-01-01", 40).delete([7, 8]), hours("2024-02-01", 1)
    )
    steps = find_steps(times, codes)
    assert (steps.common, steps.missing, steps.share) == ("1 hour", 2, pytest.approx(65 / 66))
    assert np.flatnonzero(np.isnan(steps.lengths)).tolist() == [29, 67]
    assert np.flatnonzero(np.diff(steps.pieces)).tolist() == [29, 36, 67]
    lines = pd.Index(np.arange(len(codes)) + 2, name="line")
    with pytest.raises(DataError) as caught:
        refuse_holes(times, steps, lines, NAMES)
    assert str(caught.value) == (
        "'date': received 1 hole in steps of 1 hour, 2 rows missing: after line 38 of 'b' (2024-01-01 06:00:00 to "
        "2024-01-01 09:00:00); expected even steps, for a model takes every row for one. Pass gaps='break' (on the "
        "command line --gaps break), and no window crosses a hole. Or pass gaps='fill', missing='ffill' (--gaps fill "
        "--missing ffill), and the rows are put in."
    )
    source, filled = fill_rows(times, steps, lines)
    assert source.tolist() == [*range(37), -1, -1, *range(37, 69)]
    refuse_holes(filled, find_steps(filled, np.repeat([0, 1, 2], [30, 40, 1])), pd.RangeIndex(71), NAMES)
    single = find_steps(*times_of(hours("2024-01-01", 1), hours("2024-01-01", 1)))
    assert (single.step, single.pieces.tolist(), single.holes.tolist()) == (None, [0, 1], [False])


def test_months_of_each_series_are_on_days_of_their_own() -> None:
    starts, ends = (pd.date_range("2023-01-01", periods=24, freq=freq) for freq in ("MS", "ME"))
    times, codes = times_of(starts.delete([5]), ends.delete([1, 12, 13]))
    source, filled = fill_rows(times, find_steps(times, codes), pd.RangeIndex(len(codes)))
    assert (filled.values == np.concatenate([starts, ends])).all()
    assert (source < 0).sum() == 4
    far = ends[[0, 1, 2, 3, 4, 20, 21, 22, 23]]
    times, codes = times_of(far)
    assert (fill_rows(times, find_steps(times, codes), far)[1].values == ends).all()


def test_numbers_and_readings_that_come_late_are_filled() -> None:
    numbers = read_times(pd.Series([0.0, 0.5, 1.0, 2.5, 3.0], name="t"))
    source, filled = fill_rows(numbers, find_steps(numbers), pd.RangeIndex(5))
    assert (source.tolist(), filled.values.tolist()) == ([0, 1, 2, -1, -1, 3, 4], [0, 0.5, 1, 1.5, 2, 2.5, 3])
    late = read_times(
        pd.Series(
            pd.to_datetime(
                ["2024-01-01 00:00:00", "2024-01-01 00:01:03", "2024-01-01 00:02:01", "2024-01-01 00:05:02"]
            )
        )
    )
    assert fill_rows(late, find_steps(late), pd.RangeIndex(4))[0].tolist() == [0, 1, 2, -1, -1, 3]
    even = read_times(pd.Series(hours("2024-01-01", 9)))
    assert fill_rows(even, find_steps(even), pd.RangeIndex(9))[1] is even


def refused(times: Times, codes: np.ndarray | None = None) -> str:
    with pytest.raises(DataError) as caught:
        fill_rows(times, find_steps(times, codes), pd.RangeIndex(len(times.values)))
    return str(caught.value)


def test_what_is_no_multiple_of_the_step_is_not_filled() -> None:
    index = hours("2024-01-01", 30).delete([4, 5]).union([pd.Timestamp("2024-01-01 04:30")])
    assert refused(*times_of(index)) == (
        "'date': received 2 uneven steps where most are 1 hour: after row 3 (2024-01-01 03:00:00 to 2024-01-01 "
        "04:30:00); after row 4 (2024-01-01 04:30:00 to 2024-01-01 06:00:00); expected holes of whole steps, to be "
        "filled. Pass gaps='break' (on the command line --gaps break), and no window crosses a hole."
    )
    assert "received 2 uneven steps where most are 1 hour: after row 3" in refused(
        *times_of(hours("2024-01-01", 30).union([pd.Timestamp("2024-01-01 03:30")]))
    )


def test_a_hole_of_years_is_a_mistake() -> None:
    index = hours("2024-01-01", 30).union(hours("2025-01-01", 30))
    assert refused(*times_of(index)) == (
        "'date': received holes of 8,754 steps of 1 hour in 60 rows, the longest after row 29 (2024-01-02 05:00:00 to "
        "2025-01-01 00:00:00); expected 10 for each row at most. Correct the times, or drop the rows beside the "
        "longest. Pass gaps='break' (on the command line --gaps break), and no window crosses a hole."
    )
    times, codes = times_of(index[:30])
    assert len(fill_rows(times, find_steps(times, codes), index)[0]) == 30  # the rows beside it dropped


def test_series_of_another_step_are_named() -> None:
    daily = pd.date_range("2024-01-01", periods=20)
    times, codes = times_of(hours("2024-01-01", 90), daily, daily)
    with pytest.raises(DataError) as caught:
        refuse_uneven(times, find_steps(times, codes), NAMES)
    assert str(caught.value) == (
        "'date': the series 'b' has steps of 1 day where most are 1 hour (2 series have others); expected one "
        "step for all series. Leave such series out, or bring their rows to that step."
    )
    for series in (
        [hours("2024-01-01", 90)],
        [daily.repeat(24) + pd.to_timedelta(np.tile(np.arange(24), 20), "h")] * 2,
    ):
        times, codes = times_of(*series)
        refuse_uneven(times, find_steps(times, codes), NAMES)
