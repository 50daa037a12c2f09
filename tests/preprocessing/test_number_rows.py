"""Truth of ``rnnzoo.preprocessing.number_rows``: scaled as NumPy does it, and what is no number is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advice import followed
from rnnzoo.errors import ArgumentError, DataError, RowError
from rnnzoo.preprocessing import NumbersPreprocessing, load_preprocessing, save_preprocessing

ROWS = np.array([[1.0, 50.0, 7.0], [2.0, 10.0, 7.0], [6.0, 30.0, 7.0]])


def test_numbers_are_scaled_by_the_training_rows(tmp_path: Path) -> None:
    fitted = NumbersPreprocessing.fit(ROWS.tolist())
    made = fitted.apply([[3.0, 30, 8.0], [1, 2, 3]])["numbers"]
    scale = np.where(ROWS.std(axis=0) > 0, ROWS.std(axis=0), 1.0)
    expected = (np.array([[3.0, 30, 8.0], [1, 2, 3]]) - ROWS.mean(axis=0)) / scale
    np.testing.assert_array_equal(made, expected.astype(np.float32))
    assert made.dtype == np.float32
    save_preprocessing(fitted, tmp_path / "p.json")
    np.testing.assert_array_equal(
        load_preprocessing(tmp_path / "p.json").apply([[3.0, 30, 8.0], [1, 2, 3]])["numbers"], made
    )
    assert fitted.apply([])["numbers"].shape == (0, 3)


def test_one_number_needs_no_list() -> None:
    fitted = NumbersPreprocessing.fit([1.0, 3, np.float32(2)])
    np.testing.assert_allclose(
        fitted.apply([2, [3.0], np.array([1.0])])["numbers"], [[0.0], [1.2247449], [-1.2247449]], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1.0, 2.0], "received 2 numbers; expected 3 numbers."),
        (5.0, "received 1 number; expected 3 numbers."),
        ([[1.0, 2.0, 3.0]], "received shape (1, 3); expected 3 numbers."),
        ([1.0, True, 3.0], "received True at number 1; expected a number. Pass 1 and 0 for truth values."),
        ("7", "received '7' at number 0; expected a number. Pass it without quotes."),
        ([1.0, "x", 3.0], "received 'x' at number 1; expected a number. Pass numbers only."),
        (
            [1.0, 2.0, None],
            "received nan at number 2; expected finite numbers. Drop or fill missing values first.",
        ),
        (None, "received 1 number; expected 3 numbers."),
        (
            [1.0, 2.0, 1e60],
            "the number at number 2 is beyond float32 once it is scaled; expected numbers like those of the training "
            "rows. Correct it, or check its unit.",
        ),
    ],
)
def test_wrong_rows_are_told_by_their_number(row: Any, message: str) -> None:
    with pytest.raises(RowError) as caught:
        NumbersPreprocessing.fit(ROWS).apply([[1.0, 2.0, 3.0], row])
    assert str(caught.value) == f"row 1: {message}"


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(DataError, match="received no rows; expected at least one to fit on"):
        NumbersPreprocessing.fit([])
    with pytest.raises(RowError, match=r"row 1: received 1 number; expected 2 numbers\."):
        NumbersPreprocessing.fit([[1.0, 2.0], [3.0]])
    with pytest.raises(RowError, match=r"row 0: received 0 numbers; expected at least one number\."):
        NumbersPreprocessing.fit([[]])


def test_the_advice_works() -> None:
    wrong: list[tuple[list[float], list[float]]] = [([0.0], [0.0]), ([], []), ([0.0], [1.0, 1.0])]
    for mean, scale in wrong:
        with pytest.raises(ArgumentError, match="mean and scale: received shapes"):
            NumbersPreprocessing(mean, scale)
        followed(
            lambda mean=mean, scale=scale: NumbersPreprocessing(mean, scale),  # type: ignore[misc]
            "Use fit().",
            lambda: NumbersPreprocessing.fit(ROWS),
        )


@pytest.mark.parametrize("values", [[math.nan], [math.inf], ["a"], None])
def test_means_and_scales_are_finite_numbers(values: Any) -> None:
    for name, given in (("mean", (values, [1.0])), ("scale", ([0.0], values))):
        with pytest.raises(ArgumentError) as error:
            NumbersPreprocessing(*given)
        assert str(error.value) == f"{name}: received {values!r}; expected finite numbers. Use fit()."


def test_numbers_whose_spread_no_float_holds_are_refused() -> None:
    for fit, rows in ((NumbersPreprocessing.fit, [[0.0, 1e200], [0.0, -1e200]]),):
        with pytest.raises(DataError) as error:
            fit(rows)
        assert str(error.value) == (
            "number 1: received values up to 1e+200; expected values whose squares float64 holds, below 1e150. Divide "
            "them by a power of ten first."
        )
    assert NumbersPreprocessing.fit([[0.0, 1e149], [0.0, -1e149]]).scale.tolist() == [1.0, 1e149]
