"""Truth of ``rnnzoo.preprocessing.sound_pieces``: however a sound is cut, its features are those of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnzoo import SoundPieces
from rnnzoo.errors import ArgumentError, DataError
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing

SOUND = np.random.default_rng(0).uniform(-1, 1, 3000)


@settings(max_examples=60, deadline=None)
@given(
    frame_length=st.integers(2, 300),
    frame_step=st.integers(1, 400),
    cuts=st.lists(st.integers(0, len(SOUND)), max_size=12),
)
def test_any_cut_gives_the_frames_of_the_whole(frame_length: int, frame_step: int, cuts: list[int]) -> None:
    preprocessing = LogMelPreprocessing(
        8000, num_mels=5, frame_length=frame_length, frame_step=frame_step, mean=[1.0] * 5, scale=[2.0] * 5
    )
    (whole,) = preprocessing.encode([SOUND])
    pieces = SoundPieces(preprocessing)
    found = [pieces.add(piece) for piece in np.split(SOUND, sorted(cuts))]
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("as_read", [lambda x: x, list, tuple])
def test_integers_of_16_bits_are_floats_too(as_read: Any) -> None:
    preprocessing = LogMelPreprocessing(8000, num_mels=5)
    samples = np.round(SOUND * 32767).astype(np.int16)
    floats, integers = SoundPieces(preprocessing), SoundPieces(preprocessing)
    for piece in np.split(samples, [10, 900]):
        np.testing.assert_array_equal(floats.add(as_read(piece / 32768.0)), integers.add(piece))


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        ([0.0, float("nan")], "row 0: received nan at sample 1; expected finite numbers"),
        ([0.5, 50.0], "row 0: received 50.0 at sample 1; expected floats from -1 to 1"),
        ([[0.5]], r"row 0: received shape \(1, 1\); expected \(samples,\)"),
        ("loud", "row 0"),
    ],
)
def test_a_wrong_piece_is_told_and_loses_nothing(piece: Any, message: str) -> None:
    preprocessing = LogMelPreprocessing(8000, num_mels=5)
    pieces = SoundPieces(preprocessing)
    first = pieces.add(SOUND[:333])
    with pytest.raises(DataError, match=message):
        pieces.add(piece)
    found = np.concatenate([first, pieces.add(SOUND[333:])])
    np.testing.assert_allclose(found, preprocessing.encode([SOUND])[0], rtol=1e-5, atol=1e-5)


def test_another_preprocessing_is_refused() -> None:
    other = FeaturePreprocessing([0.0], [1.0], variable_length=True)
    with pytest.raises(
        ArgumentError, match="preprocessing: received FeaturePreprocessing; expected LogMelPre"
    ):
        SoundPieces(other)
