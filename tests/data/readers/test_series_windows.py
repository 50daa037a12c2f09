"""Truth of ``rnnzoo.data.readers.series``: windows do what they say, and the future never leaks."""

# mypy: disable-error-code="arg-type, attr-defined, index, union-attr"

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelled_tables import forecast, frame
from rnnzoo.errors import ArgumentError, DataError


def test_windows_do_what_they_say() -> None:
    splits = forecast(frame())
    inputs, targets, _ = splits.rows("test").gather([0])
    scaled = splits.preprocessing
    # 100 rows: 70 train, 15 validation, 15 test; the first test window forecasts rows 85, 86, 87 from 80 to 84.
    past = inputs["features"][0, :, 0] * scaled.scale[0] + scaled.mean[0]
    np.testing.assert_allclose(past, np.arange(80, 85), rtol=1e-5)
    np.testing.assert_allclose(splits.decoding.in_original_units(targets)[0, :, 0], [85, 86, 87], rtol=1e-5)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [63, 13, 13]
    assert inputs["features"][0, :, 2:].tolist() == [[0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]
    assert splits.preprocessing.categories == {"kind": ["a", "b"]}
    assert splits.model_arguments == {
        "window": 5,
        "num_features": 4,
        "horizon": 3,
        "num_targets": 1,
    }
    again = splits.preprocessing.apply([splits.test.raw[0]])["features"]
    np.testing.assert_array_equal(again, inputs["features"])


@settings(max_examples=25, deadline=None)
@given(window=st.integers(1, 12), horizon=st.integers(1, 8), rows=st.integers(120, 200))
def test_the_future_never_leaks(window: int, horizon: int, rows: int) -> None:
    """Spoiling everything from the first validation row on changes nothing that training sees."""
    clean = forecast(frame(rows), window=window, horizon=horizon)
    first = rows - round(rows * 0.15) - round(rows * 0.15)
    spoiled_frame = frame(rows)
    spoiled_frame.loc[first:, ["y", "x"]] = 1e9
    spoiled = forecast(spoiled_frame, window=window, horizon=horizon)
    numbers = np.arange(len(clean.train))
    assert len(clean.train) == len(spoiled.train) == first - window - horizon + 1
    seen, seen_spoiled = clean.rows("train").gather(numbers), spoiled.rows("train").gather(numbers)
    np.testing.assert_array_equal(seen[0]["features"], seen_spoiled[0]["features"])
    np.testing.assert_array_equal(seen[1], seen_spoiled[1])
    # Nor do two parts share a target.
    assert clean.train.starts[-1] + window + horizon <= first
    assert clean.validation.starts[0] + window == first


@pytest.mark.parametrize("missing", ["ffill", "drop"])
def test_missing_values(missing: str) -> None:
    table = frame().astype({"y": object})
    table.loc[50, "y"] = None
    splits = forecast(table, missing=missing)
    if missing == "ffill":
        _, future = splits.train.raw_targets()
        assert len(splits.train) == 63
        assert future[50 - 5, 0, 0] == 49  # filled from the row before it
    else:
        touched = (splits.train.starts <= 50) & (splits.train.starts + 8 > 50)
        assert not touched.any()
        assert len(splits.train) == 63 - 8
    assert all(
        np.isfinite(splits.rows("train").gather([row])[0]["features"]).all()
        for row in range(len(splits.train))
    )


def test_leading_gaps_cannot_be_filled_and_are_dropped() -> None:
    table = frame().astype({"y": object})
    table.loc[:9, "y"] = None
    assert forecast(table, missing="ffill").description["steps"] == 90


SERIES_ERRORS: list[tuple[Any, dict[str, Any], str]] = [
    (
        lambda t: t.astype({"y": object}).assign(y=[None, *range(99)]),
        {},
        "row 0: 'y' is missing; expected none",
    ),
    (lambda t: t.assign(y=["oops", *range(99)]), {}, "row 0: 'y' is 'oops'; expected a finite number."),
    (lambda t: t.assign(y=[*range(99), np.inf]), {}, "row 99: 'y' is 'inf'"),
    (lambda t: t, {"target": ["z"]}, "unknown column: received 'z'"),
    (lambda t: t, {"target": ["kind"]}, "target: received 'kind', which is categorical"),
    (lambda t: t, {"target": []}, "target: received no column"),
    (lambda t: t, {"window": 0}, "window: received 0"),
    (lambda t: t, {"missing": "zero"}, "unknown missing: received 'zero'"),
    (lambda t: t.head(20), {"window": 20}, "no whole window; expected at least 23 rows without gaps"),
    (
        lambda t: t.assign(when=[*range(98), 5, 99]),
        {"time": "when"},
        "row 98: 'when' is earlier than the row before",
    ),
    (
        lambda t: t.assign(when=[*range(98), 97, 99]),
        {"time": "when"},
        "row 98: 'when' repeats the time of the row before",
    ),
    (
        lambda t: t.assign(when="yesterday"),
        {"time": "when"},
        "row 0: 'when' is 'yesterday'; expected a timestamp",
    ),
    (lambda t: t.assign(kind=["a"] * 90 + ["new"] * 10), {}, "has the unknown category 'new'"),
]


@pytest.mark.parametrize(
    ("change", "options", "message"), SERIES_ERRORS, ids=[m[:40] for _, _, m in SERIES_ERRORS]
)
def test_series_that_cannot_be_used(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises((DataError, ArgumentError)) as caught:
        forecast(change(frame()), **options)
    assert message in str(caught.value)


def test_a_constant_column_is_harmless() -> None:
    splits = forecast(frame().assign(x=7.0))
    assert np.isfinite(splits.rows("train").gather([0])[0]["features"]).all()
