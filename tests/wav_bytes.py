"""The bytes of WAV files."""

from __future__ import annotations

import io
import wave

import numpy as np

RATE = 8000
SAMPLES = np.array([0.0, 0.5, -1.0, 0.25])


def wav(content: bytes, *, width: int = 2, channels: int = 1, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(content)
    return buffer.getvalue()


def pcm16(samples: np.ndarray) -> bytes:
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
