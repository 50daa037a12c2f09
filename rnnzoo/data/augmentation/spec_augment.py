"""SpecAugment: bands of a spectrogram hidden in frequency and in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.data.augmentation.base import check_rate
from rnnzoo.data.augmentation.series_noise import SeriesNoise, masked


@dataclass(frozen=True, kw_only=True)
class SpecAugment(SeriesNoise):
    """Hides bands of features and stretches of frames behind the mean of the training part.

    The defaults are the paper's policy for smaller sets ("Switchboard mild"): two masks each, of up to 15 of 80
    features and up to a fifth of the frames. Its time warping is left out: the authors found that it brings the least
    and costs the most. So is its limit of 70 frames, which a fifth of short speech never reaches.

    Attributes:
        frequency: The widest band, as a share of the features, rounded up; how wide is drawn, from none on.
        frequency_masks: Number of bands.
        time: The longest stretch, as a share of the frames, likewise.
        time_masks: Number of stretches.

    Example:
        >>> hidden = SpecAugment().apply(np.ones((50, 40)), np.random.default_rng(0)) == 0
        >>> int(hidden.all(axis=0).sum()), int(hidden.all(axis=1).sum())
        (11, 3)

    Reference:
        Park 2019, SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition, arXiv:1904.08779.
    """

    main: ClassVar[str | None] = None
    frequency: float = 15 / 80
    frequency_masks: int = 2
    time: float = 0.2
    time_masks: int = 2

    def __post_init__(self) -> None:
        for name in ("frequency", "time"):
            check_rate(name, getattr(self, name))
            checks.integer(f"{name}_masks", getattr(self, f"{name}_masks"), minimum=1)

    def apply(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the spectrogram ``(frames, features)`` with zeros in bands and stretches."""
        banded = masked(row, rng, axis=1, share=self.frequency, masks=self.frequency_masks)
        return masked(banded, rng, axis=0, share=self.time, masks=self.time_masks)
