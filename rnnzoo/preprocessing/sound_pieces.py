"""A sound that comes piece by piece, to the features of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo.errors import ArgumentError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing, read_waveform


class SoundPieces:
    """Cuts a sound into frames while it comes: what a frame lacks is kept until the next piece brings it.

    The frames are those of the whole sound, however it is cut.

    Args:
        preprocessing: What makes features of whole sounds, a ``LogMelPreprocessing``: ``splits.preprocessing`` of
            sounds, or that of a bundle.

    Raises:
        ArgumentError: If it is another.

    Example:
        >>> preprocessing = LogMelPreprocessing(8000, num_mels=20)
        >>> sound = np.sin(np.arange(1000))
        >>> pieces = SoundPieces(preprocessing)
        >>> [pieces.add(piece).shape for piece in (sound[:100], sound[100:700], sound[700:])]
        [(0, 20), (7, 20), (4, 20)]
        >>> preprocessing.apply([sound])["features"].shape
        (1, 11, 20)
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        if not isinstance(preprocessing, LogMelPreprocessing):
            raise ArgumentError(
                f"preprocessing: received {type(preprocessing).__name__}; expected LogMelPreprocessing. Pass that of a "
                "model that hears sounds."
            )
        self._preprocessing = preprocessing
        self._rest, self._skipped = np.zeros(0), 0

    def add(self, samples: Any) -> np.ndarray:
        """Returns the features ``(frames, num_mels)`` of the frames that a piece completes, often none.

        Args:
            samples: The next piece ``(samples,)``, of any length, as the preprocessing takes whole sounds.

        Raises:
            DataError: If it is no waveform; what came before is kept.
        """
        new = read_waveform(samples, 0)
        held = np.concatenate([self._rest, new[self._skipped :]])
        frames = self._preprocessing.num_frames(len(held))
        features = np.zeros((0, self._preprocessing.num_mels), np.float32)
        if frames:
            features = self._preprocessing.features(held)
        # Where frames leave gaps, the next one may begin in a piece that has not come.
        begins, left = frames * self._preprocessing.frame_step, max(0, self._skipped - len(new))
        self._rest, self._skipped = held[begins:].copy(), left + max(0, begins - len(held))
        return features
