"""Sound to log-mel spectrograms, the features of speech recognition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo import checks
from rnnzoo.errors import ArgumentError, EmptyRowError, RowError
from rnnzoo.preprocessing.base import Preprocessing, Rows, Takes, pad
from rnnzoo.preprocessing.features import AXES, fit_scale
from rnnzoo.preprocessing.given_rows import check_training_rows
from rnnzoo.preprocessing.numeric_rows import read_numbers, to_float32

#: What is added to each energy before the logarithm.
FLOOR = 1e-6
#: The largest sample that is taken; full scale is 1.
LOUDEST = 2.0


class LogMelPreprocessing(Preprocessing):
    """Waveforms to scaled log-mel energies: one feature vector per frame.

    Frames of ``frame_length`` samples, one every ``frame_step`` samples, are weighted by a periodic Hann window and
    padded to ``fft_length``. Triangular filters, spaced evenly on the mel scale ``2595 log10(1 + f / 700)``, sum the
    power spectrum; the logarithm of each sum plus 1e-6 is scaled to mean 0 and deviation 1. Frames and filters are
    those of ``tf.signal.stft`` and ``tf.signal.linear_to_mel_weight_matrix``.

    Args:
        sample_rate: Samples per second.
        mean: The mean of each feature over the training frames; by default 0.
        scale: Its standard deviation; by default 1.
        frame_length: Samples in a frame; by default 25 ms.
        frame_step: Samples from one frame's start to the next; by default 10 ms.
        num_mels: Number of filters, the features.
        lower_hz: Where the first filter begins.
        upper_hz: Where the last filter ends; by default half the sample rate.

    Source:
        S. B. Davis and P. Mermelstein, Comparison of Parametric Representations for Monosyllabic Word Recognition
        (1980); the mel formula is that of the HTK Book.

    Example:
        >>> preprocessing = LogMelPreprocessing(8000, num_mels=20)
        >>> {name: array.shape for name, array in preprocessing.apply([np.zeros(8000)]).items()}
        {'features': (1, 98, 20), 'mask': (1, 98)}
    """

    kind: ClassVar[str] = "log_mel"
    takes: ClassVar[Takes] = "sound"

    def __init__(
        self,
        sample_rate: int,
        *,
        mean: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        frame_length: int | None = None,
        frame_step: int | None = None,
        num_mels: int = 40,
        lower_hz: float = 20.0,
        upper_hz: float | None = None,
    ) -> None:
        self.sample_rate = checks.integer("sample_rate", sample_rate, minimum=1)
        self.num_mels = checks.integer("num_mels", num_mels, minimum=1)
        self.frame_length = checks.integer(
            "frame_length", frame_length or max(2, round(0.025 * sample_rate)), minimum=2
        )
        self.frame_step = checks.integer(
            "frame_step", frame_step or max(1, round(0.010 * sample_rate)), minimum=1
        )
        self.lower_hz, self.upper_hz = (
            float(lower_hz),
            float(sample_rate / 2 if upper_hz is None else upper_hz),
        )
        if not 0 <= self.lower_hz < self.upper_hz <= sample_rate / 2:
            raise ArgumentError(
                f"lower_hz and upper_hz: received {lower_hz} and {upper_hz}; expected 0 <= lower < upper <= "
                f"{sample_rate / 2:g}, half the sample rate."
            )
        self.mean = np.asarray([0.0] * num_mels if mean is None else mean, np.float64)
        self.scale = np.asarray([1.0] * num_mels if scale is None else scale, np.float64)
        if not self.mean.shape == self.scale.shape == (num_mels,) or not (self.scale > 0).all():
            raise ArgumentError(
                f"mean and scale: received {self.mean.size} and {self.scale.size} values; expected {num_mels} each, "
                "scales above 0. Use fit()."
            )

    @classmethod
    def fit(cls, raw: Rows, *, sample_rate: int, **arguments: Any) -> LogMelPreprocessing:
        """Fits mean and scale on training waveforms; further arguments as in the class."""
        check_training_rows(raw, cls.takes)
        unscaled = cls(sample_rate, **arguments)
        frames = np.concatenate([unscaled.energies(row, number) for number, row in enumerate(raw)])
        mean, scale = fit_scale(frames)
        return cls(sample_rate, mean=mean.tolist(), scale=scale.tolist(), **arguments)

    @property
    def fft_length(self) -> int:
        """The length of the Fourier transform: the power of two not below ``frame_length``."""
        return 1 << (self.frame_length - 1).bit_length()

    @property
    def window(self) -> np.ndarray:
        """The periodic Hann window ``(frame_length,)``."""
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.frame_length) / self.frame_length)

    @property
    def filters(self) -> np.ndarray:
        """The weights of the mel filters ``(fft_length / 2 + 1, num_mels)``."""
        first, last = _mel(np.array([self.lower_hz, self.upper_hz])).tolist()
        edges = np.linspace(first, last, self.num_mels + 2)
        bins = _mel(np.linspace(0.0, self.sample_rate / 2, self.fft_length // 2 + 1))[:, None]
        rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
        fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
        weights: np.ndarray = np.maximum(0.0, np.minimum(rise, fall))
        weights[0] = 0.0  # the constant part of a sound is not heard
        return weights

    def num_frames(self, samples: int) -> int:
        """Returns how many whole frames so many samples have."""
        return max(0, 1 + (samples - self.frame_length) // self.frame_step)

    def energies(self, row: Any, number: int) -> np.ndarray:
        """Returns the unscaled log-mel energies ``(frames, num_mels)`` of the raw row with this number.

        Raises:
            DataError: If it is no waveform, or shorter than a frame.
        """
        samples = read_waveform(row, number)
        if not self.num_frames(len(samples)):
            raise EmptyRowError(
                number,
                f"received {len(samples)} samples; expected at least {self.frame_length}, one frame. Drop the row, or "
                "record longer.",
            )
        return self._frame_energies(samples)

    def _frame_energies(self, samples: np.ndarray) -> np.ndarray:
        cut = np.lib.stride_tricks.sliding_window_view(samples, self.frame_length)[:: self.frame_step]
        spectrum = np.fft.rfft(cut * self.window, self.fft_length)
        return np.asarray(np.log((spectrum.real**2 + spectrum.imag**2) @ self.filters + FLOOR))

    def features(self, samples: np.ndarray, number: int = 0) -> np.ndarray:
        """Returns the scaled features ``(frames, num_mels)`` of samples that ``read_waveform`` has read.

        Args:
            samples: At least ``frame_length`` of them.
            number: The row's number, for messages.
        """
        return to_float32((self._frame_energies(samples) - self.mean) / self.scale, number, AXES)

    def encode(self, raw: Rows) -> list[np.ndarray]:
        """Turns waveforms ``(samples,)`` into features ``(frames, num_mels)``.

        Floats are taken as they are, from -1 to 1 or up to 2 where a decoder overshoots; 16-bit integers are divided by
        32768.
        """
        return [
            to_float32((self.energies(row, number) - self.mean) / self.scale, number, AXES)
            for number, row in enumerate(raw)
        ]

    def batch(self, encoded: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Pads to ``features`` ``(batch, frames, num_mels)`` and ``mask`` ``(batch, frames)``."""
        features = pad(encoded, dtype=np.float32)
        lengths = np.array([len(row) for row in encoded], int)
        return {"features": features, "mask": np.arange(features.shape[1])[None] < lengths[:, None]}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The features and the mask."""
        return "features", "mask"

    @property
    def scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of each feature."""
        return self.mean, self.scale

    @property
    def model_arguments(self) -> dict[str, Any]:
        """The arguments of a builder that the inputs dictate."""
        return {"num_features": self.num_mels, "variable_length": True}

    def to_config(self) -> dict[str, Any]:
        """Returns all arguments."""
        return {
            "sample_rate": self.sample_rate,
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "num_mels": self.num_mels,
            "lower_hz": self.lower_hz,
            "upper_hz": self.upper_hz,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LogMelPreprocessing:
        """Makes it again."""
        return cls(**config)


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


def check_range(samples: np.ndarray, number: int) -> None:
    """Raises ``DataError`` for floats beyond full scale, and integers that are neither 16-bit nor a rounded wave.

    Decoders and resamplers overshoot full scale a little, so that twice as much is let through.
    """
    if samples.dtype.kind == "f" and samples.size and np.abs(samples).max() > LOUDEST:
        place = int(np.abs(samples).argmax())
        raise RowError(
            number,
            f"received {samples[place]} at sample {place}; expected floats from -1 to 1 ({LOUDEST:g} at most, where a "
            "decoder overshoots). Divide by the largest value of the recording's type, such as 32768.",
        )
    if (
        samples.dtype.kind in "iu"
        and samples.dtype != np.int16
        and samples.size
        and np.abs(samples).max() > 1
    ):
        raise RowError(
            number,
            f"received {samples.dtype} up to {np.abs(samples).max()}; expected floats from -1 to 1, or "
            "16-bit integers (np.int16). Divide by the largest value of the recording's type, such as 32768.",
        )


def read_waveform(row: Any, number: int) -> np.ndarray:
    """Returns the samples of a raw row with this number as float64, full scale being 1; ``DataError`` if it is none."""
    samples = read_numbers(
        row, number, ("sample",), otherwise="that is no waveform; expected numbers (samples,)."
    )
    if samples.ndim != 1:
        raise RowError(
            number, f"received shape {samples.shape}; expected (samples,). Pass one channel, or their mean."
        )
    if not np.isfinite(samples).all():
        place = int(np.argwhere(~np.isfinite(samples))[0][0])
        raise RowError(number, f"received {samples[place]} at sample {place}; expected finite numbers.")
    array = np.asarray(row)
    check_range(array, number)
    return samples / 32768.0 if array.dtype == np.int16 else samples
