"""Synthetic videos: a handwritten digit that moves across a black frame."""

from __future__ import annotations

import numpy as np

FRAME = 16
STEPS = 8
DIRECTIONS = ("left", "right", "up", "down")
_DIGIT = 8
_SEED = 0  # the videos are the same for every split


def moving_digits() -> tuple[np.ndarray, np.ndarray]:
    """Makes the videos of ``load_dataset("moving_digits")``: one for each of scikit-learn's digits.

    A digit moves by one pixel a frame. Which frames a video has does not depend on whether it moves there or back:
    a video of the class ``left`` is one of ``right`` backwards, so that single frames, or their mean, say at most the
    axis, and only their order the direction.

    Returns:
        Videos ``(1797, 8, 16, 16, 1)`` with pixels from 0 to 16, and the direction of each.
    """
    from sklearn.datasets import load_digits

    images = load_digits().images
    rng = np.random.default_rng(_SEED)
    classes = rng.permutation(np.arange(len(images)) % len(DIRECTIONS))
    videos = np.zeros((len(images), STEPS, FRAME, FRAME, 1), np.float32)
    for video, image, number in zip(videos, images, classes, strict=True):
        across = int(rng.integers(0, FRAME - _DIGIT + 1))
        start = int(rng.integers(0, FRAME - _DIGIT - STEPS + 2))
        direction = DIRECTIONS[number]
        for step in range(STEPS):
            along = start + (step if direction in ("right", "down") else STEPS - 1 - step)
            top, left = (across, along) if direction in ("left", "right") else (along, across)
            video[step, top : top + _DIGIT, left : left + _DIGIT, 0] = image
    return videos, np.array([DIRECTIONS[number] for number in classes])
