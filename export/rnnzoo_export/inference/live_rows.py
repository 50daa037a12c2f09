"""Raw rows that come piece by piece: what a preprocessing makes of them step by step."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from rnnzoo.errors import DataError, RequestError
from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing
from rnnzoo.preprocessing.sound_pieces import SoundPieces
from rnnzoo_export.inference.validation import shorten


class LiveRow(ABC):
    """A raw row that comes piece by piece.

    Attributes:
        preprocessing: What encodes whole rows.
    """

    preprocessing: Preprocessing

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a piece is, as JSON has it: ``takes``, ``shape``, and ``binary``, the type of its numbers as bytes."""

    @abstractmethod
    def encoded(self, piece: Any) -> tuple[np.ndarray, LiveRow]:
        """Returns the steps of a piece, perhaps none, and the row with it; this one stays what it is.

        Raises:
            DataError: If the piece cannot be read.
        """

    def most_steps(self, count: int) -> int:
        """Returns how many steps so many values along the first axis complete at most."""
        return count

    def numbers(self, content: bytes) -> np.ndarray:
        """Returns a piece that was sent as bytes, in little-endian order; ``RequestError`` for a part of a step."""
        facts = self.facts
        dtype = np.dtype({"INT16": "<i2", "FP32": "<f4"}[facts["binary"]])
        of_step = [size for size in facts["shape"] if size is not None]
        if len(content) % (dtype.itemsize * int(np.prod(of_step))):
            raise RequestError(
                f"piece: received {len(content)} bytes; expected whole steps {shorten([-1, *of_step])} of "
                f"{facts['binary']}. Send no part of a step."
            )
        return np.frombuffer(content, dtype).astype(dtype.newbyteorder("=")).reshape(-1, *of_step)


class LiveSteps(LiveRow):
    """Steps that are scaled each by itself: of a series, or frames of a video."""

    preprocessing: FeaturePreprocessing | FramePreprocessing

    def __init__(self, preprocessing: FeaturePreprocessing | FramePreprocessing) -> None:
        self.preprocessing = preprocessing

    @property
    def facts(self) -> dict[str, Any]:
        """Series of so many features, or frames of a size."""
        if isinstance(self.preprocessing, FramePreprocessing):
            shape: list[int | None] = [None, *self.preprocessing.frame_shape]
        else:
            shape = [None, len(self.preprocessing.mean)]
        return {"takes": self.preprocessing.takes, "shape": shape, "binary": "FP32"}

    def encoded(self, piece: Any) -> tuple[np.ndarray, LiveRow]:
        """Scales the steps."""
        return self.preprocessing.encode_rows([piece])[0], self


class LiveSound(LiveRow):
    """Samples, which are cut into frames that overlap."""

    preprocessing: LogMelPreprocessing

    def __init__(self, preprocessing: LogMelPreprocessing) -> None:
        self.preprocessing = preprocessing
        self._pieces = SoundPieces(preprocessing)

    @property
    def facts(self) -> dict[str, Any]:
        """Samples of a rate."""
        rate = self.preprocessing.sample_rate
        return {"takes": "sound", "shape": [None], "binary": "INT16", "sample_rate": rate}

    def most_steps(self, count: int) -> int:
        """Returns how many frames so many samples complete at most."""
        return self.preprocessing.num_frames(count + self.preprocessing.frame_length)

    def encoded(self, piece: Any) -> tuple[np.ndarray, LiveRow]:
        """Cuts the samples; what a frame lacks is kept for the next piece."""
        after = copy.copy(self)
        after._pieces = copy.copy(self._pieces)
        return after._pieces.add(piece), after


def live_row(preprocessing: Preprocessing | None) -> LiveRow | None:
    """Returns the beginning of a row; ``None`` where its steps depend on each other, so that only tensors can come."""
    # A class of one's own may do more than the one that it stands on.
    if type(preprocessing) is LogMelPreprocessing:
        return LiveSound(preprocessing)
    if type(preprocessing) in (FeaturePreprocessing, FramePreprocessing):
        return LiveSteps(preprocessing)  # type: ignore[arg-type]
    return None


def encode_piece(row: LiveRow, piece: Any, most: int | None = None) -> tuple[np.ndarray, LiveRow]:
    """Returns the steps of a piece and the row with it.

    Args:
        row: What came before.
        piece: A list or an array.
        most: The most steps; ``None`` is any number.

    Raises:
        RequestError: If the piece cannot be read (status 400), or has too many steps (413).
    """
    steps = row.most_steps(len(piece)) if isinstance(piece, list | np.ndarray) else 0
    if most is not None and steps > most:
        raise RequestError(
            f"piece: received {len(piece)} values, up to {steps} steps; expected at most {most}. Cut it.",
            status=413,
        )
    try:
        return row.encoded(piece)
    except DataError as error:
        raise RequestError(f"piece: {str(error).removeprefix('row 0: ')}") from error
