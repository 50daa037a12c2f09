"""Rows of sound: samples, and how many of them each row has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.errors import RequestError
from rnnzoo.preprocessing.base import Rows, pad
from rnnzoo.preprocessing.log_mel import check_range
from rnnzoo_export.inference.raw_tensors.base import RawTensors
from rnnzoo_export.signature import TensorSpec

_FULL_SCALE = np.float32(32768)


class SoundTensors(RawTensors):
    """``waveform`` ``(batch, samples)`` and ``lengths`` ``(batch,)`` in samples.

    Example:
        >>> sound = SoundTensors()
        >>> arrays = sound.arrays([np.array([0.5, 0.25]), np.array([16384], np.int16)])
        >>> arrays["waveform"].tolist(), arrays["lengths"].tolist()
        ([[0.5, 0.25], [0.5, 0.0]], [2, 1])
    """

    uncounted = frozenset({"waveform"})

    def __init__(self) -> None:
        self.inputs = (
            TensorSpec("waveform", "float32", (None, None), ("batch", "time")),
            TensorSpec("lengths", "int64", (None,), ("batch",)),
        )

    def arrays(self, raw: Rows) -> dict[str, np.ndarray]:
        """Returns waveforms padded with zeros, and their lengths."""
        rows = [np.asarray(row) for row in raw]
        for number, row in enumerate(rows):
            check_range(row, number)
        rows = [row / _FULL_SCALE if row.dtype == np.int16 else row for row in rows]
        return {
            "waveform": pad([row.astype(np.float32) for row in rows], dtype=np.float32),
            "lengths": np.array([len(row) for row in rows], np.int64),
        }

    def rows(self, arrays: Mapping[str, np.ndarray]) -> list[Any]:
        """Returns the samples of each row."""
        waveform, lengths = arrays["waveform"], arrays["lengths"]
        wrong = (lengths < 0) | (lengths > waveform.shape[1])
        if wrong.any():
            row = int(wrong.argmax())
            raise RequestError(
                f"lengths: received {lengths[row]} at batch {row}; expected 0 to {waveform.shape[1]}, the samples of "
                "waveform. Send the number of samples of each row."
            )
        return [row[:length] for row, length in zip(waveform, lengths, strict=True)]
