"""Truth of ``rnnzoo.data.augmentation.series_noise`` and ``rnnzoo.data.augmentation.spec_augment``."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augmented_data import CONFIGS, rng, series
from rnnzoo import load_dataset
from rnnzoo.data.augmentation.series_noise import Jitter, Scaling, Shift, TimeMask, warp
from rnnzoo.data.augmentation.spec_augment import SpecAugment
from rnnzoo.data.augmentation.table import build_augmentations


def frozen(*shape: int) -> np.ndarray:
    row = rng(9).normal(size=shape).astype(np.float32)
    row.flags.writeable = False
    return row


def test_jitter_and_scaling_have_their_deviations() -> None:
    row = np.ones((20_000, 3), np.float32)
    noise = Jitter(deviation=0.2).apply(row, rng()) - row
    assert noise.std(axis=0) == pytest.approx(0.2, rel=0.03)
    assert abs(noise.mean()) < 0.005
    factors = np.array([Scaling(deviation=0.1).apply(row[:2], rng(seed)) for seed in range(4000)])
    np.testing.assert_array_equal(factors[:, 0], factors[:, 1])  # the same at every step
    assert factors[:, 0].std(axis=0) == pytest.approx(0.1, rel=0.05)
    assert np.corrcoef(factors[:, 0].T)[0, 1] == pytest.approx(0.0, abs=0.06)  # each feature its own


@given(
    st.integers(2, 20),
    st.floats(0, 1),
    st.floats(0.05, 1),
    st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0]),
)
def test_a_warped_row_is_the_row_at_other_times(
    steps: int, place: float, share: float, factor: float
) -> None:
    last = steps - 1
    width = share * last
    start = place * (last - width)
    times = np.arange(float(steps))
    found = warp(np.stack([times, times**2], axis=-1), start=start, width=width, factor=factor)
    length = last + width * (factor - 1)
    for number, (time, square) in enumerate(found):
        # Where the warped clock shows `now`, the true one shows:
        now = number * length / last
        if now <= start:
            true = now
        elif now <= start + width * factor:
            true = start + (now - start) / factor
        else:
            true = now - width * (factor - 1)
        assert time == pytest.approx(true, abs=1e-9)
        below = min(int(true), last - 1)
        between = below**2 + (true - below) * ((below + 1) ** 2 - below**2)
        assert square == pytest.approx(between, abs=1e-6)
    assert found[0, 0] == 0.0
    assert found[-1, 0] == pytest.approx(last)


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_series_keep_their_shape_and_the_row_given_is_not_touched(steps: int) -> None:
    row = frozen(steps, 4)
    for name in ("shift", "window_warp", "scaling", "jitter", "time_mask", "spec_augment"):
        one = build_augmentations({name: CONFIGS[name]})[name]
        for seed in range(5):
            changed = one.apply(row, rng(seed))
            assert changed.shape == row.shape, name
            assert changed.dtype == np.float32, name


def lengths_of_zeros(hidden: np.ndarray) -> int:
    """The length of the one stretch that is hidden."""
    places = np.flatnonzero(hidden)
    assert len(places) == 0 or places[-1] - places[0] == len(places) - 1
    return len(places)


def test_masks_are_stretches_of_any_length_up_to_the_share() -> None:
    row = np.ones((30, 20))
    found = collections.Counter(
        lengths_of_zeros((TimeMask(share=0.1).apply(row, rng(seed)) == 0).all(axis=1)) for seed in range(4000)
    )
    assert set(found) == {0, 1, 2, 3}
    assert all(count == pytest.approx(1000, abs=150) for count in found.values())
    places = sum((TimeMask(share=0.1).apply(row, rng(seed)) == 0).all(axis=1) for seed in range(2000))
    assert (np.asarray(places) > 0).all()  # the first and the last step too
    bands = SpecAugment(frequency=0.5, frequency_masks=1, time=0.1, time_masks=1)
    hidden = [bands.apply(row, rng(seed)) == 0 for seed in range(500)]
    for one in hidden:
        times, features = one.all(axis=1), one.all(axis=0)
        np.testing.assert_array_equal(one, times[:, None] | features[None])
    assert {lengths_of_zeros(one.all(axis=0)) for one in hidden} == set(range(11))
    assert {lengths_of_zeros(one.all(axis=1)) for one in hidden} == {0, 1, 2, 3}


def test_a_shift_is_that_of_the_raw_image() -> None:
    digits = load_dataset("digits")
    shift = Shift(steps=2, features=1, fill=0.0).fitted(digits)
    preprocessing, raw = digits.get_preprocessing(), digits.train.raw
    assert raw is not None
    seen = set()
    for row in range(60):
        found = shift.apply(preprocessing.encode([raw[row]])[0], rng(row))
        draws = rng(row)
        down, right = int(draws.integers(-2, 3)), int(draws.integers(-1, 2))
        seen.add((down, right))
        padded = np.pad(np.asarray(raw[row]), 3)
        moved = padded[3 - down : 11 - down, 3 - right : 11 - right]
        np.testing.assert_allclose(found, preprocessing.encode([moved])[0], atol=1e-5)
    assert len(seen) == 15


def test_a_shift_fills_with_the_mean() -> None:
    splits = series()
    shifted = Shift(steps=3).fitted(splits).apply(np.ones((8, 4), np.float32), rng(0))
    draw = int(rng(0).integers(-3, 4))
    assert draw
    expected = np.ones((8, 4))
    expected[slice(0, draw) if draw > 0 else slice(8 + draw, 8)] = 0.0
    np.testing.assert_allclose(shifted, expected, atol=1e-6)
