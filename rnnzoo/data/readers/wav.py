"""WAV files: PCM and floats of every width, as numbers from -1 to 1."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from typing import IO

import numpy as np

from rnnzoo.errors import DataError

#: What messages advise.
CONVERT = "Convert it, e.g. with ffmpeg -i IN -ac 1 -c:a pcm_s16le OUT.wav."


@dataclass(frozen=True)
class Recording:
    """One sound.

    Attributes:
        name: The path of its file within the folder or archive, such as ``"recordings/7_theo_0.wav"``.
        samples: The waveform, float32 ``(samples,)`` from -1 to 1.
        sample_rate: Samples per second.
    """

    name: str
    samples: np.ndarray
    sample_rate: int


def read_wav(file: IO[bytes], name: str, *, where: str) -> tuple[Recording, int]:
    """Reads one WAV file; returns the recording and how many channels it had.

    Args:
        file: The open file.
        name: What the recording is called.
        where: What messages call it.

    Raises:
        DataError: If it is neither PCM nor floats, holds a number that is not finite, or is cut short.
    """
    from scipy.io import wavfile  # a machine that only serves has none

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", wavfile.WavFileWarning)
            warnings.filterwarnings("ignore", r"Chunk \(non-data\) not understood", wavfile.WavFileWarning)
            rate, values = wavfile.read(file)
    except wavfile.WavFileWarning as warning:
        raise DataError(f"{where}: cut short ({warning}). Fetch it again.") from warning
    except (ValueError, struct.error, EOFError, ZeroDivisionError) as error:
        raise DataError(
            f"{where}: not a WAV file of plain samples ({str(error).rstrip('.') or 'it ends early'}); expected 8, 16, "
            f"24 or 32 bit PCM, or floats. {CONVERT}"
        ) from error
    samples = _floats(values if values.ndim == 2 else values[:, np.newaxis])
    if not np.isfinite(samples).all():
        raise DataError(
            f"{where}: holds a sample that is not a finite number; expected numbers from -1 to 1. Record or "
            "write it again."
        )
    return Recording(name, samples.mean(axis=1).astype(np.float32), int(rate)), samples.shape[1]


def _floats(values: np.ndarray) -> np.ndarray:
    """Returns samples as numbers from -1 to 1: 8 bits are unsigned; 24 bits come as the upper three bytes of four."""
    if values.dtype == np.uint8:
        return (values.astype(np.float64) - 128) / 128
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return values / float(2 ** (8 * values.dtype.itemsize - 1))
