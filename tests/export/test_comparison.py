"""Truth of ``rnnzoo_export.parity.comparison``."""

from __future__ import annotations

import numpy as np
import pytest

from rnnzoo.errors import (
    ParityError,
)
from rnnzoo_export.parity.comparison import compare
from small_networks import TOLERANCE


def compared(found: np.ndarray, expected: np.ndarray) -> float:
    return compare("model.onnx", {"x": found}, {"x": expected}, {}).max_difference


def test_parity_allows_the_rounding_of_terms_that_cancel() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 512)).astype(np.float32)
    kernel = rng.normal(size=(512, 1)).astype(np.float32) * 3
    sums, backwards = rows @ kernel, rows[:, ::-1].copy() @ kernel[::-1].copy()
    truth = rows.astype(np.float64) @ kernel
    # Two float32 sums of the same terms, neither within 1e-5 + 1e-5 x the value of the exact ones.
    for found in (sums, backwards):
        assert (np.abs(found - truth) > TOLERANCE + TOLERANCE * np.abs(truth)).any()
    assert 0 < compared(sums, backwards) < TOLERANCE * np.abs(truth).max()


def test_parity_judges_each_unit_by_its_own_size() -> None:
    expected = np.random.default_rng(0).normal(size=(4, 7, 2)).astype(np.float32) * [1e6, 1e-2]
    expected = expected.astype(np.float32)
    assert compared(expected * np.float32(1 + 1e-6), expected) > 0.1
    found = expected.copy()
    found[2, 3, 1] += 2e-5
    message = (
        r"x at \(2, 3, 1\) .* difference of at most 1e-05 \+ 1e-05 x 0\.0\d+, the largest value of its unit\."
    )
    with pytest.raises(ParityError, match=message):
        compared(found, expected)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_parity_finds_what_is_not_finite_on_one_side(wrong: float) -> None:
    expected = np.ones((2, 3), np.float32)
    found = expected.copy()
    found[1, 2] = wrong
    for pair in ((found, expected), (expected, found)):
        with pytest.raises(ParityError, match=r"x at \(1, 2\)"):
            compared(*pair)
    assert compared(found, found) == 0


def test_parity_of_whole_numbers_is_exact() -> None:
    expected = np.array([[10**6, 3]])
    with pytest.raises(ParityError, match=r"x at \(0, 0\) .* at most 0\."):
        compared(expected + 1, expected)
