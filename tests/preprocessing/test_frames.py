"""Truth of ``rnnzoo.preprocessing.frames`` and ``rnnzoo.preprocessing.irregular``: scales, gaps and refusals."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from rnnzoo.errors import ArgumentError, DataError, EmptyRowError, RowError
from rnnzoo.preprocessing import FramePreprocessing, IrregularPreprocessing

VIDEO = np.arange(24.0).reshape(3, 2, 2, 2)


def test_each_channel_is_scaled_over_all_pixels_of_the_training_frames() -> None:
    short = np.full((1, 2, 2, 2), 7.0)
    fitted = FramePreprocessing.fit([VIDEO, short])
    pixels = np.concatenate([VIDEO, short]).reshape(-1, 2)
    np.testing.assert_allclose(fitted.mean, pixels.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.scale, pixels.std(axis=0), rtol=1e-12)
    assert fitted.frame_shape == (2, 2, 2)
    batch = fitted.apply([VIDEO, short])
    np.testing.assert_array_equal(batch["mask"], [[True] * 3, [True, False, False]])
    expected = (pixels - pixels.mean(axis=0)) / pixels.std(axis=0)
    np.testing.assert_allclose(batch["frames"][batch["mask"]].reshape(-1, 2), expected, rtol=1e-5, atol=1e-6)


def test_a_constant_channel_is_only_moved() -> None:
    fitted = FramePreprocessing.fit([np.full((2, 1, 1, 1), 5.0)])
    assert (fitted.mean.tolist(), fitted.scale.tolist(), fitted.variable_length) == ([5.0], [1.0], False)


def test_no_video_makes_a_batch_of_none() -> None:
    fitted = FramePreprocessing.fit([VIDEO])
    assert fitted.batch([])["frames"].shape == (0, 1, 2, 2, 2)
    again = FramePreprocessing.from_config(json.loads(json.dumps(fitted.to_config())))
    np.testing.assert_array_equal(again.apply([VIDEO])["frames"], fitted.apply([VIDEO])["frames"])


def test_videos_of_one_length_stay_so() -> None:
    fitted = FramePreprocessing.fit([VIDEO])
    with pytest.raises(
        DataError, match=r"video: received lengths \[2, 3\] in one batch; expected one length\."
    ):
        fitted.apply([VIDEO, VIDEO[:2]])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            VIDEO[..., :1],
            "received shape (3, 2, 2, 1); expected (time, 2, 2, 2). Gray frames have one channel.",
        ),
        (np.where(VIDEO == 5, np.nan, VIDEO), "received nan at (0, 1, 0, 1); expected finite numbers."),
    ],
    ids=["shape", "nan"],
)
def test_what_is_no_such_video_is_refused_by_its_number(row: Any, message: str) -> None:
    with pytest.raises(RowError, match=f"^row 1: {re.escape(message)}$"):
        FramePreprocessing.fit([VIDEO]).apply([VIDEO, row])


def test_nothing_to_fit_frames_on_is_refused() -> None:
    with pytest.raises(DataError, match=r"video: received no frames; expected at least one to fit on\."):
        FramePreprocessing.fit([])
    with pytest.raises(
        RowError, match=r"row 0: received shape \(2, 2\); expected \(time, height, width, channels\)"
    ):
        FramePreprocessing.fit([np.zeros((2, 2))])
    with pytest.raises(EmptyRowError, match=r"row 0: .*expected at least one frame"):
        FramePreprocessing.fit([VIDEO]).encode([[]])


@pytest.mark.parametrize(
    ("mean", "scale", "shape", "message"),
    [
        (
            [0.0],
            [1.0],
            (2, 2),
            "received shapes (1,) and (1,) for frames (2, 2); expected frames (height, width, ch",
        ),
        (
            [0.0],
            [1.0],
            (2, 2, 2),
            "received shapes (1,) and (1,) for frames (2, 2, 2); expected frames (height, wi",
        ),
        ([0.0], [0.0], (2, 2, 1), "received values out of range; expected scales above 0. Use fit()."),
        ([np.nan], [1.0], (2, 2, 1), "received values out of range; expected scales above 0. Use fit()."),
    ],
    ids=str,
)
def test_means_and_scales_of_frames_must_fit(mean: Any, scale: Any, shape: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^mean and scale: {re.escape(message)}"):
        FramePreprocessing(mean, scale, frame_shape=shape, variable_length=False)


def row(times: Any, values: Any) -> dict[str, Any]:
    return {"times": times, "values": values}


def test_gaps_are_counted_in_mean_steps_since_each_feature_was_seen() -> None:
    fitted = IrregularPreprocessing.fit([row([0, 2, 4], [[1.0, 5.0], [None, 5.0], [3.0, None]])])
    assert (fitted.mean.tolist(), fitted.scale.tolist(), fitted.step) == ([2.0, 5.0], [1.0, 1.0], 2.0)
    (features,) = fitted.apply([row([0, 2, 4], [[1.0, 5.0], [None, 5.0], [3.0, None]])])["features"]
    values, observed, gaps = np.split(features, 3, axis=1)
    np.testing.assert_array_equal(values, [[-1, 0], [0, 0], [1, 0]])
    np.testing.assert_array_equal(observed, [[1, 1], [0, 1], [1, 0]])
    np.testing.assert_array_equal(gaps, [[0, 0], [1, 1], [2, 1]])


def test_rows_of_one_step_have_a_mean_step_all_the_same() -> None:
    assert IrregularPreprocessing.fit([row([3], [[1.0]]), row([9], [[2.0]])]).step == 1.0


IRREGULAR: list[tuple[Any, str]] = [
    ([1.0], "received list; expected a mapping of 'times' and 'values'."),
    ({"times": [0]}, "received ['times']; expected a mapping of 'times' and 'values'."),
    (
        {**row([0], [[1.0]]), "more": 1},
        "received ['more', 'times', 'values']; expected a mapping of 'times' and",
    ),
    (row([0, 1], [[1.0]]), "received times (2,) and values (1, 1); expected (time,) and (time, features)."),
    (row([0], [[1.0, 2.0]]), "received 2 features; expected 1."),
    (row([1, 0], [[1.0], [2.0]]), "its times fall or are not finite; expected rising times. Sort the row."),
    (row([float("inf")], [[1.0]]), "its times fall or are not finite; expected rising times. Sort the row."),
    (row([0], [[float("inf")]]), "received an infinite value; expected numbers, None where missing."),
]


@pytest.mark.parametrize(("wrong", "message"), IRREGULAR, ids=[message[:30] for _, message in IRREGULAR])
def test_what_is_no_series_with_times_is_refused(wrong: Any, message: str) -> None:
    fitted = IrregularPreprocessing.fit([row([0, 1], [[1.0], [2.0]])])
    with pytest.raises(RowError, match=f"^row 1: {re.escape(message)}"):
        fitted.encode([row([0], [[1.0]]), wrong])


def test_nothing_to_fit_times_on_is_refused() -> None:
    with pytest.raises(DataError, match=r"series: received no rows; expected at least one to fit on\."):
        IrregularPreprocessing.fit([])
    with pytest.raises(EmptyRowError, match=r"row 0: .*expected at least one step"):
        IrregularPreprocessing.fit([row([], [])])
    with pytest.raises(
        ArgumentError, match=r"received shapes \(1,\) and \(2,\); expected one value per feature each"
    ):
        IrregularPreprocessing([0.0], [1.0, 1.0], step=1.0)
    with pytest.raises(ArgumentError, match=r"step: received 0; expected a time above 0\. Use fit\(\)\."):
        IrregularPreprocessing([0.0], [1.0], step=0)
